"""The relay alone, between a real database and a broker that answers as the test says."""

import threading
from threading import Event, Thread

import pytest
import sqlalchemy as sa

from common.db import is_lost
from common.ids import uuid7
from common.messaging import publish
from common.messaging import relay as relays
from common.messaging.brokers import BrokerUnavailable
from common.messaging.outbox import OutboxRow
from common.messaging.relay import Relay
from common.messaging.topology import Ladder
from sample.app import service
from sample.models import ParcelSent
from sample.rig import eventually


class Recording:
    """Confirms what it is not told to refuse, and remembers who sent it."""

    def __init__(self):
        self.taken, self.refuses = [], set()
        self.tries = []
        self.away = False

    def publish(self, messages):
        if self.away:
            raise BrokerUnavailable("ConnectionRefusedError")
        self.tries += [each.event_id for each in messages]
        self.taken += [each.event_id for each in messages if each.event_id not in self.refuses]
        return ["unroutable" if each.event_id in self.refuses else None for each in messages]


def relay_of(harness, broker):
    return Relay(harness.runtime, broker, harness.runtime.ladder)


def send(harness, count=1):
    """Publish so many events; return their ids."""
    with harness.runtime.transaction() as session:
        for _ in range(count):
            publish(session, ParcelSent(parcel_id=uuid7(), weight=1))
        session.flush()
        newest = sa.select(OutboxRow.event_id).order_by(OutboxRow.id.desc()).limit(count)
        return [str(each) for each in session.scalars(newest)][::-1]


def waiting(harness):
    with harness.runtime.reading() as session:
        return {str(each) for each in session.scalars(sa.select(OutboxRow.event_id))}


@pytest.fixture
def running():
    """Function that runs a relay in a thread as a worker does; all have ended afterwards."""
    stop, threads, ended = Event(), [], []

    def run(relay):
        def work():
            try:
                relay.run(stop)
            except Exception as error:
                ended.append(error)

        threads.append(Thread(target=work))
        threads[-1].start()
        return threads[-1]

    run.ended = ended
    yield run
    stop.set()
    for each in threads:
        each.join(timeout=10)
    assert not any(each.is_alive() for each in threads)


# ------------------------------------------------------------------------------ rows and refusals


def test_a_refused_row_waits_while_the_rows_behind_it_go(sample):
    broker = Recording()
    bad, *others = send(sample, 5)
    broker.refuses = {bad}
    relay_of(sample, broker).send_all()
    assert broker.taken == others
    assert waiting(sample) == {bad}


def test_a_refused_row_is_tried_at_every_rung_and_then_at_the_last_one_for_ever(sample):
    broker = Recording()
    (bad,) = send(sample)
    broker.refuses = {bad}
    relay = relay_of(sample, broker)
    for waits in ("PT5S", "PT30S", "PT5M", "PT1H", "PT1H"):
        relay.send_all()
        tried = len(broker.tries)
        sample.clock.advance("PT0S")
        relay.send_all()
        assert len(broker.tries) == tried, "tried before its time"
        sample.clock.advance(waits)
    broker.refuses = set()
    relay.send_all()
    assert broker.taken == [bad]
    assert waiting(sample) == set()


def test_a_refused_row_is_tried_again_where_there_is_no_ladder(sample):
    broker = Recording()
    (bad,) = send(sample)
    broker.refuses = {bad}
    relay = Relay(sample.runtime, broker, Ladder.parse(""))
    relay.send_all()
    sample.clock.advance("PT2S")
    broker.refuses = set()
    relay.send_all()
    assert waiting(sample) == set()


def test_a_broker_that_is_away_leaves_every_row_as_it_was(sample):
    broker = Recording()
    sent = send(sample, 3)
    broker.away = True
    with pytest.raises(BrokerUnavailable):
        relay_of(sample, broker).send_all()
    assert waiting(sample) == set(sent)
    assert [each.attempts for each in sample.rows(OutboxRow)] == [0, 0, 0]
    broker.away = False
    relay_of(sample, broker).send_all()
    assert broker.taken == sent


def test_more_rows_than_a_batch_go_in_their_order(sample):
    broker = Recording()
    sent = send(sample, relays.BATCH + 7)
    assert relay_of(sample, broker).send_all() == len(sent)
    assert broker.taken == sent


# --------------------------------------------------------------------------- relays side by side


@pytest.fixture
def two(sample_on_postgres, tmp_path):
    """Two worker processes of one service: two runtimes on one database."""
    first = sample_on_postgres
    second = service.runtime(first.runtime.settings, clock=first.clock)
    yield first, second
    second.close()


def end_relay_connections(harness):
    """End the database connections that hold the relay's lock, as a failing network does."""
    with harness.runtime.db.engine.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        ).all()
    assert found


@pytest.mark.postgres
def test_of_two_relays_one_sends_and_the_other_takes_over_when_it_dies(two, running):
    first, second = two
    mine, theirs = Recording(), Recording()
    running(relay_of(first, mine))
    before = send(first)
    eventually(lambda: mine.taken == before)
    running(Relay(second, theirs, second.ladder))
    eventually(lambda: "relay" in second.ticks)
    more = send(first, 3)
    eventually(lambda: mine.taken == before + more)
    assert theirs.taken == []

    end_relay_connections(first)
    eventually(lambda: running.ended, "the first relay notices")
    assert is_lost(running.ended[0])
    after = send(first)
    eventually(lambda: theirs.taken == after)
    eventually(lambda: not waiting(first))
    assert mine.taken == before + more


@pytest.mark.postgres
def test_control_without_the_lock_both_relays_send_the_same_row(two, monkeypatch, running):
    first, second = two
    monkeypatch.setattr(Relay, "_lock", lambda *_: True)
    together = threading.Barrier(2, timeout=10)

    class Slow(Recording):
        def publish(self, messages):
            together.wait()  # both have read the rows before either forgets them
            return super().publish(messages)

    mine, theirs = Slow(), Slow()
    sent = send(first)
    threads = [
        Thread(target=relay_of(first, mine).send_all),
        Thread(target=Relay(second, theirs, second.ladder).send_all),
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert mine.taken == theirs.taken == sent


@pytest.mark.postgres
def test_a_relay_does_not_wait_for_the_lock_it_held_before_the_broker_went(
    sample_on_postgres, running
):
    broker = Recording()
    relay = relay_of(sample_on_postgres, broker)
    sent = send(sample_on_postgres)
    broker.away = True
    running(relay).join(timeout=10)
    assert isinstance(running.ended[0], BrokerUnavailable)
    broker.away = False
    with sample_on_postgres.runtime.db.engine.connect():  # another loop took it from the pool
        running(relay)
        eventually(lambda: broker.taken == sent)


@pytest.mark.postgres
def test_a_relay_hears_of_what_another_process_published(two, running, monkeypatch):
    first, second = two
    monkeypatch.setattr(relays, "POLL_SECONDS", 3600.0)
    broker = Recording()
    running(relay_of(first, broker))
    eventually(lambda: "relay" in first.runtime.ticks)
    try:
        with second.transaction() as session:
            publish(session, ParcelSent(parcel_id=uuid7(), weight=1))
        eventually(lambda: len(broker.taken) == 1, "the notification")
    finally:
        monkeypatch.undo()
        send(first)  # wakes the relay, which is then told to stop


def test_a_relay_hears_of_what_its_own_process_published(sample, running, monkeypatch):
    monkeypatch.setattr(relays, "POLL_SECONDS", 3600.0)
    broker = Recording()
    running(relay_of(sample, broker))
    eventually(lambda: "relay" in sample.runtime.ticks)
    send(sample)
    eventually(lambda: len(broker.taken) == 1, "the wake-up")
    monkeypatch.undo()
    sample.runtime.wake()
