"""Background load: events of other accounts, put in identity's outbox at a steady rate.

An open loop in a process of its own (`python -m tests.bench.load RATE SECONDS`): an event is due
when its time has come, whether or not the estate keeps up.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg

from common.events.catalogue import AccountSessionsEnded, types_of
from common.events.envelope import Envelope, encode, encode_data
from common.ids import uuid7
from common.messaging.outbox import CHANNEL
from tests.bench.report import milliseconds

RATE = 300
ACCOUNTS = 1_000
WARM_UP_SECONDS = 3.0
[TYPE] = types_of(AccountSessionsEnded)


class Load:
    """So many events a second, for as long as the block lasts and at most so many seconds.

    found: afterwards, how many there were, how many a second, and how late they were committed.
    """

    def __init__(self, environment: Mapping[str, str], seconds: float, rate: int = RATE) -> None:
        self.found: dict[str, Any] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load", str(rate), str(seconds)],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        time.sleep(WARM_UP_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            said, _ = self._process.communicate("stop\n", timeout=20)
        finally:
            self._process.kill()
            self._process.wait()
        self.found = json.loads(said)


def generate(url: str, rate: int, seconds: float, stop: Event) -> dict[str, Any]:
    """Commit each event when it is due, alone; what has become late goes together."""
    organisation_id, accounts = uuid7(), [uuid7() for _ in range(ACCOUNTS)]
    late: list[float] = []
    with psycopg.connect(url, autocommit=True) as connection:
        cursor, started = connection.cursor(), time.perf_counter()
        while not stop.is_set() and (passed := time.perf_counter() - started) < seconds:
            due = range(len(late), int(passed * rate) + 1)
            if not due:
                time.sleep(due.start / rate - passed)
                continue
            cursor.executemany(
                _INSERT,
                [
                    _row(accounts[place], organisation_id, turn + 1)
                    for turn, place in (divmod(number, ACCOUNTS) for number in due)
                ],
            )
            passed = time.perf_counter() - started
            late += [passed - number / rate for number in due]
    return {
        "events": len(late),
        "per_second": round(len(late) / passed),
        "late": milliseconds(late),
    }


_INSERT = (
    "WITH written AS (INSERT INTO outbox (event_id, type, body, attempts, next_try_at)"
    f" VALUES (%s, '{TYPE}', %s, 0, now())) SELECT pg_notify('{CHANNEL}', '')"
)


def _row(account_id: UUID, organisation_id: UUID, turn: int) -> tuple[UUID, bytes]:
    """What publish() writes for the turn-th event of an account, for less work."""
    event = AccountSessionsEnded(account_id=account_id, organisation_id=organisation_id, epoch=turn)
    envelope = Envelope(
        id=uuid7(),
        source="/identity",
        type=TYPE,
        subject=str(account_id),
        time=datetime.now(UTC),
        dataschema=f"/events/{TYPE}.json",
        sequence=str(turn),
        correlationid=str(uuid7()),
        actor="service:identity",
        data=encode_data(event),
    )
    return envelope.id, encode(envelope)


def main() -> None:
    """Generate until the time is over, a line comes in, or whoever started this is gone."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=main.__doc__)
    parser.add_argument("rate", type=int)
    parser.add_argument("seconds", type=float)
    options, stop = parser.parse_args(), Event()

    def listen() -> None:
        sys.stdin.readline()
        stop.set()

    Thread(target=listen, daemon=True).start()
    url = os.environ["IDENTITY_DATABASE_URL"]
    print(json.dumps(generate(url, options.rate, options.seconds, stop)))


if __name__ == "__main__":
    main()
