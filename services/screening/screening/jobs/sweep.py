"""Sweeps: everybody compared in full, beside what changes lead to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from common.clock import now
from common.jobs import job, step
from common.messaging import wake_worker
from screening import checks, sweeps
from screening.models import Screening
from screening.providers import LocalProvider
from screening.providers.choosing import provider_of
from screening.rules.states import Occasion
from screening.versions import NoListInForce

EVERY = timedelta(days=7)


@job(every="P1D")
def sweep(runtime: Any) -> int:
    """Start a sweep of everybody a week after the last one; return whether it was started.

    Lists that an outside provider keeps change unseen: then it is every day.
    Source: S18.
    """
    try:
        provider = provider_of(runtime)
    except NoListInForce:
        return 0
    key = None
    if isinstance(provider, LocalProvider):
        key = checks.method_and_lists(provider.method, provider.codes)
    with runtime.transaction() as session:
        last = sweeps.last(session)
        if key and last and now(session) - last.started_at < EVERY:
            return 0
        wake_worker(session)
        return int(sweeps.start(session, key))


@step
def sweep_on(runtime: Any) -> int:
    """Ask for the next portion of a sweep; return of how many accounts.

    Never so many that new and renamed people wait for them. Source: S18.
    """
    per_minute = runtime.settings.sweep_per_minute
    with runtime.transaction() as session:
        under_way = sweeps.due(session)
        if under_way is None:
            return 0
        waiting = sweeps.waiting(session)
        if waiting >= checks.BATCH:
            return 0
        portion = min(checks.BATCH, per_minute or checks.BATCH)
        left = session.scalars(sweeps.left(under_way, portion)).all()
        if not left and not waiting:
            under_way.finished_at = now(session)
        asked = checks.ask_all(
            session,
            Occasion.SWEEP,
            Screening.account_id.in_(left),
            Screening.next_try_at.is_(None),
        )
        sweeps.pause(session, under_way, asked, per_minute)
        return asked
