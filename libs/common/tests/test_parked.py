"""Parked messages of an embedded estate: listed, shown, replayed after the fix, dropped."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner

from common import processes
from common.messaging.brokers import embedded
from common.messaging.brokers.embedded import EmbeddedBroker
from common.testing.harness import Harness
from sample.app import service
from sample.models import Parcel, ParcelSent


@pytest.fixture
def harness(tmp_path):
    made = Harness(service, tmp_path)
    service.parts["models"].Base.metadata.create_all(made.runtime.db.engine)
    return made


@pytest.fixture
def operate(harness, monkeypatch):
    monkeypatch.setattr(service, "runtime", lambda: harness.runtime, raising=False)
    group = processes.command_line(service, ())

    def run(*arguments):
        return CliRunner().invoke(group, ["parked", *map(str, arguments)])

    return run


def park_arrival(harness) -> UUID:
    """A parcel of 666 grams falls at every try, until its message is parked."""
    parcel = Parcel(organisation_id=uuid4(), account_id=uuid4(), label="x", weight=666)
    harness.given(parcel)
    message = harness.message(ParcelSent(parcel_id=parcel.id, weight=666))
    broker = EmbeddedBroker()
    broker.subscribe(harness.runtime, harness.runtime.consumer.handle)
    last = len(harness.runtime.ladder.rungs) + 1
    tries = [
        broker.publish([type(message)(message.type, message.body, message.event_id, attempt)])
        for attempt in range(1, last + 1)
    ]
    assert tries == [["Dropped"]] * (last - 1) + [[None]]
    return parcel.id


def arrivals(harness, parcel_id):
    return harness.rows(Parcel, Parcel.id == parcel_id)[0].arrivals


def test_what_fails_for_good_is_listed_with_the_class_of_its_failure(harness, operate):
    park_arrival(harness)
    [line] = operate("list").output.splitlines()
    assert line.split("\t")[1:4] == ["sample.count_arrival", "sample.ParcelSent.v1", "Dropped"]
    shown = operate("show", line.split("\t")[0]).output
    assert '"type":"sample.ParcelSent.v1"' in shown


def test_a_replay_before_the_fix_fails_again_and_loses_nothing(harness, operate):
    parcel_id = park_arrival(harness)
    [row] = embedded.parked(harness.runtime)
    again = operate("replay", row.id)
    assert again.exit_code == 1
    assert "Dropped" in again.output
    assert len(embedded.parked(harness.runtime)) == 1
    assert arrivals(harness, parcel_id) == 0


def test_a_replay_after_the_fix_is_handled_once(harness, operate, monkeypatch):
    parcel_id = park_arrival(harness)
    [row] = embedded.parked(harness.runtime)

    def mended(event, session):
        session.get_one(Parcel, event.parcel_id).arrivals += 1

    mended.__name__ = "count_arrival"
    subscriptions = [
        each if each.name != row.subscription else type(each)(each.service, mended, each.types)
        for each in harness.runtime.subscriptions
    ]
    monkeypatch.setattr(harness.runtime, "subscriptions", tuple(subscriptions))
    assert operate("replay", row.id).exit_code == 0
    assert arrivals(harness, parcel_id) == 1
    assert embedded.parked(harness.runtime) == []
    assert operate("replay", row.id).exit_code == 1
    assert arrivals(harness, parcel_id) == 1


def test_dropping_asks_first_and_forgets_then(harness, operate):
    park_arrival(harness)
    [row] = embedded.parked(harness.runtime)
    assert operate("drop", row.id).exit_code == 1
    assert len(embedded.parked(harness.runtime)) == 1
    assert operate("drop", "--yes", row.id).exit_code == 0
    assert embedded.parked(harness.runtime) == []
