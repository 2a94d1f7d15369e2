"""Screenings, as compliance sees them."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web import Page
from common.web.schemas import Answer, Instant
from screening.rules.states import OPEN, Status
from screening.schemas.reviews import DecisionView, MatchView


class WorklistQuery(Page):
    """Which screenings: those to review, the hits, or both."""

    cursor = fields.String(load_default=None, validate=validate.Regexp(r"^[A-Za-z0-9_-]{32}$"))
    verdict = fields.String(validate=validate.OneOf(OPEN), load_default=None)


class ScreeningLine(Answer):
    """Where one person's screening stands. score: the highest that nobody has cleared."""

    account_id = fields.UUID()
    verdict = fields.Enum(Status, by_value=True)
    score = fields.Float()
    pending = fields.Boolean()
    requested_at = Instant()
    checked_at = Instant(allow_none=True)
    list_versions = fields.List(fields.String())


class ScreeningView(ScreeningLine):
    """A screening as compliance sees it (S17)."""

    matches = fields.List(fields.Nested(MatchView))
    decisions = fields.List(fields.Nested(DecisionView))
