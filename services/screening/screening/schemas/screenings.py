"""Screenings, as compliance sees them."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web import Page
from common.web.schemas import Answer, Instant
from screening.rules.states import OPEN, Status
from screening.schemas.reviews import DecisionView, MatchView, ProposalView


class WorklistQuery(Page):
    """Which screenings: those to review, the hits, or both; with or without a proposal."""

    cursor = fields.String(load_default=None, validate=validate.Regexp(r"^[A-Za-z0-9_-]{44}$"))
    verdict = fields.String(validate=validate.OneOf(OPEN), load_default=None)
    proposed = fields.Boolean(
        truthy={"true"}, falsy={"false"}, load_default=None,
        metadata={"description": "Whether a proposal waits for a second person."},
    )  # fmt: skip


class ScreeningLine(Answer):
    """Where one person's screening stands.

    score: the highest that nobody has cleared. verdict_at: since when the verdict stands.
    proposed: a proposal waits for a second person. objection_open: the person has asked that people
    look at it (art. 22(3)).
    """

    account_id = fields.UUID()
    verdict = fields.Enum(Status, by_value=True)
    verdict_at = Instant(allow_none=True)
    score = fields.Float()
    pending = fields.Boolean()
    proposed = fields.Boolean()
    objection_open = fields.Boolean()
    requested_at = Instant()
    checked_at = Instant(allow_none=True)
    list_versions = fields.List(fields.String())


class ScreeningView(ScreeningLine):
    """A screening as compliance sees it (S17)."""

    matches = fields.List(fields.Nested(MatchView))
    proposal = fields.Nested(ProposalView, allow_none=True)
    decisions = fields.List(fields.Nested(DecisionView))
