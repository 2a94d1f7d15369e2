"""Queues and rungs as values: what they are called and what they promise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.events.catalogue import class_of
from common.messaging import on
from common.messaging.subscribe import subscriptions
from common.messaging.topology import (
    DELIVERY_LIMIT,
    Ladder,
    estate,
    is_consumed,
    parked_queue,
    queues,
    retry_queue,
)
from common.settings import Settings
from sample import handlers
from sample.app import service
from sample.models import ParcelSent

LADDER = Ladder.parse(Settings.retry_ladder)


def test_a_ladder_waits_longer_each_time_and_ends():
    assert [LADDER.wait(attempt) for attempt in (1, 2, 3, 4, 5, 6)] == [
        5.0, 30.0, 300.0, 3600.0, None, None
    ]  # fmt: skip
    assert LADDER.wait(0) is None


@pytest.mark.parametrize("text", ["5s", "PT5S,,later", "P1M", "PT5S PT30S"])
def test_what_is_no_list_of_durations_is_no_ladder(text):
    with pytest.raises(ValueError, match=r".*"):
        Ladder.parse(text)


def test_names_can_be_searched_for():
    assert parked_queue("shop.freeze_carts") == "shop.freeze_carts.parked"
    assert retry_queue("shop.freeze_carts", "PT30S") == "shop.freeze_carts.retry.30s"
    assert retry_queue("shop.freeze_carts", "P1D") == "shop.freeze_carts.retry.1d"
    assert LADDER.queue_after("shop.freeze_carts", 3) == "shop.freeze_carts.retry.5m"


@given(st.lists(st.sampled_from(["PT1S", "PT1M", "PT1H", "P1D", "PT0.5S", "PT90S"]), unique=True))
def test_every_queue_has_a_name_of_its_own(rungs):
    made = queues({"a.b": ["x"], "a.c": ["x"]}, Ladder(tuple(rungs)))
    names = [each.name for each in made]
    assert len(set(names)) == len(names) == 2 * (2 + len(rungs))


def test_no_queue_drops_a_message():
    own, parked, *rungs = queues({"shop.freeze_carts": ["x", "y"]}, LADDER)
    for each in (own, *rungs):
        assert each.arguments["x-queue-type"] == "quorum"
        assert each.arguments["x-dead-letter-strategy"] == "at-least-once"
        assert each.arguments["x-overflow"] == "reject-publish"
    assert own.routing_keys == ("x", "y")
    assert own.arguments["x-delivery-limit"] == DELIVERY_LIMIT
    assert own.arguments["x-dead-letter-routing-key"] == parked.name
    assert {each.arguments["x-dead-letter-routing-key"] for each in rungs} == {own.name}
    assert [each.arguments["x-message-ttl"] for each in rungs] == [5000, 30000, 300000, 3600000]
    assert not any(each.routing_keys for each in (parked, *rungs))
    assert parked.arguments["x-delivery-limit"] > 1000  # looking at a message is not handling it


def test_the_committed_subscriptions_name_types_of_the_catalogue():
    assert estate()
    for name, types in estate().items():
        assert name.count(".") == 1
        assert types
        for wire_type in types:
            assert class_of(wire_type) is not None, f"{name}: {wire_type}"
            assert is_consumed(wire_type)
    assert not is_consumed("identity.Nothing.v1")


def test_subscriptions_are_the_marked_functions_in_the_order_written():
    assert [each.name for each in service.subscriptions] == [
        "sample.keep_standing", "sample.count_arrival"
    ]  # fmt: skip
    assert service.subscriptions[1].types == ("sample.ParcelSent.v1",)


def test_marking_a_function_leaves_it_as_it_was():
    def count(event, session):
        return event, session

    assert on(ParcelSent)(count) is count
    assert count(1, 2) == (1, 2)
    assert [each.function for each in subscriptions("x", handlers)] == [
        handlers.keep_standing, handlers.count_arrival
    ]  # fmt: skip


def test_what_is_no_event_cannot_be_subscribed_to():
    module = type("handlers", (), {"odd": on(int)(lambda event, session: None)})
    with pytest.raises(AttributeError):
        subscriptions("x", module)
