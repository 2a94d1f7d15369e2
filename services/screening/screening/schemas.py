"""What is asked of screening and what it answers."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web import Page
from common.web.schemas import Answer, Instant, Request
from screening.rules import OPEN, Reason, Ruling, Status


class ListVersionView(Answer):
    """One version of a list and when it was in force (S22)."""

    list_id = fields.String()
    version = fields.String()
    published_on = fields.Date(allow_none=True)
    checksum = fields.String()
    entries = fields.Integer()
    people = fields.Integer()
    imported_at = Instant()
    in_force_from = Instant()
    in_force_to = Instant(allow_none=True)


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


class MatchView(Answer):
    """A listed person whom the name may mean, and what was last decided about the two."""

    list_id = fields.String()
    entry_id = fields.String()
    matched_name = fields.String()
    score = fields.Float()
    outcome = fields.String()
    explanation = fields.String()
    decision = fields.Enum(Ruling, by_value=True, allow_none=True)


class DecisionView(Answer):
    """What somebody decided about a match."""

    list_id = fields.String()
    entry_id = fields.String()
    outcome = fields.Enum(Ruling, by_value=True)
    reason = fields.Enum(Reason, by_value=True)
    decided_by = fields.UUID()
    decided_at = Instant()


class ScreeningView(ScreeningLine):
    """A screening as compliance sees it (S17)."""

    matches = fields.List(fields.Nested(MatchView))
    decisions = fields.List(fields.Nested(DecisionView))


class NewDecision(Request):
    """What compliance decides about all present matches of a name (S17)."""

    outcome = fields.Enum(Ruling, by_value=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)


class ListsUsedQuery(Request):
    """For when; now if it is left out."""

    at = Instant(load_default=None)


class ListsUsedView(Answer):
    """The lists a name was last compared with until an instant, and on what ground (S20, S22)."""

    account_id = fields.UUID()
    at = Instant()
    checked_at = Instant()
    lists = fields.List(fields.Nested(ListVersionView))
    balancing_test = fields.String(allow_none=True)
    provider_contract = fields.String(allow_none=True)
