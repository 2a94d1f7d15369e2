"""The broker of one process: it keeps nothing, so nothing of it can be lost.

A message counts as confirmed only when every subscription has committed or parked it; until then
its row stays in the sender's outbox, and a killed process goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import Event
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import CommonBase
from common.ids import uuid7
from common.messaging.brokers import Handle, Message, Park, Retry
from common.messaging.subscribe import Subscription
from common.messaging.topology import BATCH
from common.privacy.personal import technical


class ParkedMessage(CommonBase):
    """A message whose retries are used up, where there is no broker to keep it."""

    __tablename__ = "parked_messages"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    subscription: Mapped[str] = mapped_column(sa.String(120), info=technical("service.function"))
    type: Mapped[str] = mapped_column(sa.String(120), info=technical("routing key"))
    body: Mapped[bytes] = mapped_column(info=technical("envelope with ids only"))
    error: Mapped[str] = mapped_column(sa.String(120), info=technical("class of the failure"))
    parked_at: Mapped[datetime] = mapped_column(info=technical("for the operator"))


class EmbeddedBroker:
    """Hands messages straight to the subscriptions of the same process."""

    def __init__(self) -> None:
        self._subscribers: list[tuple[Any, Subscription, Handle]] = []

    def subscribe(self, runtime: Any, handle: Handle) -> None:
        """Call handle for what the service subscribes to."""
        self._subscribers += [(runtime, each, handle) for each in runtime.subscriptions]

    def publish(self, messages: Sequence[Message]) -> list[str | None]:
        """Have every subscription handle the messages; None where all have committed or parked."""
        answers: list[str | None] = [None] * len(messages)
        for runtime, subscription, handle in self._subscribers:
            wanted = [n for n, each in enumerate(messages) if each.type in subscription.types]
            for start in range(0, len(wanted), BATCH):
                places = wanted[start : start + BATCH]
                outcomes = handle(subscription, [messages[n] for n in places])
                for place, outcome in zip(places, outcomes, strict=True):
                    if isinstance(outcome, Retry):
                        answers[place] = outcome.error
                    elif isinstance(outcome, Park):
                        _park(runtime, subscription, messages[place], outcome)
        return answers

    def consume(self, stop: Event) -> None:
        """Wait: publishing does the work."""
        stop.wait()

    def close(self) -> None:
        """Nothing is held."""


class NotParked(Exception):
    """No parked message has this id."""


def parked(runtime: Any) -> list[ParkedMessage]:
    """Messages parked for a service, the longest parked first."""
    with runtime.reading() as session:
        order = sa.select(ParkedMessage).order_by(ParkedMessage.parked_at)
        return list(session.scalars(order))


def replay(runtime: Any, message_id: UUID) -> str | None:
    """Hand a parked message to its subscription again; None when that worked, else the failure.

    Raises NotParked. A crash in between replays it twice at the most, and the inbox counts once.
    """
    found = _one_parked(runtime, message_id)
    subscription = next(each for each in runtime.subscriptions if each.name == found.subscription)
    message = Message(found.type, found.body, str(found.id))
    [outcome] = runtime.consumer.handle(subscription, [message])
    if isinstance(outcome, Retry | Park):
        return outcome.error
    drop(runtime, message_id)
    return None


def drop(runtime: Any, message_id: UUID) -> None:
    """Forget a parked message; raises NotParked."""
    found = _one_parked(runtime, message_id)
    with runtime.transaction(actor="operator") as session:
        session.delete(session.merge(found, load=True))


def _one_parked(runtime: Any, message_id: UUID) -> ParkedMessage:
    with runtime.reading() as session:
        found: ParkedMessage | None = session.get(ParkedMessage, message_id)
    if found is None:
        raise NotParked(f"No parked message has the id {message_id}.")
    return found


def _park(runtime: Any, subscription: Subscription, message: Message, outcome: Park) -> None:
    with runtime.db.transaction(runtime=runtime) as session:
        session.add(
            ParkedMessage(
                subscription=subscription.name,
                type=message.type,
                body=message.body,
                error=outcome.error,
                parked_at=runtime.clock.now(),
            )
        )
