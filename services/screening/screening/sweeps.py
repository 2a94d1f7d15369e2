"""Sweeps: everybody compared with everything once more, so that nothing missed stays missed.

A sweep only asks; whoever compares names that are due answers. So it goes on after a crash where it
was, whatever number of workers there are, and asks for nobody twice.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.orm import Session

from common.clock import now
from common.logs import log
from screening import coverage
from screening.models import Screening, Sweep
from screening.rules.comparisons import Found
from screening.rules.states import Occasion

DRIFT = Counter(
    "portal_screening_drift_total", "Screenings that a sweep found to be other than they stood"
)


def start(session: Session, compared_with: str | None) -> bool:
    """Start a sweep, if none is under way; return whether it was started.

    compared_with: method and lists; whoever was compared so already is left out.
    """
    if session.scalar(_under_way()) is not None:
        return False
    at = now(session)
    session.add(Sweep(compared_with=compared_with, started_at=at, not_before=at))
    return True


def due(session: Session) -> Sweep | None:
    """The sweep whose next portion is due, locked; None when another worker has it."""
    sweep = session.scalar(_under_way().with_for_update(skip_locked=True))
    return sweep if sweep and sweep.not_before <= now(session) else None


def left(sweep: Sweep, at_most: int) -> sa.Select[UUID]:
    """Name accounts that a sweep has still to ask for."""
    other = Screening.compared_with.is_distinct_from(sweep.compared_with)
    return (
        sa.select(Screening.account_id)
        .where(Screening.requested_at < sweep.started_at, Screening.next_try_at.is_(None))
        .where(other if sweep.compared_with else sa.true(), coverage.wanted())
        .order_by(Screening.requested_at)
        .limit(at_most)
    )


def waiting(session: Session) -> int:
    """How many names that a sweep asked for are still to be compared."""
    asked = sa.select(sa.func.count()).where(
        Screening.next_try_at.is_not(None), Screening.occasion == Occasion.SWEEP
    )
    return session.scalar(asked) or 0


def pause(session: Session, sweep: Sweep, asked: int, per_minute: int) -> None:
    """Let as much time pass before the next portion as this one may take."""
    if per_minute:
        sweep.not_before = now(session) + timedelta(minutes=asked / per_minute)


def count(session: Session, compared: int, drifted: int) -> None:
    """Add to the sweep under way what was compared for it, and what was not as it should be."""
    session.execute(
        sa.update(Sweep)
        .where(Sweep.finished_at.is_(None))
        .values(compared=Sweep.compared + compared, drifted=Sweep.drifted + drifted)
    )


def alarm(account_id: UUID, stored: Collection[Found], found: Collection[Found]) -> None:
    """Say that a screening stood otherwise than it should have; no name, no entry."""
    DRIFT.inc()
    log.error("screening drift", account_id=str(account_id), matches=len(stored), found=len(found))


def last(session: Session) -> Sweep | None:
    """The newest sweep, under way or finished."""
    return session.scalar(sa.select(Sweep).order_by(Sweep.id.desc()).limit(1))


def _under_way() -> sa.Select[Sweep]:
    return sa.select(Sweep).where(Sweep.finished_at.is_(None)).order_by(Sweep.id).limit(1)
