"""What carries messages: RabbitMQ, or nothing at all within one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol

from common.messaging.subscribe import Subscription


@dataclass(frozen=True)
class Message:
    """One event on its way. attempt: 1 at first, one more after each failure of its handler."""

    type: str
    body: bytes
    event_id: str
    attempt: int = 1


@dataclass(frozen=True)
class Done:
    """Handled, or known to be handled already."""


@dataclass(frozen=True)
class Retry:
    """Failed; comes again after this wait. error: class of the failure."""

    after_seconds: float
    error: str


@dataclass(frozen=True)
class Park:
    """Failed for good; kept apart until an operator replays or drops it."""

    error: str


Disposition = Done | Retry | Park
Handle = Callable[[Subscription, Sequence[Message]], list[Disposition]]


class BrokerUnavailable(Exception):
    """The broker cannot be reached; what was not confirmed stays with the sender."""


class Broker(Protocol):
    """The way between services."""

    def publish(self, messages: Sequence[Message]) -> list[str | None]:
        """Send and wait for the broker's answer on each: None when safe, else why not.

        Raises BrokerUnavailable; then nothing is known of any of the messages.
        """

    def subscribe(self, runtime: Any, handle: Handle) -> None:
        """Say who handles what comes for a service; before anything is published or consumed."""

    def consume(self, stop: Event) -> None:
        """Hand messages over until stop is set; raises BrokerUnavailable."""

    def close(self) -> None:
        """Give connections back."""
