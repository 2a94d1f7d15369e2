"""Background load: events of other accounts, published by identity at a steady rate.

An open loop in a process of its own (`python -m tests.bench.load RATE SECONDS`): an event is due
when its time has come, whether or not the estate keeps up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from common import logs
from common.events.catalogue import AccountSessionsEnded
from common.ids import uuid7
from common.messaging import publish
from common.service import load_services
from tests.bench.report import milliseconds

RATE = 300
ACCOUNTS = 1_000


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
        assert self._process.stdout is not None
        self._process.stdout.readline()
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


def generate(runtime: Any, rate: int, seconds: float, stop: Event) -> dict[str, Any]:
    """Commit each event when it is due, alone; what has become late goes together."""
    organisation_id, accounts = uuid7(), [uuid7() for _ in range(ACCOUNTS)]
    late: list[float] = []
    started = time.perf_counter()
    while not stop.is_set() and (passed := time.perf_counter() - started) < seconds:
        due = range(len(late), int(passed * rate) + 1)
        if not due:
            time.sleep(due.start / rate - passed)
            continue
        with runtime.transaction() as session:
            for number in due:
                epoch, place = divmod(number, ACCOUNTS)
                known = {"organisation_id": organisation_id, "epoch": epoch + 1}
                publish(session, AccountSessionsEnded(account_id=accounts[place], **known))
        passed = time.perf_counter() - started
        late += [passed - number / rate for number in due]
    return {
        "events": len(late),
        "per_second": round(len(late) / (time.perf_counter() - started)),
        "late": milliseconds(late),
    }


def main() -> None:
    """Generate until the time is over, a line comes in, or whoever started this is gone."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=main.__doc__)
    parser.add_argument("rate", type=int)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    logs.configure("error")
    runtime = load_services(["identity"])["identity"].runtime()
    generate(runtime, options.rate, 0.1, Event())
    print("ready", flush=True)
    stop = Event()

    def listen() -> None:
        sys.stdin.readline()
        stop.set()

    Thread(target=listen, daemon=True).start()
    print(json.dumps(generate(runtime, options.rate, options.seconds, stop)))
    runtime.db.close()


if __name__ == "__main__":
    main()
