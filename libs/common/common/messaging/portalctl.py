"""portalctl: the operator's hand on the broker; a client (pika) that shares no code with ours.

Results go to stdout, talk to stderr. Exit codes: 0 done, 1 something differs or was not found,
2 wrong usage, 3 the broker cannot be reached.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click
import pika
from pika.exceptions import (
    AMQPConnectionError,
    AMQPError,
    ChannelClosedByBroker,
    NackError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    UnroutableError,
)

from common.clock import SystemClock
from common.events.catalogue import events, kind_of
from common.events.envelope import Undecodable, UnknownSchema, decode
from common.messaging.topology import EXCHANGE, Ladder, Queue, estate, parked_queue, queues
from common.privacy.auditing import audit
from common.privacy.operating import retention
from common.privacy.verifying import certificate
from common.settings import Settings

MISSING, INEQUIVALENT = 404, 406
_OUT_OF_REACH = (AMQPConnectionError, OSError)


class BrokerAway(click.ClickException):
    """Nothing can be done, since RabbitMQ does not answer or does not let us in."""

    exit_code = 3


@dataclass(frozen=True)
class Target:
    """Which broker, and with which retry ladder its queues are to be."""

    url: str | None
    ladder: Ladder


@click.group(help="Look at, repair and replay what is on the broker of the portal.")
@click.option("--url", envvar="PORTAL_BROKER_URL", help="AMQP URL; by default PORTAL_BROKER_URL.")
@click.option(
    "--ladder",
    envvar="PORTAL_RETRY_LADDER",
    default=Settings.retry_ladder,
    show_default=True,
    help="Waits of the retry queues, as PORTAL_RETRY_LADDER says.",
)
@click.pass_context
def main(context: click.Context, url: str | None, ladder: str) -> None:
    """Keep what every command needs."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # what it says is said here, in a sentence
    try:
        context.obj = Target(url, Ladder.parse(ladder))
    except ValueError as error:
        raise click.BadParameter(
            "is no list of ISO 8601 durations", param_hint="--ladder"
        ) from error


@main.command("events")
def list_events() -> None:
    """List the catalogue: every type, whose it is, what it says and who asked for it."""
    for event in events():
        kind = kind_of(event)
        for owner in kind.owners:
            wire_type = kind.type(owner)
            asking = [name for name, types in estate().items() if wire_type in types]
            meaning = (event.__doc__ or "").strip().splitlines()[0]
            click.echo(wire_type)
            click.echo(f"  owner          {owner}")
            click.echo(f"  subject        {kind.subject}")
            click.echo(f"  meaning        {meaning}")
            click.echo(f"  subscriptions  {', '.join(asking) or '-'}")


main.add_command(certificate)
main.add_command(audit)
main.add_command(retention)


# ------------------------------------------------------------------------------------- topology


@main.group()
def topology() -> None:
    """Exchange, queues and bindings of the estate."""


@topology.command("check")
@click.pass_obj
def check_topology(target: Target) -> None:
    """Name what is missing or differs; changes nothing.

    Bindings cannot be read over AMQP: `topology apply`, and the start of every worker, makes them.
    """
    with _connection(target) as connection:
        broker = _Broker(connection)
        found = [line for line in (broker.fault(each) for each in _wanted(target)) if line]
    for line in found:
        click.echo(line)
    if found:
        click.echo(f"{len(found)} of the topology missing or different.", err=True)
        raise SystemExit(1)
    click.echo("Exchange and queues are as they should be.", err=True)


@topology.command("apply")
@click.pass_obj
def apply_topology(target: Target) -> None:
    """Make what is missing and bind every queue; what differs is named and stays as it is."""
    different = 0
    with _connection(target) as connection:
        broker = _Broker(connection)
        for wanted in _wanted(target):
            fault = broker.fault(wanted)
            if fault and fault.startswith("differs"):
                different += 1
                click.echo(fault)
                continue
            if fault:
                broker.make(wanted)
                click.echo(fault.replace("missing", "made", 1))
            if wanted is not None:
                for key in wanted.routing_keys:
                    broker.channel.queue_bind(wanted.name, EXCHANGE, key)
    if different:
        click.echo(
            f"{different} cannot be changed in place: let it run empty, delete it, apply again.",
            err=True,
        )
        raise SystemExit(1)
    click.echo("Exchange, queues and bindings are as they should be.", err=True)


def _wanted(target: Target) -> list[Queue | None]:
    """All queues there should be; None stands for the exchange and comes first."""
    return [None, *queues(estate(), target.ladder)]


class _Broker:
    """Asks of the broker that may be refused: a refusal closes the channel, the next ask opens."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._channel: Any = None

    @property
    def channel(self) -> Any:
        """An open channel."""
        if self._channel is None or not self._channel.is_open:
            self._channel = self._connection.channel()
        return self._channel

    def fault(self, wanted: Queue | None) -> str | None:
        """What is wrong with a queue (None: the exchange); None when nothing is.

        A declaration of what exists changes nothing, and fails where the arguments differ.
        """
        name = f"queue {wanted.name}" if wanted else f"exchange {EXCHANGE}"
        refused = self._refusal(lambda: self._declare(wanted, passive=True))
        if refused is None:
            refused = self._refusal(lambda: self._declare(wanted, passive=False))
        if refused is None:
            return None
        if refused.reply_code == MISSING:
            return f"missing: {name}"
        return f"differs: {name}: {refused.reply_text.removeprefix('PRECONDITION_FAILED - ')}"

    def make(self, wanted: Queue | None) -> None:
        """Make a queue, or the exchange."""
        self._declare(wanted, passive=False)

    def _declare(self, wanted: Queue | None, *, passive: bool) -> None:
        if wanted is None:
            self.channel.exchange_declare(EXCHANGE, "topic", durable=True, passive=passive)
        else:
            arguments = dict(wanted.arguments)
            self.channel.queue_declare(
                wanted.name, durable=True, passive=passive, arguments=arguments
            )

    def _refusal(self, ask: Callable[[], None]) -> ChannelClosedByBroker | None:
        try:
            ask()
        except ChannelClosedByBroker as error:
            if error.reply_code not in (MISSING, INEQUIVALENT):
                raise
            return error
        return None


# --------------------------------------------------------------------------------------- parked


@main.group()
def parked() -> None:
    """Messages whose retries are used up."""


@parked.command("list")
@click.pass_obj
def list_parked(target: Target) -> None:
    """List the parked queues of the estate and how many messages wait in each."""
    missing = False
    with _connection(target) as connection:
        for name in sorted(estate()):
            try:
                click.echo(f"{_count(connection, parked_queue(name)):>8}  {parked_queue(name)}")
            except NoSuchQueue:
                missing = True
                click.echo(f"{'missing':>8}  {parked_queue(name)}")
    if missing:
        raise SystemExit(1)


_QUEUE = click.argument("queue", metavar="QUEUE", callback=lambda _, __, name: _own_queue(name))
_IDS = click.option("--id", "ids", multiple=True, help="Id of one message; may be given often.")
_ALL = click.option("--all", "everything", is_flag=True, help="All messages of the queue.")


@parked.command("show")
@_QUEUE
@_IDS
@click.pass_obj
def show_parked(target: Target, queue: str, ids: tuple[str, ...]) -> None:
    """Show parked messages of QUEUE (service.function); they stay where they are."""
    shown = 0
    with _connection(target) as connection:
        for _, message in _taken(connection, queue, ids):
            shown += 1
            for name, value in message.lines():
                click.echo(f"{name:<10}{value}")
            click.echo()
    _say_what_was_not_found(queue, shown, ids)


@parked.command("replay")
@_QUEUE
@_IDS
@_ALL
@click.pass_obj
def replay_parked(target: Target, queue: str, ids: tuple[str, ...], everything: bool) -> None:
    """Send parked messages to QUEUE (service.function) again, with all their tries before them.

    Each is safe in its own queue before it leaves the parked one: an interruption can double a
    message, which the inbox sees, and cannot lose one.
    """
    _require_choice(ids, everything)
    replayed = 0
    with _connection(target) as connection:
        sender = connection.channel()
        sender.confirm_delivery()
        for channel, message in _taken(connection, queue, ids):
            try:
                sender.basic_publish(
                    "", queue, message.body, properties=message.fresh(), mandatory=True
                )
            except (UnroutableError, NackError) as error:
                raise click.ClickException(
                    f"{queue} does not take messages: look at `portalctl topology check`."
                ) from error
            channel.basic_ack(message.tag)
            replayed += 1
            click.echo(message.id)
    click.echo(f"{replayed} sent to {queue} again.", err=True)
    _say_what_was_not_found(queue, replayed, ids)


@parked.command("drop")
@_QUEUE
@_IDS
@_ALL
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def drop_parked(
    target: Target, queue: str, ids: tuple[str, ...], everything: bool, yes: bool
) -> None:
    """Delete parked messages of QUEUE (service.function) for good."""
    _require_choice(ids, everything)
    if not yes:
        with _connection(target) as connection:
            count = len(ids) or _count(connection, parked_queue(queue))
        click.confirm(f"Drop {count} parked message(s) of {queue} for good?", abort=True, err=True)
    dropped = 0
    with _connection(target) as connection:
        for channel, message in _taken(connection, queue, ids):
            channel.basic_ack(message.tag)
            dropped += 1
            click.echo(message.id)
    click.echo(f"{dropped} dropped from {parked_queue(queue)}.", err=True)
    _say_what_was_not_found(queue, dropped, ids)


class NoSuchQueue(click.ClickException):
    """The broker has no queue of this name."""


class Parked:
    """A message in a parked queue, held by us and not yet acknowledged."""

    def __init__(self, method: Any, properties: Any, body: bytes) -> None:
        self.tag, self.body = method.delivery_tag, body
        self._properties = properties
        self._headers = properties.headers or {}

    @property
    def id(self) -> str:
        """CloudEvents id, or a digest of the body where there is none."""
        digest = hashlib.sha256(self.body).hexdigest()
        return str(self._properties.message_id or f"sha256:{digest[:16]}")

    def fresh(self) -> Any:
        """Properties for a new beginning: all tries are before it."""
        return pika.BasicProperties(
            content_type=self._properties.content_type,
            delivery_mode=2,
            message_id=self._properties.message_id,
            type=self._properties.type,
            headers={"x-attempt": 1},
        )

    def lines(self) -> Iterator[tuple[str, str]]:
        """What an operator is shown; a body that is no event of ours could hold anything."""
        error = self._headers.get("x-error") or self._headers.get("x-first-death-reason")
        yield "id", self.id
        yield "type", str(self._properties.type or "-")
        yield "attempts", str(self._headers.get("x-attempt", 1))
        yield "error", str(error or "-")
        try:
            envelope, _ = decode(self.body)
        except (Undecodable, UnknownSchema) as fault:
            yield "age", "-"
            yield "body", f"not shown: {type(fault).__name__}, {len(self.body)} bytes"
        else:
            age = int((SystemClock().now() - envelope.time).total_seconds())
            yield "age", str(timedelta(seconds=max(0, age)))
            yield "body", bytes(envelope.data).decode()


def _own_queue(name: str) -> str:
    return name.removesuffix(".parked")


def _taken(connection: Any, queue: str, ids: Collection[str]) -> Iterator[tuple[Any, Parked]]:
    """Parked messages of a queue, all or those named; what is not acknowledged goes back."""
    count = _count(connection, parked_queue(queue))
    channel = connection.channel()
    for _ in range(count):
        method, properties, body = channel.basic_get(parked_queue(queue))
        if method is None:
            break
        message = Parked(method, properties, body)
        if not ids or message.id in ids:
            yield channel, message
    channel.close()


def _count(connection: Any, name: str) -> int:
    channel = connection.channel()
    try:
        count: int = channel.queue_declare(name, passive=True).method.message_count
    except ChannelClosedByBroker as error:
        raise NoSuchQueue(f"There is no queue {name}: see `portalctl parked list`.") from error
    channel.close()
    return count


def _require_choice(ids: Collection[str], everything: bool) -> None:
    if bool(ids) == everything:
        raise click.UsageError("Say which: --id ID (as often as needed) or --all.")


def _say_what_was_not_found(queue: str, found: int, ids: Collection[str]) -> None:
    missing = len(set(ids)) - found
    if missing > 0:
        click.echo(f"{missing} of the ids not found in {parked_queue(queue)}.", err=True)
        raise SystemExit(1)


# ----------------------------------------------------------------------------------------- tail


@main.command()
@click.option("--type", "pattern", default="#", help="Topic pattern, e.g. 'identity.*.v1'.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many events.")
@click.pass_obj
def tail(target: Target, pattern: str, count: int | None) -> None:
    """Print a line an event from now on: time, type, subject and its sequence, id, actor."""
    with _connection(target) as connection:
        channel = connection.channel()
        queue = channel.queue_declare(
            "", exclusive=True, auto_delete=True, arguments={"x-queue-type": "classic"}
        ).method.queue
        try:
            channel.queue_bind(queue, EXCHANGE, pattern)
        except ChannelClosedByBroker as error:
            raise click.ClickException(
                f"There is no exchange {EXCHANGE}: `portalctl topology apply` makes it."
            ) from error
        click.echo(f"listening to {pattern}", err=True)
        seen = 0
        try:
            for method, _, body in channel.consume(queue, auto_ack=True):
                click.echo(_line(method.routing_key, body))
                seen += 1
                if seen == count:
                    break
        except KeyboardInterrupt:
            click.echo(f"{seen} events.", err=True)


def _line(routing_key: str, body: bytes) -> str:
    try:
        envelope, _ = decode(body)
    except (Undecodable, UnknownSchema) as fault:
        return f"- {routing_key} {type(fault).__name__} {len(body)} bytes"
    return (
        f"{envelope.time.isoformat()} {envelope.type} {envelope.subject} #{envelope.sequence} "
        f"{envelope.id} {envelope.actor}"
    )


# ----------------------------------------------------------------------------------- connection


@contextmanager
def _connection(target: Target) -> Iterator[Any]:
    """A connection to the broker; what goes wrong on the way is one sentence."""
    try:
        connection = pika.BlockingConnection(_parameters(target.url))
    except (ProbableAuthenticationError, ProbableAccessDeniedError) as error:
        raise BrokerAway(
            "RabbitMQ does not let this user in: look at PORTAL_BROKER_URL."
        ) from error
    except _OUT_OF_REACH as error:
        place = _parameters(target.url)
        raise BrokerAway(
            f"RabbitMQ does not answer at {place.host}:{place.port}: look at PORTAL_BROKER_URL."
        ) from error
    try:
        yield connection
    except AMQPConnectionError as error:
        raise BrokerAway(
            "RabbitMQ went away meanwhile; what was not confirmed is undone."
        ) from error
    except AMQPError as error:
        raise click.ClickException(f"RabbitMQ refused: {error}") from error
    finally:
        if connection.is_open:
            connection.close()


def _parameters(url: str | None) -> Any:
    if not url:
        raise click.UsageError("Say which broker: --url or PORTAL_BROKER_URL.")
    if url.startswith("embedded:"):
        raise click.UsageError("PORTAL_BROKER_URL is `embedded:`: there is no broker to look at.")
    try:
        return pika.URLParameters(url)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise click.UsageError("PORTAL_BROKER_URL is no AMQP URL.") from error


if __name__ == "__main__":
    main()
