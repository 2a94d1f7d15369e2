"""What holds between services holds on both brokers: one suite, two classes that run it."""

import contextlib
from threading import Event
from urllib.parse import urlsplit

import kombu
import pika
import psycopg
import pytest
import sqlalchemy as sa

from common.db import is_lost
from common.events.catalogue import AccountActivated, AccountBlocked, AccountErased
from common.ids import uuid7
from common.messaging import consumer, publish
from common.messaging import relay as relays
from common.messaging.brokers import Message, rabbit
from common.messaging.brokers.rabbit import RabbitBroker
from common.messaging.outbox import NotTheOwner, OutboxRow
from common.processes import start_loops
from common.testing.servers import create_database, drop_database
from common.web.standing import AccountStanding, Standing
from sample.handlers import Dropped
from sample.models import ParcelSent
from sample.rig import (
    ARRIVALS,
    TOPOLOGY,
    Crash,
    Door,
    EmbeddedRig,
    RabbitRig,
    eventually,
    nothing,
)


def once(error):
    """A hook that fails the first time it is called."""
    calls = []

    def hook(*_):
        calls.append(1)
        if len(calls) == 1:
            raise error

    return hook


def raising(error):
    """A hook that always fails."""

    def hook(*_):
        raise error

    return hook


class _Everything:
    """An inbox that was never anywhere: nothing was handled before."""

    def __contains__(self, _):
        return True

    def remove(self, _):
        pass


def without_inbox(session, subscription, event_ids):
    return _Everything()


class Stopped:
    """A stop that is set from the beginning."""

    def is_set(self):
        return True


def wait_until_dropped(connection):
    """Read from a connection, sending no heartbeats, until the broker has enough of it."""
    with contextlib.suppress(OSError):
        while True:
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=0.2)


class EveryBroker:
    """The suite; `rig` is a fixture of each class that runs it."""

    # ------------------------------------------------------------------------- the way out

    def test_what_is_published_arrives_once_and_leaves_the_outbox(self, rig):
        parcels = rig.given_parcels(3)
        for each in parcels:
            rig.send(each)
        rig.until(lambda: all(map(rig.arrivals, parcels)))
        rig.require_each_once(parcels)
        assert rig.outbox() == []

    def test_a_rolled_back_transaction_publishes_nothing(self, rig):
        (parcel,) = rig.given_parcels(1)
        with pytest.raises(Dropped):
            rig.send(parcel, then=raising(Dropped()))
        rig.settle()
        assert rig.arrivals(parcel) == []
        rig.send(parcel)  # nothing but the rollback was in the way
        rig.until(lambda: rig.arrivals(parcel))

    def test_a_service_cannot_publish_what_another_owns(self, rig):
        with pytest.raises(NotTheOwner), rig.runtime.transaction() as session:
            publish(session, AccountBlocked(account_id=uuid7(), organisation_id=None, epoch=1))
        assert rig.outbox() == []

    # --------------------------------------------------------------------------- order

    def test_events_about_one_subject_arrive_in_their_order(self, rig):
        parcels = rig.given_parcels(2)
        for _ in range(30):
            for each in parcels:
                rig.send(each)
        rig.until(lambda: all(len(rig.arrivals(each)) == 30 for each in parcels))
        for each in parcels:
            assert rig.arrivals(each) == list(range(1, 31))

    def test_control_a_relay_that_sends_backwards_is_noticed(self, rig, monkeypatch):
        send = rig.broker.publish
        monkeypatch.setattr(rig.broker, "publish", lambda some: send(some[::-1])[::-1])
        (parcel,) = rig.given_parcels(1)
        for _ in range(5):
            rig.send(parcel)
        rig.until(lambda: len(rig.arrivals(parcel)) == 5)
        assert rig.arrivals(parcel) != [1, 2, 3, 4, 5]

    def test_standing_keeps_the_newest_whatever_comes_late(self, rig):
        account = uuid7()
        facts = {"account_id": account, "organisation_id": uuid7(), "epoch": 1}
        message = rig.harness.message
        rig.deliver(
            message(AccountBlocked(**facts), sequence=3),
            message(AccountActivated(**facts), sequence=2),
        )
        rig.until(lambda: len(rig.deliveries) == 2)
        (standing,) = rig.harness.rows(AccountStanding)
        assert (standing.state, standing.sequence) == (Standing.BLOCKED, 3)

    def test_an_erased_account_does_not_come_back(self, rig):
        facts = {"account_id": uuid7(), "organisation_id": None, "epoch": 1}
        message = rig.harness.message
        rig.deliver(message(AccountErased(**facts), sequence=9))
        rig.deliver(message(AccountActivated(**facts), sequence=8))
        rig.until(lambda: len(rig.deliveries) == 2)
        (standing,) = rig.harness.rows(AccountStanding)
        assert standing.state is Standing.ERASED

    # ------------------------------------------------------------------------- duplicates

    def test_an_event_delivered_three_times_is_applied_once(self, rig):
        parcels = rig.given_parcels(1)
        message = rig.harness.message(ParcelSent(parcel_id=parcels[0], weight=1))
        rig.deliver(message, message)
        rig.deliver(message)
        rig.until(lambda: len(rig.deliveries) == 3)
        assert rig.outcomes(message.event_id) == ["Done", "Done", "Done"]
        rig.require_each_once(parcels)

    def test_control_without_the_inbox_it_would_be_applied_twice(self, rig, monkeypatch):
        monkeypatch.setattr(consumer.inbox, "take", without_inbox)
        parcels = rig.given_parcels(1)
        message = rig.harness.message(ParcelSent(parcel_id=parcels[0], weight=1))
        rig.deliver(message)
        rig.until(lambda: len(rig.deliveries) == 1)
        rig.deliver(message)
        rig.until(lambda: len(rig.deliveries) == 2)
        with pytest.raises(AssertionError, match="applied twice"):
            rig.require_each_once(parcels)

    # --------------------------------------------------------------- failure, retry, parking

    def test_a_failed_event_comes_again_and_succeeds(self, rig):
        parcels = rig.given_parcels(1)
        rig.before_handler = once(Dropped())
        event_id = rig.send(parcels[0])
        rig.until(lambda: rig.arrivals(parcels[0]))
        assert rig.outcomes(event_id) == ["Retry", "Done"]
        rig.require_each_once(parcels)

    def test_nothing_of_a_failed_try_is_kept(self, rig):
        parcels = rig.given_parcels(1)
        rig.after_handler = once(Dropped())
        event_id = rig.send(parcels[0])
        rig.until(lambda: rig.arrivals(parcels[0]))
        assert rig.outcomes(event_id) == ["Retry", "Done"]
        rig.require_each_once(parcels)

    def test_poison_is_parked_while_its_neighbours_flow_on(self, rig):
        good, bad = rig.given_parcels(4), rig.given_parcels(1)[0]
        for each in good[:2]:
            rig.send(each)
        poison = rig.send(bad, weight=666)
        for each in good[2:]:
            rig.send(each)
        rig.until(lambda: "Park" in rig.outcomes(poison))
        rig.require_each_once(good)
        assert rig.outcomes(poison) == ["Retry", "Retry", "Park"]
        assert rig.parked() == [(poison, "Dropped")]
        assert rig.arrivals(bad) == []
        rig.until(lambda: not rig.outbox())

    def test_what_cannot_be_read_is_parked_at_once(self, rig):
        parcels = rig.given_parcels(2)
        read = rig.harness.message(ParcelSent(parcel_id=parcels[0], weight=1))
        future = read.body.replace(b"ParcelSent.v1", b"ParcelSent.v9").replace(
            read.event_id.encode(), str(uuid7()).encode()
        )
        rig.deliver(
            Message(read.type, b"no envelope \xff", "a"),
            read,
            Message(read.type, future, "b"),
            rig.harness.message(ParcelSent(parcel_id=parcels[1], weight=1)),
        )
        rig.until(lambda: len(rig.deliveries) == 4)
        rig.require_each_once(parcels)
        assert [error for _, error in rig.parked()] == ["Undecodable", "UnknownSchema"]

    def test_what_was_parked_is_applied_when_it_is_replayed_after_the_fix(self, rig):
        parcels = rig.given_parcels(1)
        rig.before_handler = raising(Dropped())
        event_id = rig.send(parcels[0])
        rig.until(lambda: rig.parked())
        rig.before_handler = nothing
        rig.replay()
        rig.until(lambda: rig.arrivals(parcels[0]))
        assert rig.parked() == []
        rig.require_each_once(parcels)
        assert rig.outcomes(event_id)[:3] == ["Retry", "Retry", "Park"]

    # -------------------------------------------------------------------------- crashes

    STEPS = ("after inbox", "after handler", "after commit", "after confirm")

    def crash(self, rig, monkeypatch, step):
        """Order one crash at a step of the way from outbox to acknowledgement."""
        hook = once(Crash())
        if step == "after inbox":
            take = consumer.inbox.take

            def taken(*args):
                found = take(*args)
                hook()
                return found

            monkeypatch.setattr(consumer.inbox, "take", taken)
        else:
            setattr(rig, step.replace("after ", "after_"), hook)

    @pytest.mark.parametrize("step", STEPS)
    def test_a_crash_loses_nothing_and_applies_nothing_twice(self, rig, monkeypatch, step):
        parcels = rig.given_parcels(3)
        self.crash(rig, monkeypatch, step)
        sent = [rig.send(each) for each in parcels]
        with pytest.raises(Crash):
            rig.until(lambda: False)
        rig.restart()
        rig.settle()
        rig.require_each_once(parcels)
        if step in ("after commit", "after confirm"):  # the work was done and came again
            assert any(len(rig.outcomes(each)) > 1 for each in sent)

    @pytest.mark.parametrize("step", ["after commit", "after confirm"])
    def test_control_without_the_inbox_a_crash_applies_twice(self, rig, monkeypatch, step):
        monkeypatch.setattr(consumer.inbox, "take", without_inbox)
        parcels = rig.given_parcels(3)
        self.crash(rig, monkeypatch, step)
        for each in parcels:
            rig.send(each)
        with pytest.raises(Crash):
            rig.until(lambda: False)
        rig.restart()
        rig.settle()
        with pytest.raises(AssertionError, match="applied twice"):
            rig.require_each_once(parcels)

    def test_control_a_relay_that_forgets_before_it_sends_loses(self, rig, monkeypatch):
        parcels = rig.given_parcels(3)
        for each in parcels:
            rig.send(each)
        with rig.runtime.db.engine.begin() as connection:
            connection.execute(relays._OUTBOX.delete())
        rig.restart()
        rig.settle()
        with pytest.raises(AssertionError, match="lost"):
            rig.require_each_once(parcels)

    def test_a_crash_after_a_failure_was_noted_loses_nothing(self, rig):
        parcels = rig.given_parcels(1)
        rig.before_handler = once(Dropped())
        rig.after_commit = once(Crash())
        rig.send(parcels[0])
        with pytest.raises(Crash):
            rig.until(lambda: False)
        rig.restart()
        rig.until(lambda: rig.arrivals(parcels[0]))
        rig.settle()
        rig.require_each_once(parcels)


class TestEmbeddedBrokerOnSqlite(EveryBroker):
    @pytest.fixture
    def rig(self, tmp_path):
        made = EmbeddedRig(tmp_path)
        yield made
        made.close()


@pytest.fixture(scope="module")
def database_url(postgres_server):
    """A database that each rig empties: making one takes as long as a test."""
    name = f"test_brokers_{uuid7().hex}"
    yield create_database(postgres_server.url, name)
    drop_database(postgres_server.url, name)


@pytest.mark.rabbit
@pytest.mark.postgres
class TestRabbitOnPostgres(EveryBroker):
    @pytest.fixture
    def rig(self, tmp_path, rabbit_server, database_url):
        made = RabbitRig(tmp_path, database_url, rabbit_server.url)
        yield made
        made.close()

    @pytest.fixture
    def working(self, rig, rabbit_server):
        """Function that starts the loops of a worker, with a door between them and the broker."""
        door, stop, threads = Door(rabbit_server.url), Event(), []

        def work():
            rig.runtime.broker = RabbitBroker(door.url, rig.runtime.ladder, TOPOLOGY)
            threads.extend(start_loops(rig.runtime, stop))
            return door

        yield work
        stop.set()
        rig.runtime.wake()
        for each in threads:
            each.join(timeout=10)
        door.shut()
        assert not any(each.is_alive() for each in threads)

    def test_a_worker_waits_for_a_broker_that_comes_later_and_carries_on(self, rig, working):
        parcels = rig.given_parcels(2)
        rig.send(parcels[0])
        door = working()
        rig.send(parcels[1])
        eventually(lambda: "relay" in rig.runtime.ticks or rig.outbox(), "the loops run")
        assert len(rig.outbox()) == 2
        door.open()
        eventually(lambda: all(map(rig.arrivals, parcels)))
        rig.require_each_once(parcels)
        eventually(lambda: not rig.outbox())

    def test_a_worker_survives_a_broker_that_goes_away_for_a_while(self, rig, working):
        parcels = rig.given_parcels(20)
        door = working()
        door.open()
        for each in parcels[:10]:
            rig.send(each)
        eventually(lambda: rig.arrivals(parcels[0]))
        door.shut()
        for each in parcels[10:]:
            rig.send(each)
        door.open()
        eventually(lambda: all(map(rig.arrivals, parcels)))
        eventually(lambda: not rig.outbox())
        rig.require_each_once(parcels)

    def test_nothing_is_acknowledged_when_the_database_goes_away(self, rig, postgres_server):
        parcels = rig.given_parcels(3)

        def end_connections(_):
            database = urlsplit(rig.runtime.settings.database_url).path.removeprefix("/")
            with psycopg.connect(postgres_server.url) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    [database],
                )

        rig.before_handler = end_connections
        sent = [rig.send(each) for each in parcels]
        with pytest.raises(sa.exc.OperationalError) as caught:
            rig.until(lambda: False)
        assert is_lost(caught.value)
        assert not any(map(rig.outcomes, sent))
        rig.restart()
        rig.settle()
        rig.require_each_once(parcels)

    def test_a_sender_that_had_nothing_to_send_for_long_can_send(self, rig, monkeypatch):
        monkeypatch.setattr(rabbit, "HEARTBEAT_SECONDS", 1)
        parcels = rig.given_parcels(2)
        rig.send(parcels[0])
        rig.relay.send_all()
        idle = kombu.Connection(rig.url, heartbeat=1)
        idle.connect()
        wait_until_dropped(idle)
        rig.send(parcels[1])
        rig.relay.send_all()
        assert rig.outbox() == []

    @pytest.mark.parametrize(
        "properties",
        [
            {"headers": {"compression": "application/x-gzip"}},
            {"headers": {"compression": "no such thing"}},
            {"content_encoding": "utf-16"},
            {"content_encoding": "raw_unicode_escape"},
            {"content_type": "application/x-python-serialize"},
            {"headers": {"x-attempt": "many"}},
            {},
        ],
    )
    def test_what_the_client_library_would_choke_on_is_parked(self, rig, properties):
        parcels = rig.given_parcels(2)
        before, after = (
            rig.harness.message(ParcelSent(parcel_id=each, weight=1)) for each in parcels
        )
        rig.deliver(before)
        with rig.channel() as channel:
            channel.basic_publish("", ARRIVALS, b"\\ud800 \x80", pika.BasicProperties(**properties))
        rig.deliver(after)
        rig.until(lambda: len(rig.deliveries) == 3)
        rig.require_each_once(parcels)
        assert [error for _, error in rig.parked()] == ["Undecodable"]

    @pytest.mark.parametrize("weight", [1, 666])
    def test_a_crash_after_a_message_went_to_its_ladder_loses_nothing(
        self, rig, monkeypatch, weight
    ):
        parcels = rig.given_parcels(1)
        if weight == 1:
            rig.before_handler = once(Dropped())
        send, crash = rabbit._Sender.send, once(Crash())

        def send_and_crash(sender, messages):
            answers = send(sender, messages)
            if messages[0][0] == "":
                crash()
            return answers

        monkeypatch.setattr(rabbit._Sender, "send", send_and_crash)
        event_id = rig.send(parcels[0], weight)
        with pytest.raises(Crash):
            rig.until(lambda: False)
        rig.before_handler = nothing
        rig.broker.close()
        rig.start()
        if weight == 1:
            rig.until(lambda: rig.outcomes(event_id).count("Done") == 2)  # and its double
            rig.require_each_once(parcels)
        else:
            rig.until(lambda: rig.outcomes(event_id).count("Park") == 2)
            assert rig.parked() == [(event_id, "Dropped")] * 2

    def test_a_row_the_broker_cannot_route_does_not_stop_the_rows_behind_it(self, rig):
        parcels = rig.given_parcels(2)
        rig.send(parcels[0])
        rig.relay.send_all()
        with rig.channel() as channel:
            channel.queue_delete(ARRIVALS)
        rig.send(parcels[0])
        with rig.runtime.transaction() as session:  # an event that nobody asks for
            session.execute(
                sa.insert(OutboxRow).values(
                    event_id=uuid7(),
                    type="sample.ParcelBurnt.v1",
                    body=b"{}",
                    attempts=0,
                    next_try_at=rig.harness.clock.now(),
                )
            )
        rig.relay.send_all()
        assert rig.outbox() == ["sample.ParcelSent.v1"]
        rig.broker.consume(Stopped())  # makes the queue again
        rig.harness.clock.advance("PT1S")
        rig.until(lambda: rig.arrivals(parcels[0]))
        assert rig.outbox() == []

    def test_control_a_row_that_need_not_be_routed_is_gone_without_a_queue(self, rig, monkeypatch):
        parcels = rig.given_parcels(1)
        rig.relay.send_all()
        monkeypatch.setattr(rig, "broker", RabbitBroker(rig.url, rig.runtime.ladder, {}))
        with rig.channel() as channel:
            channel.exchange_declare("portal.events", "topic", durable=True)
            channel.queue_delete(ARRIVALS)
        rig.send(parcels[0])
        rig.relay.send_all()
        assert rig.outbox() == []
        rig.broker.close()

    def test_a_row_that_was_refused_often_keeps_all_its_tries(self, rig):
        parcels = rig.given_parcels(1)
        event_id = rig.send(parcels[0])
        with rig.runtime.transaction() as session:
            session.execute(sa.update(OutboxRow).values(attempts=9))
        rig.before_handler = once(Dropped())
        rig.until(lambda: rig.arrivals(parcels[0]))
        assert rig.outcomes(event_id) == ["Retry", "Done"]
