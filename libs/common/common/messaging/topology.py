"""Exchange, queues and retry rungs as values; derived from the subscriptions, applied by anyone.

`subscriptions.json` beside this file is generated from every service's `@on` lines, so that
whichever process starts first can make all queues and no event falls between them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from common.clock import seconds

EXCHANGE = "portal.events"
BATCH = 50
SUBSCRIPTIONS_FILE = Path(__file__).with_name("subscriptions.json")
DELIVERY_LIMIT = 20
LOOKS_LIMIT = 1_000_000
"""How often a parked message may be looked at; RabbitMQ 4 would drop it after the 20th time."""


@dataclass(frozen=True)
class Queue:
    """A queue as it has to be on the broker."""

    name: str
    arguments: Mapping[str, Any]
    routing_keys: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Ladder:
    """The waits between the tries of a failing event, e.g. "PT5S,PT30S,PT5M,PT1H"."""

    rungs: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Ladder:
        """Read the setting; raises ValueError for what is no list of durations."""
        rungs = tuple(rung.strip() for rung in text.split(",") if rung.strip())
        for rung in rungs:
            seconds(rung)
        return cls(rungs)

    def wait(self, attempt: int) -> float | None:
        """Seconds before the try after this one; None when the ladder is at its end."""
        return seconds(self.rungs[attempt - 1]) if 1 <= attempt <= len(self.rungs) else None

    def queue_after(self, queue: str, attempt: int) -> str:
        """Queue in which a message waits after this many failed tries."""
        return retry_queue(queue, self.rungs[attempt - 1])


@cache
def estate() -> dict[str, tuple[str, ...]]:
    """Wire types of every subscription of the estate, by the name of its queue."""
    written: dict[str, list[str]] = json.loads(SUBSCRIPTIONS_FILE.read_text())
    return {name: tuple(types) for name, types in written.items()}


def is_consumed(wire_type: str) -> bool:
    """Whether any subscription of the estate asks for this type."""
    return any(wire_type in types for types in estate().values())


def queues(subscriptions: Mapping[str, Sequence[str]], ladder: Ladder) -> list[Queue]:
    """All queues that these subscriptions need, each with its rungs and its parked queue."""
    made = []
    for name, types in subscriptions.items():
        made.append(Queue(name, _durable(parked_queue(name), limit=True), tuple(types)))
        kept = {"x-queue-type": "quorum", "x-delivery-limit": LOOKS_LIMIT}
        made.append(Queue(parked_queue(name), kept))
        for rung in ladder.rungs:
            ttl = {"x-message-ttl": int(seconds(rung) * 1000)}
            made.append(Queue(retry_queue(name, rung), {**_durable(name, limit=False), **ttl}))
    return made


def parked_queue(queue: str) -> str:
    """Where messages go whose retries are used up."""
    return f"{queue}.parked"


def retry_queue(queue: str, rung: str) -> str:
    """Where messages wait for their next try: PT30S waits in `.retry.30s`."""
    return f"{queue}.retry.{rung.removeprefix('PT').removeprefix('P').lower()}"


def _durable(dead_letters_to: str, *, limit: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_letters_to,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return arguments | ({"x-delivery-limit": DELIVERY_LIMIT} if limit else {})
