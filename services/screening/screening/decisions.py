"""Decisions of compliance about what matched: by one person, or proposed by one to another.

Whoever changes something holds the screening's row locked, so that of two who act at once the
second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from common.clock import now
from common.refusals import next_state
from screening import outcomes, proposals
from screening.models import Decision, Screening
from screening.rules.comparisons import EntryKey, Found, judge
from screening.rules.reviews import (
    ProposalLapsed,
    ProposalOpen,
    Reason,
    matches_meant,
    people_needed,
    require_second_person,
    require_settled_name,
)
from screening.rules.states import TRANSITIONS, Ruling


def decide(
    session: Session,
    screening: Screening,
    ruling: Ruling,
    reason: Reason,
    by: UUID,
    named: Collection[tuple[str, str]] | None = None,
) -> bool:
    """Rule about matches, or propose it where it takes a second person; True if it holds.

    named: list and entry of the matches meant; without it, all that are open. A decision holds for
    these entries and this name as they are.
    Raises NothingToDecide, ProposalOpen, NameChanging. Source: S17, art. 22.
    """
    require_settled_name(screening.occasion, pending=screening.pending)
    if proposals.is_waiting(session, screening.account_id):
        raise ProposalOpen("Have it approved, or withdraw it first.")
    proposals.drop(session, screening.account_id)
    found, decided = known(session, screening)
    meant = matches_meant(found, decided, named)
    if people_needed(meant, decided, ruling) > 1:
        proposals.enter(session, screening, meant, ruling, reason, by)
        _make_stale(screening)
        return False
    _rule(session, screening, meant, outcome=ruling, reason=reason, decided_by=by)
    return True


def approve(session: Session, screening: Screening, by: UUID) -> Ruling:
    """Let a proposal hold, as a second person; return what was ruled.

    Raises NothingProposed, OwnProposal, ProposalLapsed, NameChanging. Source: S17, art. 22.
    """
    proposal = proposals.of(session, screening.account_id)
    require_second_person(proposal.proposed_by, by)
    require_settled_name(screening.occasion, pending=screening.pending)
    if not proposals.is_waiting(session, screening.account_id):
        raise ProposalLapsed("An entry or the name has changed: look again, and propose anew.")
    covered = proposals.covered(session, screening.account_id)
    meant = [each for each in known(session, screening)[0] if each.key in covered]
    ruling = proposal.outcome
    ruled = {
        "outcome": ruling,
        "reason": proposal.reason,
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at,
        "decided_by": by,
    }
    proposals.drop(session, screening.account_id)
    _rule(session, screening, meant, **ruled)
    return ruling


def withdraw(session: Session, screening: Screening) -> UUID:
    """Take a proposal back, lapsed or not; return who made it. Raises NothingProposed."""
    proposed_by = proposals.of(session, screening.account_id).proposed_by
    proposals.drop(session, screening.account_id)
    _make_stale(screening)
    return proposed_by


def known(session: Session, screening: Screening) -> tuple[list[Found], dict[EntryKey, Ruling]]:
    """What matches a person's name, the highest score first, and what was ruled about it."""
    theirs = screening.account_id
    found = outcomes.found_before(session, [theirs]).get(theirs, [])
    found.sort(key=lambda each: (-each.score, each.entry))
    decided = outcomes.rulings(session, [theirs]).get((theirs, screening.name_digest or ""), {})
    return found, decided


def _rule(session: Session, screening: Screening, meant: Iterable[Found], **ruled: Any) -> None:
    """Enter what was ruled about each match, and let the verdict follow from all of them."""
    session.add_all(
        Decision(
            account_id=screening.account_id,
            list_id=each.list_id,
            entry_id=each.entry_id,
            entry_fingerprint=each.entry_fingerprint,
            name_digest=screening.name_digest or "",
            decided_at=now(session),
            **ruled,
        )
        for each in meant
    )
    session.flush()
    trigger, screening.score = judge(*known(session, screening))
    outcomes.move(session, screening, next_state(TRANSITIONS, screening.verdict, trigger))
    _make_stale(screening)


def _make_stale(screening: Screening) -> None:
    """Give it another version, whatever changed: nobody acts on what they saw before."""
    flag_modified(screening, "verdict")
