"""What recipients of people's data are to do."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web import Page
from common.web.schemas import Answer, Instant, Line, Request
from identity.models import NoticedAct, RecipientKind


class RecipientNoticesAsked(Page):
    """Which notices to list; open: those that no recipient has confirmed."""

    state = fields.String(load_default=None, validate=validate.OneOf(("open", "confirmed")))


class Confirmations(Request):
    """Whose notices are confirmed, and those of until when."""

    recipient = Line(200, required=True)
    until = fields.AwareDateTime(required=True)


class Confirmed(Answer):
    """How many notices were confirmed."""

    confirmed = fields.Integer()


class RecipientNoticeView(Answer):
    """One notice."""

    id = fields.UUID()
    kind = fields.Enum(RecipientKind, by_value=True)
    recipient = fields.String()
    account_id = fields.UUID()
    act = fields.Enum(NoticedAct, by_value=True)
    arose_at = Instant()
    due_on = fields.Date()
    confirmed_at = Instant(allow_none=True)
    version = fields.Integer()
