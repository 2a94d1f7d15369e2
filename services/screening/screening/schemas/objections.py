"""Objections, as the person and the office see them."""

from __future__ import annotations

from marshmallow import fields

from common.web.schemas import Answer, Instant, Request
from screening.rules.objections import AnswerReason, Ground, ObjectionState, Outcome


class NewObjection(Request):
    """What somebody objects to: the comparison (21(1)), or a block made by a machine (22(3))."""

    ground = fields.Enum(Ground, by_value=True, required=True)


class NewAnswer(Request):
    """How an objection is answered, and why."""

    outcome = fields.Enum(Outcome, by_value=True, required=True)
    reason = fields.Enum(AnswerReason, by_value=True, required=True)


class ObjectionView(Answer):
    """An objection, as the person sees it; nothing of what matched."""

    id = fields.UUID()
    ground = fields.Enum(Ground, by_value=True)
    state = fields.Enum(ObjectionState, by_value=True)
    received_at = Instant()
    due_on = fields.Date()
    answered_at = Instant(allow_none=True)
    balancing_test = fields.String(allow_none=True)


class ObjectionInFull(ObjectionView):
    """An objection, as compliance and the data protection officer see it."""

    account_id = fields.UUID()
    received_by = fields.UUID()
    overdue = fields.Boolean()
    reason = fields.Enum(AnswerReason, by_value=True, allow_none=True)
    answered_by = fields.UUID(allow_none=True)
    version = fields.Integer()
