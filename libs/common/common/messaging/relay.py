"""The relay: sends outbox rows in their order, and forgets each when the broker has it."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from common.messaging.brokers import Broker, Message
from common.messaging.outbox import CHANNEL, OutboxRow
from common.messaging.topology import Ladder
from common.metrics import EVENTS_RELAYED, OUTBOX_PENDING

BATCH = 1000
POLL_SECONDS = 1.0
_LOCK = 0x0F0A7A1
_OUTBOX: sa.Table = OutboxRow.__table__  # type: ignore[assignment]


class Relay:
    """Sends what one service has published; of several, one works and the others wait.

    All its work goes through the connection that holds the lock: who lost the lock can do nothing.
    """

    def __init__(self, runtime: Any, broker: Broker, ladder: Ladder) -> None:
        self._runtime, self._broker, self._ladder = runtime, broker, ladder

    def run(self, stop: Event) -> None:
        """Send until stop is set; raises what the database or the broker raises."""
        with self._runtime.db.engine.connect() as connection:
            connection.detach()  # given back to the pool it would keep the lock, and nobody work
            while not stop.is_set() and not self._lock(connection):
                self._runtime.tick("relay")
                stop.wait(POLL_SECONDS)
            while not stop.is_set():
                seen = self._runtime.wakeups.count
                sent = self.send(connection)
                self._runtime.tick("relay")
                if sent < BATCH:
                    self._wait(connection, seen)

    def send_all(self) -> int:
        """Send what is due now and return how many rows were tried; for one process and tests."""
        total = 0
        with self._runtime.db.engine.connect() as connection:
            while sent := self.send(connection):
                total += sent
        return total

    def send(self, connection: Connection) -> int:
        """Send one batch; return how many rows were tried."""
        due = sa.select(_OUTBOX).where(_OUTBOX.c.next_try_at <= self._runtime.clock.now())
        with connection.begin():
            rows = connection.execute(due.order_by(_OUTBOX.c.id).limit(BATCH)).all()
        OUTBOX_PENDING.labels(self._runtime.name).set(len(rows))
        if not rows:
            return 0
        answers = self._broker.publish(
            [Message(row.type, row.body, str(row.event_id), row.attempts + 1) for row in rows]
        )
        safe = [row.id for row, answer in zip(rows, answers, strict=True) if answer is None]
        refused = [row for row, answer in zip(rows, answers, strict=True) if answer is not None]
        with connection.begin():
            if safe:
                connection.execute(sa.delete(_OUTBOX).where(self._one_of(safe)))
            for row in refused:
                self._postpone(connection, row)
        EVENTS_RELAYED.labels(self._runtime.name, "confirmed").inc(len(safe))
        EVENTS_RELAYED.labels(self._runtime.name, "refused").inc(len(refused))
        return len(rows)

    def _one_of(self, ids: list[int]) -> sa.ColumnElement[bool]:
        """One parameter on PostgreSQL instead of one for each id: a third of the time."""
        if not self._runtime.db.is_postgres:
            return _OUTBOX.c.id.in_(ids)
        return _OUTBOX.c.id == sa.any_(sa.literal(ids, sa.ARRAY(sa.BigInteger)))

    def _postpone(self, connection: Connection, row: Any) -> None:
        attempt = min(row.attempts + 1, len(self._ladder.rungs))
        wait = timedelta(seconds=self._ladder.wait(attempt) or POLL_SECONDS)
        later = {"attempts": row.attempts + 1, "next_try_at": self._runtime.clock.now() + wait}
        connection.execute(sa.update(_OUTBOX).where(_OUTBOX.c.id == row.id).values(later))

    def _lock(self, connection: Connection) -> bool:
        if not self._runtime.db.is_postgres:
            return True
        with connection.begin():
            locked = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK)))
            if locked:
                connection.execute(sa.text(f"LISTEN {CHANNEL}"))
        return bool(locked)

    def _wait(self, connection: Connection, seen: int) -> None:
        """Until something was published, at most a second; other loops are told of it too."""
        if not self._runtime.db.is_postgres:
            self._runtime.wakeups.wait(seen, POLL_SECONDS)
            return
        driver: Any = connection.connection.dbapi_connection
        for _ in driver.notifies(timeout=POLL_SECONDS, stop_after=1):
            self._runtime.wake()
