"""RabbitMQ through kombu: windowed confirms out, micro-batches with their own retry ladder in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any

import amqp
import kombu
from kombu.exceptions import OperationalError

from common.events.envelope import CONTENT_TYPE
from common.messaging.brokers import BrokerUnavailable, Done, Handle, Message, Park, Retry
from common.messaging.subscribe import Subscription
from common.messaging.topology import (
    BATCH,
    EXCHANGE,
    Ladder,
    estate,
    parked_queue,
    queues,
)

CONFIRM_SECONDS = 30
HEARTBEAT_SECONDS = 30
_FAULTS = (OSError, amqp.exceptions.AMQPError, OperationalError, AttributeError, KeyError)
"""What kombu and py-amqp raise when a connection goes; the last two while it is going."""


class RabbitBroker:
    """One service's connections to RabbitMQ: one to send, one to consume."""

    def __init__(
        self,
        url: str,
        ladder: Ladder,
        topology: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._url, self._ladder = url, ladder
        self._topology = estate() if topology is None else topology
        self._sender: _Sender | None = None
        self._runtime: Any = None
        self._handle: Handle | None = None

    def subscribe(self, runtime: Any, handle: Handle) -> None:
        """Call handle for what comes to the service's queues."""
        self._runtime, self._handle = runtime, handle

    def publish(self, messages: Sequence[Message]) -> list[str | None]:
        """Send a window of messages and wait for all confirms."""
        with _unavailable():
            if self._sender is None:
                # Nobody answers heartbeats while there is nothing to send; TCP keepalive is enough.
                connection = self._connect(heartbeat=0)
                apply(connection.channel(), self._topology, self._ladder)
                self._sender = _Sender(connection, self._topology)
            try:
                return self._sender.send([(EXCHANGE, each.type, each, {}) for each in messages])
            except BaseException:
                self.close()
                raise

    def consume(self, stop: Event) -> None:
        """Collect what has come, batch by batch and queue by queue, until stop is set."""
        with _unavailable():
            connection = self._connect(HEARTBEAT_SECONDS)
            try:
                apply(connection.channel(), self._topology, self._ladder)
                _Receiver(connection, self._runtime, self._handle, self._ladder).run(stop)
            finally:
                _close(connection)

    def close(self) -> None:
        """Close the sending connection; the next publish opens a new one."""
        sender, self._sender = self._sender, None
        if sender is not None:
            _close(sender.connection)

    def _connect(self, heartbeat: int) -> kombu.Connection:
        connection = kombu.Connection(
            self._url, heartbeat=heartbeat, connect_timeout=5, transport_options={}
        )
        connection.connect()
        return connection


class _Sender:
    """A channel in confirm mode, with a window as long as what it is given."""

    def __init__(self, connection: kombu.Connection, topology: Mapping[str, Sequence[str]]) -> None:
        self.connection = connection
        self._wanted = {wire_type for types in topology.values() for wire_type in types}
        self._channel = connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._acked)
        self._channel.events["basic_nack"].add(self._nacked)
        self._channel.events["basic_return"].add(self._returned)
        self._tag = 0
        self._open: dict[int, int] = {}
        self._answers: list[str | None] = []
        self._places: dict[str, int] = {}

    def send(
        self, messages: Sequence[tuple[str, str, Message, dict[str, Any]]]
    ) -> list[str | None]:
        """Publish (exchange, routing key, message, headers) each and wait for all answers."""
        self._answers = [None] * len(messages)
        self._places = {each.event_id: n for n, (_, _, each, _) in enumerate(messages)}
        for place, (exchange, key, message, headers) in enumerate(messages):
            self._tag += 1
            self._open[self._tag] = place
            self._channel.basic_publish(
                self._channel.prepare_message(
                    message.body,
                    content_type=CONTENT_TYPE,
                    headers=headers or None,
                    properties={
                        "delivery_mode": 2,
                        "message_id": message.event_id,
                        "type": message.type,
                    },
                ),
                exchange=exchange,
                routing_key=key,
                mandatory=exchange == "" or key in self._wanted,
            )
        deadline = time.monotonic() + CONFIRM_SECONDS
        while self._open:
            if time.monotonic() > deadline:
                raise TimeoutError("RabbitMQ does not confirm")
            self.connection.drain_events(timeout=CONFIRM_SECONDS)
        return self._answers

    def _acked(self, tag: int, multiple: bool) -> None:
        for each in self._settled(tag, multiple):
            self._open.pop(each, None)

    def _nacked(self, tag: int, multiple: bool) -> None:
        for each in self._settled(tag, multiple):
            place = self._open.pop(each, None)
            if place is not None:
                self._answers[place] = "nacked"

    def _returned(self, _: Any, __: str, ___: str, message: Any) -> None:
        self._answers[self._places[message.properties["message_id"]]] = "unroutable"

    def _settled(self, tag: int, multiple: bool) -> list[int]:
        return [each for each in self._open if each <= tag] if multiple else [tag]


class _Receiver:
    """Consumers on all queues of a service, each with its own channel and prefetch."""

    def __init__(
        self, connection: kombu.Connection, runtime: Any, handle: Any, ladder: Ladder
    ) -> None:
        self._connection, self._runtime = connection, runtime
        self._handle, self._ladder = handle, ladder
        self._sender = _Sender(connection, {})
        self._waiting: dict[Subscription, list[Any]] = {}
        for subscription in runtime.subscriptions:
            channel = connection.channel()
            channel.basic_qos(0, BATCH * 2, False)
            channel.auto_decode = False  # a body in a strange encoding is parked as it came
            waiting: list[Any] = []
            self._waiting[subscription] = waiting
            kombu.Consumer(
                channel,
                queues=[kombu.Queue(subscription.name, channel=channel, no_declare=True)],
                on_message=waiting.append,
                on_decode_error=lambda message, _, waiting=waiting: waiting.append(message),
                auto_declare=False,
            ).consume()

    def run(self, stop: Event) -> None:
        """Drain, handle, acknowledge, until stop is set; a batch begun is finished."""
        checked = time.monotonic()
        while not stop.is_set():
            self._drain()
            for subscription, waiting in self._waiting.items():
                batch = waiting[:BATCH]
                if batch:
                    self._work(subscription, batch)
                    del waiting[: len(batch)]
            self._runtime.tick("consumer")
            if time.monotonic() - checked > HEARTBEAT_SECONDS / 4:
                self._connection.heartbeat_check()
                checked = time.monotonic()

    def _drain(self) -> None:
        """Wait for a first message, at most half a second, then take what is there already."""
        idle = not any(self._waiting.values())
        try:
            self._connection.drain_events(timeout=0.5 if idle else 0)
            while max(map(len, self._waiting.values())) < BATCH:
                self._connection.drain_events(timeout=0)
        except TimeoutError:
            pass

    def _work(self, subscription: Subscription, batch: list[Any]) -> None:
        messages = [
            Message(
                type=str(each.properties.get("type") or each.delivery_info["routing_key"]),
                body=_bytes(each.body),
                event_id=str(each.properties.get("message_id") or each.delivery_tag),
                attempt=_attempt(each.headers),
            )
            for each in batch
        ]
        elsewhere = []
        for message, outcome in zip(messages, self._handle(subscription, messages), strict=True):
            if isinstance(outcome, Retry):
                queue = self._ladder.queue_after(subscription.name, message.attempt)
                headers = {"x-attempt": message.attempt + 1, "x-error": outcome.error}
                elsewhere.append(("", queue, message, headers))
            elif isinstance(outcome, Park):
                queue = parked_queue(subscription.name)
                headers = {"x-attempt": message.attempt, "x-error": outcome.error}
                elsewhere.append(("", queue, message, headers))
            else:
                assert isinstance(outcome, Done)
        if elsewhere and any(self._sender.send(elsewhere)):
            raise BrokerUnavailable(f"a queue of {subscription.name} takes no messages")
        last = batch[-1]
        last.channel.basic_ack(last.delivery_tag, multiple=True)


def apply(channel: Any, topology: Mapping[str, Sequence[str]], ladder: Ladder) -> None:
    """Make the exchange and every queue that is not there yet."""
    kombu.Exchange(EXCHANGE, "topic", durable=True)(channel).declare()
    for queue in queues(topology, ladder):
        channel.queue_declare(
            queue.name, durable=True, auto_delete=False, arguments=dict(queue.arguments)
        )
        for key in queue.routing_keys:
            channel.queue_bind(queue.name, EXCHANGE, key)


def _attempt(headers: Mapping[str, Any]) -> int:
    value = headers.get("x-attempt", 1)
    return value if isinstance(value, int) and value > 0 else 1


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else str(body).encode()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except amqp.exceptions.PreconditionFailed as error:
        raise BrokerUnavailable("a queue differs: run `portalctl topology check`") from error
    except _FAULTS as error:
        raise BrokerUnavailable(type(error).__name__) from error


def _close(connection: kombu.Connection) -> None:
    try:
        connection.close()
    except _FAULTS:
        connection.collect()
