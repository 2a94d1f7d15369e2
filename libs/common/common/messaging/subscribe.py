"""Subscriptions: `@on(Event)` marks a function; the queue's name and types follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from common.events.catalogue import types_of

Handler = Callable[[Any, Session], Any]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True)
class Subscription:
    """One function of one service that is called for events of these types."""

    service: str
    function: Handler
    types: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the subscription and of its queue: service.function."""
        return f"{self.service}.{self.function.__name__}"


def on(*event_classes: type) -> Callable[[H], H]:
    """Call the function `(event, session)` for every such event, perhaps twice.

    It runs in a transaction that commits with the inbox; it publishes through `publish`, makes no
    HTTP call, and may return STALE.
    """

    def mark(function: H) -> H:
        function.__on__ = event_classes  # type: ignore[attr-defined]
        return function

    return mark


def subscriptions(service: str, handlers: ModuleType) -> tuple[Subscription, ...]:
    """Find what a service's handlers module subscribes to, in the order written."""
    marked = [each for each in vars(handlers).values() if hasattr(each, "__on__")]
    return tuple(
        Subscription(
            service, each, tuple(wire for event in each.__on__ for wire in types_of(event))
        )
        for each in marked
    )
