"""Proposals: what one person of compliance wants to decide and a second one must approve."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from screening.models import Proposal, ProposedEntry, Screening, ScreeningMatch
from screening.rules.comparisons import EntryKey, Found
from screening.rules.reviews import NothingProposed, Reason
from screening.rules.states import Ruling


def enter(
    session: Session,
    screening: Screening,
    meant: Iterable[Found],
    ruling: Ruling,
    reason: Reason,
    by: UUID,
) -> None:
    """Enter a proposal for exactly these matches and this name."""
    proposal = Proposal(
        account_id=screening.account_id,
        name_digest=screening.name_digest or "",
        outcome=ruling,
        reason=reason,
        proposed_by=by,
        proposed_at=now(session),
    )
    session.add(proposal)
    session.flush()
    session.add_all(
        ProposedEntry(
            account_id=screening.account_id,
            list_id=each.list_id,
            entry_id=each.entry_id,
            entry_fingerprint=each.entry_fingerprint,
        )
        for each in meant
    )


def of(session: Session, account_id: UUID) -> Proposal:
    """The proposal about a person, lapsed or not; raises NothingProposed."""
    proposal = session.get(Proposal, account_id)
    if proposal is None:
        raise NothingProposed("Nobody has proposed a decision, or it was withdrawn.")
    return proposal


def drop(session: Session, account_id: UUID) -> None:
    """Forget the proposal about a person, if there is one."""
    for model in (ProposedEntry, Proposal):
        session.execute(sa.delete(model).where(model.account_id == account_id))


def entries(session: Session, account_id: UUID) -> list[ProposedEntry]:
    """The entries that the proposal about a person is for."""
    rows = sa.select(ProposedEntry).where(ProposedEntry.account_id == account_id)
    ordered = rows.order_by(ProposedEntry.list_id, ProposedEntry.entry_id)
    return list(session.scalars(ordered))


def covered(session: Session, account_id: UUID) -> set[EntryKey]:
    """The same entries, as they were seen."""
    return {
        (each.list_id, each.entry_id, each.entry_fingerprint)
        for each in entries(session, account_id)
    }


def waiting() -> sa.ColumnElement[bool]:
    """Whether a proposal waits for a second person: each entry and the name are still the same.

    A condition on screenings; a proposal that does not fulfil it has lapsed.
    """
    same = sa.select(ScreeningMatch.account_id).where(
        ScreeningMatch.account_id == ProposedEntry.account_id,
        ScreeningMatch.list_id == ProposedEntry.list_id,
        ScreeningMatch.entry_id == ProposedEntry.entry_id,
        ScreeningMatch.entry_fingerprint == ProposedEntry.entry_fingerprint,
    )
    changed = sa.select(ProposedEntry.account_id).where(
        ProposedEntry.account_id == Proposal.account_id, ~same.exists()
    )
    proposals = sa.select(Proposal.account_id).where(
        Proposal.account_id == Screening.account_id,
        Proposal.name_digest == Screening.name_digest,
        ~changed.exists(),
    )
    return proposals.exists()


def is_waiting(session: Session, account_id: UUID) -> bool:
    """Whether a proposal about this person waits for a second one."""
    rows = sa.select(Screening.account_id).where(Screening.account_id == account_id, waiting())
    return session.scalar(rows) is not None
