"""The story of one person, four ways: embedded, on real servers, as processes, and with faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from deploy.local import seed
from deploy.local.portal import Portal
from deploy.local.story import Story, un_list
from tests.estate import runbooks
from tests.estate.collector import Collector, Span
from tests.estate.conftest import FaultyBroker, Running


def play(portal: Portal, lists: Path | None) -> Story:
    """Seed an empty estate and play the story on it."""
    seed.fill(portal, lists)
    story = Story(portal, lambda line: None, un_list(lists))
    story.play()
    return story


def check(story: Story) -> None:
    """What is true after the story, wherever it was played."""
    receipts = story.made["receipts"]
    assert set(receipts) == set(OWNERS_OF_PERSONAL_DATA)
    orders = [
        each for each in receipts["shop"]["tables"] if each["table"] == "orders" and each["kept"]
    ]
    assert [each["kept"] for each in orders] == [1]
    placed = story.made["order"]["placed_at"]
    assert orders[0]["until"] == f"{int(placed[:4]) + 8}-12-31"
    contact = story.made["order"]["contact"]
    assert story.made["order_afterwards"]["contact"] == contact
    assert story.family not in str(story.made["shown"])
    assert story.made["shown"]["display_name"] == "Former user"


def work_goes_on(story: Story) -> None:
    """A colleague writes in the case and changes the own name, and staff confirm the order."""
    story.colleague.sign_in()
    seen = {"If-Match": story.colleague.send("GET", "identity", "accounts/me").headers["ETag"]}
    name = {"given_name": "Melchior"}
    story.colleague.send("PATCH", "identity", "accounts/me", json=name, headers=seen)
    shop = story.portal.sign_in(seed.address("shop"), seed.PASSWORD)
    message = {"text": "It is the left one."}
    case, order = story.made["case"]["id"], story.made["order"]["id"]
    story.colleague.post("service-cases", f"cases/{case}/messages", message)
    shop.change("shop", f"orders/{order}", "confirmation", None)
    story.portal.settle()


def end_the_relation(story: Story) -> None:
    """The customer is one no more: its drawings go, its people's accounts are closed (S55)."""
    admin = story.staff["admin"]
    admin.sign_in()
    customer = story._customer()
    admin.change("identity", f"organisations/{customer['id']}", "end-of-relation", {})
    story.portal.until(lambda: story._standings(story.colleague) == {401})
    objects = list((story.portal.folder / "objects").rglob("*"))
    story.portal.until(lambda: not [each for each in objects if each.is_file()])


def test_the_story_embedded(settled: Callable[..., Portal], real_lists: Path) -> None:
    check(play(settled(), real_lists))


def test_the_story_embedded_with_the_bundled_sample(settled: Callable[..., Portal]) -> None:
    check(play(settled(), None))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_story_with_duplicates_reordering_and_every_handler_failing_once(
    settled: Callable[..., Portal], number: int
) -> None:
    broker = FaultyBroker(number)
    portal = settled(broker, fail_once=True)
    story = play(portal, None)
    check(story)
    work_goes_on(story)
    end_the_relation(story)
    estate: Any = portal.estate
    subscribed = {
        each.name for runtime in estate.runtimes.values() for each in runtime.subscriptions
    }
    assert estate.failed_once == subscribed, "a handler that was never called was never tested"
    assert parked(estate) == []


@pytest.mark.rabbit
@pytest.mark.postgres
def test_the_story_in_one_process_on_rabbitmq_and_postgresql(
    on_servers: Callable[[], Portal],
) -> None:
    story = play(on_servers(), None)
    check(story)
    said = runbooks.run_all(story)
    assert set(said) == set(runbooks.commands()) - {runbooks.ASKS_THE_PUBLISHERS}


@pytest.mark.rabbit
@pytest.mark.postgres
def test_the_story_as_separate_processes(running: Running) -> None:
    story = play(running.portal, None)
    check(story)
    one_trace_follows_a_registration(running.collector, story)


def one_trace_follows_a_registration(collector: Collector, story: Story) -> None:
    """From the gateway through identity, its outbox and the broker into every service."""
    everywhere = {"portal-gateway", *(f"portal-{name}" for name in OWNERS_OF_PERSONAL_DATA)}

    def whole(spans: list[Span]) -> bool:
        known = {each.id for each in spans}
        begun = [each.process for each in spans if each.parent not in known]
        return begun == ["portal-gateway"] and {each.process for each in spans} == everywhere

    confirmed = "portal-identity", "POST /registrations/confirmation"
    story.portal.until(lambda: any(whole(spans) for spans in collector.having(*confirmed)))
    texts = "".join(each.text for spans in collector.traces.values() for each in spans)
    assert "registrations/confirmation" in texts
    assert story.family not in texts
    assert "@" not in texts


def parked(estate: Any) -> list[str]:
    """Subscriptions with parked messages."""
    from common.messaging.brokers.embedded import ParkedMessage

    found: list[str] = []
    for runtime in estate.runtimes.values():
        with runtime.reading() as session:
            found += [each.subscription for each in session.query(ParkedMessage)]
    return found
