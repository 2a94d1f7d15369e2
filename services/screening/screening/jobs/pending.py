"""Comparing names that are due with every list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.jobs import step
from common.logs import log
from common.metrics import gauge
from common.web.peers import PeerUnavailable
from screening import checks, versions
from screening.account_index import AccountIndex
from screening.checks import Compared
from screening.models import Screening
from screening.names import read_names
from screening.providers import PersonName, Provider, ProviderUnavailable
from screening.providers.choosing import provider_of
from screening.versions import NoListInForce

FROM_OUTSIDE = 25
"""Names taken at once where an outside provider compares them."""


@gauge("portal_screenings_pending", "Names that wait for their comparison")
def screenings_pending(session: Session) -> int:
    """Requests for a comparison that is not done, whatever keeps it (S14)."""
    waiting = sa.select(sa.func.count()).where(Screening.next_try_at.is_not(None))
    return session.scalar(waiting) or 0


@step
def screen_pending(runtime: Any) -> int:
    """Compare the names that are due with every list in force; return how many were settled.

    Names are read and compared outside any transaction and held in memory alone. When identity
    does not answer, no list is in force or the provider fails, everybody stays pending: nothing is
    clear by default.
    Source: S14, S16, S18.
    """
    with runtime.transaction() as session:
        taken = checks.take(session, *portion(runtime.settings))
    if not taken:
        return 0
    try:
        provider = provider_of(runtime)
        names = read_names(runtime, [each.account_id for each in taken])
        compared = _compare(runtime, provider, names)
    except (NoListInForce, PeerUnavailable, ProviderUnavailable) as error:
        log.warning(
            "screening waits",
            step="screen_pending",
            error=type(error).__name__,
            count=len(taken),
        )
        wait = error.wait if isinstance(error, ProviderUnavailable) else timedelta()
        with runtime.transaction() as session:
            checks.postpone(session, taken, wait)
        return 0
    with runtime.transaction() as session:
        versions.lock_lists(session, shared=True)
        if provider.is_current(session):
            checks.settle(session, taken, compared, provider)
        else:
            checks.release(session, taken)
            return len(taken)
    if runtime.settings.provider == "local":
        index = runtime.resource(AccountIndex)
        for account_id, name in names.items():
            index.put(account_id, name, compared[account_id].name_digest)
    return len(taken)


def portion(settings: Any) -> tuple[int, timedelta]:
    """How many names to take, and for how long; one may be asked for at a time elsewhere."""
    if settings.provider == "local":
        return checks.BATCH, checks.LEASE
    longest = timedelta(seconds=settings.provider_timeout)
    return FROM_OUTSIDE, checks.LEASE + 2 * FROM_OUTSIDE * longest


def _compare(
    runtime: Any, provider: Provider, names: dict[UUID, PersonName]
) -> dict[UUID, Compared]:
    answers = provider.compare(list(names.values()))
    return {
        account_id: Compared(checks.digest(runtime, name), answer)
        for (account_id, name), answer in zip(names.items(), answers, strict=True)
    }
