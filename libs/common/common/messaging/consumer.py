"""The consumer: decodes, enters the inbox, calls the handler, commits; it knows no transport."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from opentelemetry.trace import SpanKind

from common.db import is_lost, is_passing
from common.events.envelope import Envelope, Undecodable, UnknownSchema, decode
from common.logs import log
from common.messaging import inbox
from common.messaging.brokers import Disposition, Done, Message, Park, Retry
from common.messaging.outbox import Cause
from common.messaging.subscribe import Subscription
from common.messaging.topology import Ladder
from common.metrics import EVENT_LAG, EVENT_SECONDS, EVENTS_HANDLED
from common.tracing import span


@dataclass(frozen=True)
class _Received:
    place: int
    message: Message
    envelope: Envelope
    event: Any


def _facts(one: _Received) -> dict[str, str]:
    return {"messaging.system": "rabbitmq", "messaging.message.id": str(one.envelope.id)}


class Consumer:
    """Handles what comes for one service.

    A batch is one transaction. When anything in it fails, the batch is rolled back and every
    event gets a transaction of its own, so that a bad one fails alone.
    """

    def __init__(self, runtime: Any, ladder: Ladder) -> None:
        self._runtime, self._ladder = runtime, ladder

    def handle(self, subscription: Subscription, messages: Sequence[Message]) -> list[Disposition]:
        """Handle messages of one subscription; say of each what is to become of it.

        Raises when the database is lost: then nothing was handled and all must come again.
        """
        started = time.perf_counter()
        answers: list[Disposition] = [Done()] * len(messages)
        received = []
        with structlog.contextvars.bound_contextvars(service=self._runtime.name):
            for place, message in enumerate(messages):
                try:
                    one = _Received(place, message, *decode(message.body))
                except (Undecodable, UnknownSchema) as error:
                    answers[place] = self._parked(subscription, message, None, error)
                    continue
                if one.envelope.type in subscription.types:
                    received.append(one)
                else:  # a binding of an earlier version that nobody has taken away
                    self._note(subscription, message, one.envelope, "unasked")
            for one, answer in self._outcomes(subscription, received):
                answers[one.place] = answer
        EVENT_SECONDS.labels(subscription.name).observe(time.perf_counter() - started)
        return answers

    def _outcomes(
        self, subscription: Subscription, batch: list[_Received]
    ) -> list[tuple[_Received, Disposition]]:
        if len(batch) > 1:
            try:
                self._commit(subscription, batch)
            except Exception as error:
                if is_lost(error):
                    raise
            else:
                return [(one, Done()) for one in batch]
        return [(one, self._alone(subscription, one)) for one in batch]

    def _alone(self, subscription: Subscription, one: _Received) -> Disposition:
        for again in (True, False):
            try:
                self._commit(subscription, [one])
                break
            except Exception as error:
                if is_lost(error):
                    raise
                if not (again and is_passing(error)):
                    return self._failed(subscription, one, error)
        return Done()

    def _commit(self, subscription: Subscription, batch: list[_Received]) -> None:
        outcomes = []
        with self._runtime.db.transaction(runtime=self._runtime) as session:
            untaken = inbox.take(session, subscription.name, [one.envelope.id for one in batch])
            for one in batch:
                if one.envelope.id not in untaken:
                    outcomes.append("duplicate")
                    continue
                untaken.remove(one.envelope.id)
                session.info["envelope"] = one.envelope
                session.info["cause"] = Cause(
                    one.envelope.actor, one.envelope.correlationid, str(one.envelope.id)
                )
                with span(
                    subscription.name, one.envelope.traceparent, SpanKind.CONSUMER, _facts(one)
                ):
                    answer = subscription.function(one.event, session)
                    session.flush()
                outcomes.append(answer if answer == inbox.STALE else "ok")
        handled = self._runtime.clock.now()
        for one, outcome in zip(batch, outcomes, strict=True):
            lag = (handled - one.envelope.time).total_seconds()
            EVENT_LAG.labels(subscription.name).observe(max(0.0, lag))
            self._note(subscription, one.message, one.envelope, outcome)

    def _failed(self, subscription: Subscription, one: _Received, error: Exception) -> Disposition:
        wait = self._ladder.wait(one.message.attempt)
        if wait is None:
            return self._parked(subscription, one.message, one.envelope, error)
        self._note(subscription, one.message, one.envelope, "retried", error)
        return Retry(wait, type(error).__name__)

    def _parked(
        self,
        subscription: Subscription,
        message: Message,
        envelope: Envelope | None,
        error: Exception,
    ) -> Park:
        self._note(subscription, message, envelope, "parked", error)
        return Park(type(error).__name__)

    def _note(
        self,
        subscription: Subscription,
        message: Message,
        envelope: Envelope | None,
        outcome: str,
        error: Exception | None = None,
    ) -> None:
        EVENTS_HANDLED.labels(subscription.name, outcome).inc()
        log.log(
            30 if error else 20,
            "event handled",
            subscription=subscription.name,
            event_type=message.type,
            event_id=str(envelope.id) if envelope else message.event_id,
            subject=envelope.subject if envelope else None,
            attempt=message.attempt,
            outcome=outcome,
            exc_info=error,
        )
