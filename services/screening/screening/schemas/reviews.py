"""What compliance decides and has decided."""

from __future__ import annotations

from marshmallow import fields

from common.web.schemas import Answer, Instant, Request
from screening.rules.reviews import Reason
from screening.rules.states import Ruling


class NewDecision(Request):
    """What compliance decides about all present matches of a name (S17)."""

    outcome = fields.Enum(Ruling, by_value=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)


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
