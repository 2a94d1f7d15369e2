"""The sample service with its relay, its consumer and a broker between; faults come by order."""

import contextlib
import dataclasses
import os
import socket
import time
from abc import ABC, abstractmethod
from threading import Thread
from urllib.parse import urlsplit
from uuid import UUID

import pika
import sqlalchemy as sa
from click.testing import CliRunner

from common.db import CommonBase
from common.ids import uuid7
from common.messaging import publish
from common.messaging.brokers import embedded
from common.messaging.brokers.embedded import EmbeddedBroker, ParkedMessage
from common.messaging.brokers.rabbit import RabbitBroker
from common.messaging.consumer import Consumer
from common.messaging.outbox import OutboxRow
from common.messaging.portalctl import main as portalctl
from common.messaging.relay import Relay
from common.messaging.topology import Ladder, parked_queue, queues
from common.testing.harness import Harness
from common.testing.server import free_port
from sample.app import service
from sample.models import Arrival, Base, Parcel, ParcelSent

PATIENCE_SECONDS = 20
LADDER = "PT0.2S,PT0.4S"
TOPOLOGY = {each.name: each.types for each in service.subscriptions}
ARRIVALS = "sample.count_arrival"
STANDINGS = "sample.keep_standing"


class Crash(BaseException):
    """The process ends here, as by kill -9: nothing of ours catches it."""


def eventually(condition, what="what was waited for"):
    """Poll until the condition is true; AssertionError when it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)
    return found


def nothing(*_):
    """Stand in for a fault that is not ordered."""


class Door:
    """A TCP port in front of a server; shut, nobody gets in and who was in is thrown out."""

    def __init__(self, url):
        self._inside = urlsplit(url)
        self._port = free_port()
        self._open_sockets = set()
        self._listening = None
        self.url = self._inside._replace(
            netloc=f"{self._inside.netloc.rpartition('@')[0]}@127.0.0.1:{self._port}"
        ).geturl()

    def open(self):
        """Let everybody in."""
        self._listening = socket.create_server(("127.0.0.1", self._port), reuse_port=True)
        Thread(target=self._welcome, args=(self._listening,), daemon=True).start()

    def shut(self):
        """Let nobody in, and end every conversation."""
        for each in [self._listening, *self._open_sockets]:
            if each is not None:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._listening = None
        self._open_sockets.clear()

    def _welcome(self, listening):
        with contextlib.suppress(OSError):  # shut
            while True:
                guest, _ = listening.accept()
                inside = socket.create_connection((self._inside.hostname, self._inside.port))
                self._open_sockets |= {guest, inside}
                for ends in ((guest, inside), (inside, guest)):
                    Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, here, there):
        with contextlib.suppress(OSError):
            while heard := here.recv(65536):
                there.sendall(heard)
        for each in (here, there):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Rig(ABC):
    """One running service; its hooks are where a test lets something go wrong."""

    def __init__(self, folder, database_url=None):
        self.harness = Harness(service, folder, database_url=database_url, retry_ladder=LADDER)
        self.runtime = self.harness.runtime
        with self.runtime.db.engine.begin() as connection:
            Base.metadata.create_all(connection)
            for table in (*Base.metadata.sorted_tables, *CommonBase.metadata.sorted_tables):
                connection.execute(table.delete())
        self.deliveries = []  # (event id, what became of it), in the order of handling
        self.before_handler = nothing
        self.after_handler = nothing
        self.after_commit = nothing
        self.after_confirm = nothing
        self.start()

    def start(self):
        """Connect relay and consumer to a broker, as a new process does."""
        self.broker = self.new_broker()
        self.broker.subscribe(self.runtime, self.handle)
        self.relay = Relay(self.runtime, _Confirming(self), self.runtime.ladder)
        self.consumer = Consumer(self.runtime, self.runtime.ladder)

    def restart(self):
        """Begin again after a crash; the faults have happened."""
        self.broker.close()
        self.before_handler = self.after_handler = nothing
        self.after_commit = self.after_confirm = nothing
        self.start()

    def handle(self, subscription, messages):
        """Consumer.handle, with the places at which it may crash."""

        def function(event, session):
            self.before_handler(event)
            answer = subscription.function(event, session)
            self.after_handler(event)
            return answer

        function.__name__ = subscription.function.__name__
        watched = dataclasses.replace(subscription, function=function)
        answers = self.consumer.handle(watched, messages)
        self.deliveries += [
            (message.event_id, answer) for message, answer in zip(messages, answers, strict=True)
        ]
        self.after_commit(messages)
        return answers

    def given_parcels(self, count):
        """Store parcels that have not arrived; return their ids."""
        ids = [uuid7() for _ in range(count)]
        with self.runtime.transaction() as session:
            session.add_all(
                Parcel(id=each, organisation_id=each, account_id=each, label="box", weight=1)
                for each in ids
            )
        return ids

    def send(self, parcel_id, weight=1, then=nothing):
        """Publish, in a transaction of its own, that a parcel is on its way; return the id."""
        with self.runtime.transaction() as session:
            publish(session, ParcelSent(parcel_id=parcel_id, weight=weight))
            session.flush()
            then()
            newest = sa.select(OutboxRow.event_id).order_by(OutboxRow.id.desc()).limit(1)
            return str(session.scalar(newest))

    def deliver(self, *messages):
        """Hand messages to the broker as the relay of another service would."""
        assert self.broker.publish(messages) == [None] * len(messages)

    def arrivals(self, parcel_id):
        """Sequences of the events that arrived for a parcel, in the order of handling."""
        order = sa.select(Arrival).where(Arrival.parcel_id == parcel_id).order_by(Arrival.id)
        with self.runtime.reading() as session:
            return [each.sequence for each in session.scalars(order)]

    def outcomes(self, event_id):
        """What became of each delivery of an event."""
        return [type(answer).__name__ for known, answer in self.deliveries if known == event_id]

    def outbox(self):
        """Types of what is still to be sent."""
        with self.runtime.reading() as session:
            return list(session.scalars(sa.select(OutboxRow.type).order_by(OutboxRow.id)))

    def settle(self):
        """Go on until nothing is on its way any more, doubles included."""
        (marker,) = self.given_parcels(1)
        self.send(marker)
        self.until(lambda: self.arrivals(marker) and not self.outbox(), "quiet")

    def require_each_once(self, parcels):
        """Raise AssertionError for a parcel whose event was lost or applied twice."""
        found = {each: len(self.arrivals(each)) for each in parcels}
        lost = [each for each, count in found.items() if count == 0]
        twice = [each for each, count in found.items() if count > 1]
        assert not lost, f"lost: {lost}"
        assert not twice, f"applied twice: {twice}"

    @abstractmethod
    def new_broker(self):
        """Make the broker's client."""

    @abstractmethod
    def until(self, condition, what="what was waited for"):
        """Relay and consume in this thread until the condition is true."""

    @abstractmethod
    def parked(self):
        """(event id, class of the error) of what is parked for count_arrival."""

    @abstractmethod
    def replay(self):
        """Send everything parked for count_arrival again."""

    def close(self):
        """Give everything back."""
        self.broker.close()
        self.runtime.close()


class _Confirming:
    """A broker for the relay that can end the process once it has confirmed."""

    def __init__(self, rig):
        self._rig = rig

    def publish(self, messages):
        answers = self._rig.broker.publish(messages)
        self._rig.after_confirm(messages)
        return answers


class EmbeddedRig(Rig):
    """Everything in this process, on SQLite; the clock is moved, nothing waits."""

    def new_broker(self):
        return EmbeddedBroker()

    def until(self, condition, what="what was waited for"):
        for _ in range(50):
            self.relay.send_all()
            if condition():
                return
            self.harness.clock.advance("PT1S")
        raise AssertionError(f"never happened: {what}")

    def parked(self):
        return [
            (self._id(each), each.error)
            for each in self.harness.rows(ParkedMessage)
            if each.subscription == ARRIVALS
        ]

    def replay(self):
        for each in embedded.parked(self.runtime):
            assert embedded.replay(self.runtime, each.id) is None

    def _id(self, row):
        with contextlib.suppress(ValueError):
            return str(UUID(row.body.decode().partition('"id":"')[2][:36]))
        return None


class RabbitRig(Rig):
    """RabbitMQ; the consumer runs in this thread until the condition is true."""

    def __init__(self, folder, database_url, broker_url):
        self.url = broker_url
        self.delete_queues()
        super().__init__(folder, database_url)

    def new_broker(self):
        return RabbitBroker(self.url, self.runtime.ladder, TOPOLOGY)

    def until(self, condition, what="what was waited for"):
        self.broker.consume(_Until(self, condition, what))

    def parked(self):
        with self.channel() as channel:
            found = []
            while (got := channel.basic_get(parked_queue(ARRIVALS)))[0]:
                found.append((got[1].message_id, got[1].headers["x-error"]))
            return found  # what was got is not acknowledged, so closing the channel returns it

    def replay(self):
        environment = {"PORTAL_BROKER_URL": self.url, "PATH": os.environ["PATH"]}
        result = CliRunner().invoke(
            portalctl, ["parked", "replay", ARRIVALS, "--all"], env=environment
        )
        assert result.exit_code == 0, result.output

    @contextlib.contextmanager
    def channel(self):
        """A channel of the other client library."""
        with pika.BlockingConnection(pika.URLParameters(self.url)) as connection:
            yield connection.channel()

    def delete_queues(self):
        """Leave no queue of ours on the broker."""
        with self.channel() as channel:
            for queue in queues(TOPOLOGY, Ladder.parse(LADDER)):
                channel.queue_delete(queue.name)

    def close(self):
        super().close()
        self.delete_queues()


class _Until:
    """A stop for the consumer: set once the condition is true, and never later than patience."""

    def __init__(self, rig, condition, what):
        self._rig, self._condition, self._what = rig, condition, what
        self._deadline = time.monotonic() + PATIENCE_SECONDS

    def is_set(self):
        self._rig.relay.send_all()
        if self._condition():
            return True
        assert time.monotonic() < self._deadline, f"never happened: {self._what}"
        return False
