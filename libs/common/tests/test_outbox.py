"""What is published is in the caller's transaction, in order, and from its owner alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from common.db import Database
from common.events.catalogue import AccountActivated
from common.events.envelope import decode
from common.ids import uuid7
from common.jobs import forget_handled_events
from common.messaging import Cause, inbox, outbox, publish
from common.messaging.inbox import InboxRow
from common.messaging.outbox import OutboxRow, SubjectSequence
from sample.models import ParcelSent


def send(sample, *parcels, cause=None):
    with sample.runtime.db.transaction(
        runtime=sample.runtime, cause=cause or Cause("service:sample", "c-1")
    ) as session:
        for each in parcels:
            publish(session, ParcelSent(parcel_id=each, weight=1))


def envelopes(sample):
    with sample.runtime.reading() as session:
        bodies = session.scalars(sa.select(OutboxRow.body).order_by(OutboxRow.id)).all()
    return [decode(each)[0] for each in bodies]


def test_an_envelope_says_who_what_about_whom_and_why(sample):
    parcel, cause = uuid7(), Cause("0195f000", "c-7", "e-3")
    send(sample, parcel, cause=cause)
    (envelope,) = envelopes(sample)
    assert (envelope.source, envelope.type) == ("/sample", "sample.ParcelSent.v1")
    assert (envelope.subject, envelope.sequence) == (str(parcel), "1")
    assert (envelope.actor, envelope.correlationid, envelope.causationid) == (
        "0195f000", "c-7", "e-3"
    )  # fmt: skip
    assert envelope.time == sample.clock.now()
    (row,) = sample.rows(OutboxRow)
    assert (row.event_id, row.type, row.attempts) == (envelope.id, envelope.type, 0)


def test_what_follows_from_an_event_names_it_as_its_cause(sample):
    """The consumer gives the handler's publications the correlation of what they follow from."""
    from sample.app import service

    seen = []
    message = sample.message(AccountActivated(account_id=uuid7(), organisation_id=None, epoch=1))

    def handler(event, session):
        publish(session, ParcelSent(parcel_id=uuid7(), weight=1))
        seen.append(session.info["envelope"])

    handler.__name__ = "keep_standing"
    first = service.subscriptions[0]
    watched = type(first)("sample", handler, first.types)
    sample.runtime.consumer.handle(watched, [message])
    (heard,), (said,) = seen, envelopes(sample)
    assert said.causationid == str(heard.id)
    assert said.correlationid == heard.correlationid
    assert said.actor == heard.actor


def test_each_subject_is_counted_for_itself(sample):
    first, second = uuid7(), uuid7()
    send(sample, first, second, first)
    send(sample, first)
    counted = [(each.subject, each.order) for each in envelopes(sample)]
    assert counted == [
        (str(first), 1), (str(second), 1), (str(first), 2), (str(first), 3)
    ]  # fmt: skip


def test_a_rolled_back_number_is_given_again(sample):
    parcel = uuid7()

    def failing():
        with sample.runtime.transaction() as session:
            publish(session, ParcelSent(parcel_id=parcel, weight=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    send(sample, parcel)
    assert [each.sequence for each in envelopes(sample)] == ["1"]


def publish_together(sample, parcel, publishers=6, each=10):
    def run(_):
        for _ in range(each):
            send(sample, parcel)

    with ThreadPoolExecutor(publishers) as threads:
        list(threads.map(run, range(publishers)))
    return [envelope.order for envelope in envelopes(sample)]


@pytest.mark.postgres
def test_the_order_of_the_outbox_is_the_order_of_the_numbers(sample_on_postgres):
    assert publish_together(sample_on_postgres, uuid7()) == list(range(1, 61))


@pytest.mark.postgres
def test_control_a_number_that_is_read_and_then_written_is_given_twice(
    sample_on_postgres, monkeypatch
):
    def read_then_write(session, subject):
        known = session.get(SubjectSequence, subject)
        if known is None:
            known = SubjectSequence(subject=subject, sequence=0)
            session.add(known)
        known.sequence += 1
        return known.sequence

    parcel = uuid7()
    send(sample_on_postgres, parcel)
    monkeypatch.setattr(outbox, "_next_sequence", read_then_write)
    orders = publish_together(sample_on_postgres, parcel)
    assert orders != list(range(1, 62))


# ------------------------------------------------------------------------------- the inbox


def take(sample, *event_ids, subscription="sample.count_arrival"):
    with sample.runtime.transaction() as session:
        return inbox.take(session, subscription, event_ids)


def test_an_event_is_new_to_each_subscription_once(sample):
    first, second = uuid7(), uuid7()
    assert take(sample, first) == {first}
    assert take(sample, first, second, second) == {second}
    assert take(sample, first, second) == set()
    assert take(sample, first, subscription="sample.keep_standing") == {first}


@pytest.mark.postgres
def test_of_two_consumers_with_the_same_event_one_has_it(sample_on_postgres):
    event = uuid7()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: take(sample_on_postgres, event), range(4)))
    assert sorted(map(len, found)) == [0, 0, 0, 1]


def test_the_inbox_forgets_after_thirty_days_and_not_before(sample):
    take(sample, uuid7())
    sample.clock.advance("P30D")
    assert forget_handled_events(sample.runtime) == 0
    sample.clock.advance("PT1S")
    assert forget_handled_events(sample.runtime) == 1
    assert sample.rows(InboxRow) == []


def test_tables_of_the_outbox_are_in_every_services_database(sample):
    tables = sa.inspect(sample.runtime.db.engine).get_table_names()
    assert {"outbox", "inbox", "subject_sequences", "parked_messages"} <= set(tables)
    assert Database.is_postgres.fget(sample.runtime.db) is False
