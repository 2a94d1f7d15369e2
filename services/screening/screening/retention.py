"""What screening keeps and how long: the status follows the account (S19, S26).

A year after deactivation identity asks for erasure; until then nothing goes by itself. The
inventory of lists (S22) names nobody of ours and stays.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from common.privacy.erasure import PERSON, Erasure
from common.privacy.grounds import Ground
from common.privacy.retention import Rule, Start
from screening.models import (
    Decision,
    Objection,
    Proposal,
    ProposedEntry,
    Screening,
    ScreeningMatch,
    ScreeningRun,
)

RULES = (
    Rule(
        record_class="screening",
        period=None,
        follows="account",
        start=Start.END_OF_RELATION,
        source="S19",
        reason="The status goes with the account: no access without a check, no check without one.",
    ),
)


def erase(person: Erasure) -> None:
    """Delete status, matches, decisions, objections and history of a person.

    What a colleague proposed, decided or answered about others stays, with the id that names nobody
    any more. Source: S17, S19, S26.
    """
    person.session.get(Screening, person.account_id, with_for_update=True)  # one may be compared
    for model, theirs in _THEIRS.items():
        person.delete(model, theirs)
    for model, by_them in _BY_THEM.items():
        person.keep(model, by_them, reason=Ground.ACCOUNTABILITY)


_THEIRS: dict[Any, Any] = {
    model: model.account_id == PERSON
    for model in (
        ScreeningMatch, Decision, ProposedEntry, Proposal, Objection, ScreeningRun, Screening
    )
}  # fmt: skip
_BY_THEM: dict[Any, Any] = {
    Decision: sa.or_(Decision.proposed_by == PERSON, Decision.decided_by == PERSON),
    Proposal: Proposal.proposed_by == PERSON,
    Objection: sa.or_(Objection.received_by == PERSON, Objection.answered_by == PERSON),
}
