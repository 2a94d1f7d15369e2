"""Latency: from identity's commit of an event to the shop's commit of what followed from it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from common.events.catalogue import AccountActivated
from common.ids import uuid7
from common.messaging import publish
from common.service import Runtime
from common.web.standing import AccountStanding
from tests.bench.estate import Estate, running, until
from tests.bench.load import RATE, Load
from tests.bench.report import milliseconds

IDLE_EVENTS, IDLE_SPACING = 200, 0.05
BUSY_EVENTS, BUSY_SPACING = 400, 0.05
AIM_P50_MS, AIM_P99_MS = 10, 50


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Measure on an idle estate, then under load: identity's and the shop's workers are processes.

    Both instants are PostgreSQL's own commit timestamps, so nothing is polled and nothing between
    the two commits is slowed by the measuring; needs `track_commit_timestamp`.
    """
    processes = ("identity", "worker"), ("shop", "worker")
    with running(folder, postgres_url, rabbit_url, *processes) as estate:
        _measured(estate, 20, IDLE_SPACING)  # connections, queues, first statements
        idle = milliseconds(_measured(estate, IDLE_EVENTS, IDLE_SPACING))
        with Load(estate.environment, seconds=45) as load:
            busy = milliseconds(_measured(estate, BUSY_EVENTS, BUSY_SPACING))
    return {
        "what": "latency: commit in identity to commit in the shop, through two worker processes",
        "idle": idle,
        f"with_{RATE}_events_per_second": busy,
        "load": load.found,
        "measured": (
            f"idle p50 {idle['p50_ms']} ms, p99 {idle['p99_ms']} ms; "
            f"with {RATE} events/s p50 {busy['p50_ms']} ms, p99 {busy['p99_ms']} ms"
        ),
        "aim": f"idle p50 below {AIM_P50_MS} ms, p99 below {AIM_P99_MS} ms",
        "met": idle["p50_ms"] < AIM_P50_MS and idle["p99_ms"] < AIM_P99_MS,
    }


def _measured(estate: Estate, count: int, spacing: float) -> list[float]:
    identity, shop = estate.runtimes["identity"], estate.runtimes["shop"]
    published = {}
    for _ in range(count):
        account_id, transaction_id = _publish(identity)
        published[account_id] = transaction_id
        time.sleep(spacing)
    until(lambda: len(_heard(shop, list(published))) == count, f"{count} standings in the shop")
    said = _committed(identity, list(published.values()))
    heard = _heard(shop, list(published))
    return [heard[account] - said[transaction] for account, transaction in published.items()]


def _publish(identity: Runtime) -> tuple[UUID, str]:
    account_id = uuid7()
    with identity.transaction() as session:
        publish(session, AccountActivated(account_id=account_id, organisation_id=uuid7(), epoch=1))
        transaction_id = session.scalar(sa.text("SELECT pg_current_xact_id()::xid::text"))
    return account_id, str(transaction_id)


def _committed(identity: Runtime, transactions: list[str]) -> dict[str, float]:
    """When transactions were committed, in seconds since 1970, by the server's clock."""
    asked = sa.text(
        "SELECT id, extract(epoch FROM pg_xact_commit_timestamp(id::xid))::float8"
        " FROM unnest(CAST(:ids AS text[])) AS id"
    )
    with identity.reading() as session:
        return dict(session.execute(asked, {"ids": transactions}).all())  # type: ignore[arg-type]


def _heard(shop: Runtime, accounts: list[UUID]) -> dict[UUID, float]:
    """When the standings of accounts were committed, of those that are there."""
    committed_at = sa.literal_column(
        "extract(epoch FROM pg_xact_commit_timestamp(account_standing.xmin))::float8"
    )
    rows = sa.select(AccountStanding.account_id, committed_at).where(
        AccountStanding.account_id.in_(accounts)
    )
    with shop.reading() as session:
        return dict(session.execute(rows).all())  # type: ignore[arg-type]
