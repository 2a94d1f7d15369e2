"""Erasures: people whose year is over, erased by all six owners over RabbitMQ, with receipts."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.service import Runtime
from identity.models import Account, ErasureRequest, ReceivedReceipt
from identity.rules.states import State
from tests.bench.estate import enter_people, running, until

PEOPLE = 600
A_YEAR_AGO = timedelta(days=350)
AIM_PER_SECOND = 50


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Have the retention job of identity begin all erasures; count until the last is complete.

    The time is from the job's first request to the last completion, by identity's own clock.
    """
    workers = [(name, "worker") for name in OWNERS_OF_PERSONAL_DATA]
    with running(folder, postgres_url, rabbit_url, *workers) as estate:
        identity = estate.runtimes["identity"]
        enter_people(identity, PEOPLE)
        with identity.transaction() as session:
            gone = datetime.now(UTC) - A_YEAR_AGO
            session.execute(sa.update(Account).values(state=State.DEACTIVATED, deactivated_at=gone))
        subprocess.run(
            [sys.executable, "-m", "identity", "job", "sweep-retention"],
            env=estate.environment, stderr=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        until(lambda: _completed(identity) == PEOPLE, "everybody is erased", seconds=240)
        seconds, receipts = _took(identity)
    rate = PEOPLE / seconds
    return {
        "what": f"erasures: {PEOPLE:,} people by six owners, {receipts:,} receipts over RabbitMQ",
        "seconds": round(seconds, 1),
        "measured": f"{rate:.0f} people/s",
        "aim": f"{AIM_PER_SECOND} people/s",
        "met": rate >= AIM_PER_SECOND and receipts == PEOPLE * len(OWNERS_OF_PERSONAL_DATA),
    }


def _completed(identity: Runtime) -> int:
    done = sa.select(sa.func.count()).where(ErasureRequest.completed_at.is_not(None))
    with identity.reading() as session:
        return session.scalar(done) or 0


def _took(identity: Runtime) -> tuple[float, int]:
    """Seconds from the first request to the last completion, and how many receipts came."""
    first, last = sa.func.min(ErasureRequest.requested_at), sa.func.max(ErasureRequest.completed_at)
    with identity.reading() as session:
        began, ended = session.execute(sa.select(first, last)).one()
        receipts = session.scalar(sa.select(sa.func.count()).select_from(ReceivedReceipt)) or 0
    return (ended - began).total_seconds(), receipts
