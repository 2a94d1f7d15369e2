"""What the queues promise, asked of the broker itself by the other client library."""

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from common.messaging.brokers import BrokerUnavailable
from common.messaging.topology import EXCHANGE, Ladder, parked_queue, queues, retry_queue
from sample.rig import ARRIVALS, LADDER, TOPOLOGY, eventually

pytestmark = pytest.mark.rabbit
RUNGS = LADDER.split(",")


@pytest.fixture
def made(rig):
    """The topology of the sample service, made by the runtime client."""
    rig.deliver()
    return rig


def refusal(rig, name, arguments):
    """What the broker says to a declaration with these arguments; None when they are the same."""
    with rig.channel() as channel:
        try:
            channel.queue_declare(name, durable=True, arguments=arguments)
        except ChannelClosedByBroker as error:
            return error.reply_text
    return None


def put(rig, queue, body=b"{}", **properties):
    with rig.channel() as channel:
        channel.confirm_delivery()
        properties = pika.BasicProperties(delivery_mode=2, **properties)
        channel.basic_publish("", queue, body, properties, mandatory=True)


def count(rig, queue):
    with rig.channel() as channel:
        return channel.queue_declare(queue, passive=True).method.message_count


def test_every_queue_has_the_declared_arguments(made):
    for queue in queues(TOPOLOGY, Ladder.parse(LADDER)):
        assert refusal(made, queue.name, dict(queue.arguments)) is None
        for left_out in queue.arguments:  # the broker does compare each of them
            others = {name: value for name, value in queue.arguments.items() if name != left_out}
            assert f"inequivalent arg '{left_out}'" in refusal(made, queue.name, others)


def test_the_exchange_is_a_durable_topic_exchange(made):
    with made.channel() as channel:
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
        with pytest.raises(ChannelClosedByBroker, match="type"):
            channel.exchange_declare(EXCHANGE, "fanout", durable=True)


def test_what_is_published_reaches_the_queues_that_are_bound_and_no_other(made):
    with made.channel() as channel:
        for key in ("sample.ParcelSent.v1", "sample.ParcelSent.v2", "identity.AccountBlocked.v1"):
            channel.basic_publish(EXCHANGE, key, b"{}")
        channel.confirm_delivery()
        channel.basic_publish(EXCHANGE, "sample.ParcelSent.v1", b"{}", mandatory=True)
    eventually(lambda: count(made, ARRIVALS) == 2)
    eventually(lambda: count(made, "sample.keep_standing") == 1)


def test_a_message_that_ends_its_consumer_again_and_again_is_parked(made):
    put(made, ARRIVALS, message_id="deadly", type="sample.ParcelSent.v1")
    for _ in range(100):
        with made.channel() as channel:
            method, _, _ = channel.basic_get(ARRIVALS)
            if method is None:
                break
            channel.basic_reject(method.delivery_tag, requeue=True)
    eventually(lambda: count(made, parked_queue(ARRIVALS)) == 1)
    assert count(made, ARRIVALS) == 0
    with made.channel() as channel:
        _, properties, body = channel.basic_get(parked_queue(ARRIVALS), auto_ack=True)
    assert (properties.message_id, body) == ("deadly", b"{}")
    assert properties.headers["x-first-death-reason"] == "delivery_limit"


@pytest.mark.parametrize("rung", RUNGS)
def test_a_rung_gives_the_message_back_to_its_own_queue_alone(made, rung):
    put(made, retry_queue(ARRIVALS, rung), message_id="again", headers={"x-attempt": 2})
    eventually(lambda: count(made, ARRIVALS) == 1)
    assert count(made, "sample.keep_standing") == 0
    assert count(made, retry_queue(ARRIVALS, rung)) == 0
    with made.channel() as channel:
        _, properties, body = channel.basic_get(ARRIVALS, auto_ack=True)
    assert (properties.message_id, body) == ("again", b"{}")
    assert properties.headers["x-attempt"] == 2


def test_looking_at_a_parked_message_often_does_not_drop_it(made):
    put(made, parked_queue(ARRIVALS))
    for _ in range(30):
        with made.channel() as channel:
            assert channel.basic_get(parked_queue(ARRIVALS))[0] is not None
    eventually(lambda: count(made, parked_queue(ARRIVALS)) == 1)


def test_a_full_queue_refuses_and_the_row_stays_in_the_outbox(made):
    (parcel,) = made.given_parcels(1)
    queue = queues(TOPOLOGY, Ladder.parse(LADDER))
    with made.channel() as channel:
        channel.queue_delete(ARRIVALS)
        tight = next(each for each in queue if each.name == ARRIVALS)
        channel.queue_declare(
            ARRIVALS, durable=True, arguments={**tight.arguments, "x-max-length": 1}
        )
        channel.queue_bind(ARRIVALS, EXCHANGE, "sample.ParcelSent.v1")
    for _ in range(20):  # the limit is soft: the broker says no a little later
        made.send(parcel)
        made.relay.send_all()
    assert made.outbox()


def test_making_the_topology_twice_changes_nothing(made):
    put(made, ARRIVALS)
    made.restart()
    made.deliver()
    assert count(made, ARRIVALS) == 1


def test_a_queue_that_differs_is_reported_and_nothing_is_sent_past_it(made):
    (parcel,) = made.given_parcels(1)
    with made.channel() as channel:
        channel.queue_delete(ARRIVALS)
        channel.queue_declare(ARRIVALS, durable=True, arguments={"x-queue-type": "quorum"})
    made.restart()
    made.send(parcel)
    with pytest.raises(BrokerUnavailable, match="a queue differs"):
        made.relay.send_all()
    assert len(made.outbox()) == 1
