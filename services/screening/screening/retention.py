"""What screening keeps and how long: the status follows the account (S19, S26).

A year after deactivation identity asks for erasure; until then nothing goes by itself. The
inventory of lists (S22) names nobody of ours and stays.
"""

from __future__ import annotations

import sqlalchemy as sa

from common.privacy.erasure import Erasure
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
    theirs = person.account_id
    person.session.get(Screening, theirs, with_for_update=True)  # a comparison may be writing
    for model in (
        ScreeningMatch, Decision, ProposedEntry, Proposal, Objection, ScreeningRun, Screening
    ):  # fmt: skip
        person.delete(model, model.account_id == theirs)
    for model, *acted in (
        (Decision, Decision.proposed_by, Decision.decided_by),
        (Proposal, Proposal.proposed_by),
        (Objection, Objection.received_by, Objection.answered_by),
    ):
        by_them = sa.or_(*(column == theirs for column in acted))
        person.keep(model, by_them, reason=Ground.ACCOUNTABILITY)
