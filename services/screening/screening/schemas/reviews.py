"""What compliance proposes, decides and has decided."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web.schemas import Answer, Instant, Line, Request
from screening.rules.reviews import Reason
from screening.rules.states import Ruling


class EntryNamed(Request):
    """A list entry that matches."""

    list_id = Line(80, required=True)
    entry_id = Line(500, required=True)


class NewDecision(Request):
    """What compliance decides about matches of a name; about all open ones without `entries`."""

    outcome = fields.Enum(Ruling, by_value=True, required=True)
    reason = fields.Enum(Reason, by_value=True, required=True)
    entries = fields.List(
        fields.Nested(EntryNamed), load_default=None, validate=validate.Length(1, 1000)
    )


class MatchView(Answer):
    """A listed person whom the name may mean, and what was last decided about the two."""

    list_id = fields.String()
    entry_id = fields.String()
    matched_name = fields.String()
    score = fields.Float()
    outcome = fields.String()
    explanation = fields.String()
    decision = fields.Enum(Ruling, by_value=True, allow_none=True)


class EntryView(Answer):
    """A list entry."""

    list_id = fields.String()
    entry_id = fields.String()


class ProposalView(Answer):
    """What waits for a second person. lapsed: an entry or the name is another by now."""

    outcome = fields.Enum(Ruling, by_value=True)
    reason = fields.Enum(Reason, by_value=True)
    entries = fields.List(fields.Nested(EntryView))
    proposed_by = fields.UUID()
    proposed_at = Instant()
    lapsed = fields.Boolean()


class DecisionView(EntryView):
    """What was decided about a match. proposed_by: where it took a second person."""

    outcome = fields.Enum(Ruling, by_value=True)
    reason = fields.Enum(Reason, by_value=True)
    proposed_by = fields.UUID(allow_none=True)
    proposed_at = Instant(allow_none=True)
    decided_by = fields.UUID()
    decided_at = Instant()
