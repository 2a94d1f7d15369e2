"""Work that no request and no event does: steps run all the time, jobs at intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now, seconds
from common.messaging import inbox
from common.messaging.outbox import OutboxRow
from common.metrics import gauge
from common.privacy import chain, restores, sweeps

Work = Callable[[Any], int]
W = TypeVar("W", bound=Work)


@dataclass(frozen=True)
class Job:
    """Work that is due at intervals: by a CronJob, or by the scheduler of an embedded estate."""

    name: str
    every: timedelta
    run: Work


def step(function: W) -> W:
    """Mark work `(runtime) -> how much was done` that the worker repeats until there is none."""
    function.__step__ = True  # type: ignore[attr-defined]
    return function


def job(*, every: str) -> Callable[[W], W]:
    """Mark work that is due every so often (ISO 8601 duration)."""

    def mark(function: W) -> W:
        function.__every__ = timedelta(seconds=seconds(every))  # type: ignore[attr-defined]
        return function

    return mark


@gauge("portal_outbox_oldest_age_seconds", "How long the oldest row of the outbox waits")
def outbox_age(session: Session) -> float:
    """Seconds since the oldest event that the broker has not confirmed was published."""
    oldest = session.scalar(sa.select(OutboxRow.event_id).order_by(OutboxRow.id).limit(1))
    made = (oldest.int >> 80) / 1000 if oldest else 0.0  # an UUIDv7 begins with its instant
    return max(0.0, now(session).timestamp() - made) if oldest else 0.0


@gauge("portal_audit_head_age_seconds", "How long an entry waits that no published head covers")
def audit_head_age(session: Session) -> float:
    """Seconds since the oldest entry was written that other services cannot vouch for yet."""
    oldest = chain.oldest_unanchored(session)
    return max(0.0, (now(session) - oldest).total_seconds()) if oldest else 0.0


@gauge("portal_retention_due", "Rows that the last sweeps found due and left, for whatever reason")
def retention_due(session: Session) -> int:
    """Held ones, conflicts, and what another reason keeps."""
    return sum(each.looked_at - each.erased for each in sweeps.last_of_each_table(session))


@gauge("portal_retention_held", "Rows that the last sweeps left because of a legal hold")
def retention_held(session: Session) -> int:
    """Rows under a hold."""
    return sum(each.held for each in sweeps.last_of_each_table(session))


@gauge("portal_retention_conflicts", "Rows whose minimum outlasts their maximum")
def retention_conflicts(session: Session) -> int:
    """Rows that two rules contradict each other about."""
    return sum(each.conflicts for each in sweeps.last_of_each_table(session))


@gauge("portal_retention_sweep_age_seconds", "Since the table was swept that waits longest")
def retention_sweep_age(session: Session) -> float:
    """Seconds; 0 before the first sweep was through."""
    ended = [each.ended_at for each in sweeps.last_of_each_table(session) if each.ended_at]
    return max(0.0, (now(session) - min(ended)).total_seconds()) if ended else 0.0


def jobs_of(*modules: ModuleType | Any) -> dict[str, Job]:
    """Jobs marked in these modules, by the name a CronJob calls them."""
    marked = [each for module in modules for each in vars(module).values()]
    return {
        each.__name__.replace("_", "-"): Job(each.__name__.replace("_", "-"), each.__every__, each)
        for each in marked
        if hasattr(each, "__every__")
    }


def steps_of(*modules: ModuleType) -> tuple[Work, ...]:
    """Steps marked in these modules, in the order written."""
    return tuple(
        each for module in modules for each in vars(module).values() if hasattr(each, "__step__")
    )


@job(every="P1D")
def forget_handled_events(runtime: Any) -> int:
    """Forget events that can not come again."""
    with runtime.transaction() as session:
        return inbox.purge(session)


@job(every="P1D")
def sweep_retention(runtime: Any) -> int:
    """Erase whatever its retention rule says is due (S26, S64, S67, S81)."""
    return sweeps.sweep(runtime)


@job(every="P1D")
def erase_what_was_forgotten(runtime: Any) -> int:
    """Carry out erasures that others know of and this database does not: it may be a restored one.

    Source: S26.
    """
    return restores.erase_again(runtime)


@step
def sweep_after_release(runtime: Any) -> int:
    """Erase what a legal hold held back, once it is released."""
    return sweeps.sweep_after_release(runtime)


@step
def seal_audit(runtime: Any) -> int:
    """Number and hash what was added to the audit."""
    return chain.seal(runtime)


@job(every="PT1H")
def anchor_audit(runtime: Any) -> int:
    """Tell the other services where the audit ends, so that it cannot be cut unseen."""
    return chain.anchor(runtime)
