"""Requests of people who use their rights."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web import Page
from common.web.schemas import Answer, Instant, Language, Paragraphs, Request
from identity.rules.rights import ExtensionReason, RefusalGround, RequestState, Right
from identity.schemas.fields import Email

OVERDUE = "overdue"
"""Open, and to be answered before today."""


class NewRightsRequest(Request):
    """What somebody asks for; words: what it is about, if that helps."""

    right = fields.Enum(Right, by_value=True, required=True)
    words = Paragraphs(2000, load_default=None, validate=validate.Length(1, 2000))


class OutsideRequest(NewRightsRequest):
    """A request of somebody who does not sign in; the address is where the answer goes."""

    email = Email(required=True, attribute="address")
    language = Language(required=True)


class RightsRequestsAsked(Page):
    """Which requests to list: those in a state, or those that are overdue."""

    state = fields.String(load_default=None, validate=validate.OneOf((*RequestState, OVERDUE)))


class Extension(Request):
    """Why it takes two months more."""

    reason = fields.Enum(ExtensionReason, by_value=True, required=True)


class RightsReply(Request):
    """What was done, as the person reads it."""

    text = Paragraphs(4000, required=True, validate=validate.Length(1, 4000))


class RightsRefusal(Request):
    """Why it is not acted on; text: what there is to say beside the ground."""

    ground = fields.Enum(RefusalGround, by_value=True, required=True)
    text = Paragraphs(4000, load_default=None, validate=validate.Length(1, 4000))


class RightsRequestView(Answer):
    """A request as its person sees it."""

    id = fields.UUID()
    right = fields.Enum(Right, by_value=True)
    state = fields.Enum(RequestState, by_value=True)
    words = fields.String(allow_none=True)
    received_at = Instant()
    due_on = fields.Date()
    overdue = fields.Boolean()
    extended_at = Instant(allow_none=True)
    extended_because = fields.String(allow_none=True)
    closed_at = Instant(allow_none=True)
    refusal_ground = fields.Enum(RefusalGround, by_value=True, allow_none=True)
    refused_because = fields.String(allow_none=True)
    reply = fields.String(allow_none=True)
    version = fields.Integer()


class RightsRequestAtDesk(RightsRequestView):
    """A request as the data protection officer sees it."""

    account_id = fields.UUID(allow_none=True)
    address = fields.String(allow_none=True)
    language = fields.String()
    handled_by = fields.UUID(allow_none=True)
