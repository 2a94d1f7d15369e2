"""A creation with consequences happens once, however often and however closely it is sent."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError, Event

import pytest

from common.web import idempotency
from common.web.access import Role
from common.web.idempotency import StoredAnswer
from sample import routes
from sample.models import Parcel, ParcelSent
from sample.rig import PATIENCE_SECONDS, eventually

BODY = {"label": "box", "weight": 5}
KEY = {"Idempotency-Key": "key-00000001"}


def once(sample, caller, body=None, **headers):
    return caller.post("/parcels", body or BODY, headers={**KEY, **headers})


def test_the_same_request_again_gets_the_stored_answer_and_does_nothing(sample):
    caller = sample.sign_in()
    first, second = once(sample, caller), once(sample, caller)
    assert first.status_code == second.status_code == 201
    assert first.get_data() == second.get_data()
    assert first.content_type == second.content_type
    assert len(sample.rows(Parcel)) == len(sample.published(ParcelSent)) == 1


def test_control_another_key_does_it_again(sample):
    caller = sample.sign_in()
    once(sample, caller)
    once(sample, caller, **{"Idempotency-Key": "key-00000002"})
    assert len(sample.rows(Parcel)) == 2


def test_the_key_of_another_request_is_refused(sample):
    caller = sample.sign_in()
    once(sample, caller)
    answer = once(sample, caller, {**BODY, "weight": 6})
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/key-of-another-request")
    assert len(sample.rows(Parcel)) == 1


def test_the_same_key_of_somebody_else_is_another_key(sample):
    for _ in range(2):
        assert once(sample, sample.sign_in()).status_code == 201
    assert len(sample.rows(Parcel)) == 2


@pytest.mark.parametrize("key", ["", "short", "x" * 101, "with blanks", "ümlaut-key", "key\ttabs"])
def test_a_creation_without_a_proper_key_is_refused(sample, key):
    answer = once(sample, sample.sign_in(), **{"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/idempotency-key-missing"
    assert sample.rows(Parcel) == []


def test_a_refused_request_is_not_stored_and_may_be_corrected_under_the_same_key(sample):
    caller = sample.sign_in()
    assert once(sample, caller, {**BODY, "weight": 0}).status_code == 422
    assert sample.rows(StoredAnswer) == []
    assert once(sample, caller).status_code == 201


def test_who_may_not_is_refused_and_nothing_is_stored(sample):
    assert once(sample, sample.sign_in(Role.TRAINER)).status_code == 403
    assert sample.rows(StoredAnswer) == []


def test_a_failure_leaves_neither_the_work_nor_an_answer(sample, monkeypatch):
    def fall(*_):
        raise RuntimeError

    caller = sample.sign_in()
    monkeypatch.setattr(routes, "publish", fall)
    assert once(sample, caller).status_code == 500
    assert sample.rows(Parcel) == sample.rows(StoredAnswer) == []
    monkeypatch.undo()
    assert once(sample, caller).status_code == 201


def test_an_answer_is_stored_for_a_day(sample):
    caller = sample.sign_in()
    once(sample, caller)
    job = sample.service.jobs["sweep-retention"]
    sample.clock.advance("PT23H59M59S")
    assert job.run(sample.runtime) == 0
    sample.clock.advance("PT1S")
    assert job.run(sample.runtime) == 1
    assert sample.rows(StoredAnswer) == []


def test_the_key_and_the_body_are_stored_as_digests(sample):
    once(sample, sample.sign_in())
    (row,) = sample.rows(StoredAnswer)
    assert KEY["Idempotency-Key"] not in row.key
    assert len(row.key) == len(row.fingerprint) == 64


# ------------------------------------------------------------------------------- in flight


@pytest.fixture
def meeting(sample_on_postgres, monkeypatch):
    """The sample on PostgreSQL, with a view that waits inside until it is let go."""
    inside, go, publish = [], Event(), routes.publish

    def wait(*args):
        inside.append(1)
        assert go.wait(PATIENCE_SECONDS)
        publish(*args)

    monkeypatch.setattr(routes, "publish", wait)
    sample_on_postgres.inside, sample_on_postgres.go = inside, go
    yield sample_on_postgres
    go.set()


@pytest.mark.postgres
def test_a_request_in_flight_is_not_worked_on_twice(meeting):
    caller = meeting.sign_in()
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(once, meeting, caller)
        eventually(lambda: meeting.inside)
        second = once(meeting, caller)
        assert (second.status_code, second.json["type"]) == (409, "/problems/key-in-use")
        meeting.go.set()
        assert first.result().status_code == 201
    third = once(meeting, caller)
    assert (third.status_code, third.get_data()) == (201, first.result().get_data())
    assert len(meeting.rows(Parcel)) == len(meeting.published(ParcelSent)) == 1


@pytest.mark.postgres
def test_control_without_the_lock_two_work_at_the_same_time(meeting, monkeypatch):
    monkeypatch.setattr(idempotency, "_lock", lambda *_: None)
    caller = meeting.sign_in()
    with ThreadPoolExecutor(2) as threads:
        answers = [threads.submit(once, meeting, caller) for _ in range(2)]
        eventually(lambda: len(meeting.inside) == 2, "both work")
        meeting.go.set()
        assert sorted(each.result().status_code for each in answers) == [201, 500]


@pytest.mark.parametrize(
    "harness", ["sample", pytest.param("sample_on_postgres", marks=pytest.mark.postgres)]
)
def test_ten_at_the_same_time_are_one(request, harness):
    sample = request.getfixturevalue(harness)
    caller, together = sample.sign_in(), Barrier(10)

    def send(_):
        try:
            together.wait(PATIENCE_SECONDS)
        except BrokenBarrierError:
            pytest.fail("the ten never met")
        return once(sample, caller).status_code

    with ThreadPoolExecutor(10) as threads:
        answers = set(threads.map(send, range(10)))
    assert answers <= {201, 409}
    assert len(sample.rows(Parcel)) == len(sample.published(ParcelSent)) == 1
