"""Legal holds: what they stand on outlasts sweeps and erasures, and goes after their release."""

from threading import Thread
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.events.catalogue import HoldScope, LegalHoldPlaced, LegalHoldReleased, TableErased
from common.ids import uuid7
from common.privacy import holds, records, sweeps
from common.privacy.erasure import Erasure
from common.privacy.grounds import Ground
from common.privacy.holds import Hold
from common.privacy.sweeps import RetentionReport, sweep, sweep_after_release
from common.web.idempotency import StoredAnswer
from sample.models import Base, Receiver


def hear(harness, kind, hold_id, scope, subject, sequence):
    """What a service does with an event about a hold."""
    with harness.runtime.transaction() as session:
        session.info["envelope"] = SimpleNamespace(order=sequence)
        holds.keep_hold(kind(hold_id=hold_id, scope=scope, subject=str(subject)), session)


def placed(harness, scope, subject):
    hold_id = uuid7()
    hear(harness, LegalHoldPlaced, hold_id, scope, subject, 1)
    return hold_id


def released(harness, hold_id, scope, subject):
    hear(harness, LegalHoldReleased, hold_id, scope, subject, 2)


def an_answer(harness, account_id=None):
    key = f"{uuid7().hex}{uuid7().hex}"
    return harness.given(
        StoredAnswer(
            key=key, fingerprint=key, account_id=account_id or uuid7(), status=201, body=b"",
            headers={}, stored_at=harness.clock.now(),
        )
    )  # fmt: skip


def a_receiver(account_id):
    return Receiver(account_id=account_id, family_name="Muster", phone="0123")


# ------------------------------------------------------------------------------------- the sweep


def test_rows_of_a_held_person_outlast_the_sweep_and_the_report_says_so(sample):
    anna = uuid7()
    held = an_answer(sample, anna)
    an_answer(sample)
    placed(sample, HoldScope.PERSON, anna)
    sample.clock.advance("P2D")
    assert sweep(sample.runtime) == 1
    assert [each.key for each in sample.rows(StoredAnswer)] == [held.key]
    [report] = sample.rows(RetentionReport)
    assert (report.looked_at, report.erased, report.held) == (2, 1, 1)


def test_a_held_class_outlasts_the_sweep(sample):
    an_answer(sample)
    placed(sample, HoldScope.CLASS, "idempotency")
    sample.clock.advance("P2D")
    assert sweep(sample.runtime) == 0


def test_what_a_released_hold_held_back_goes_without_waiting_for_the_next_sweep(sample):
    anna = uuid7()
    an_answer(sample, anna)
    hold_id = placed(sample, HoldScope.PERSON, anna)
    sample.clock.advance("P2D")
    sweep(sample.runtime)
    assert sweep_after_release(sample.runtime) == 0
    released(sample, hold_id, HoldScope.PERSON, anna)
    assert sweep_after_release(sample.runtime) == 1
    assert sample.rows(StoredAnswer) == []
    assert sweep_after_release(sample.runtime) == 0


def test_what_a_released_hold_held_back_waits_for_a_sweep_that_began_before(sample):
    anna = uuid7()
    an_answer(sample, anna)
    hold_id = placed(sample, HoldScope.PERSON, anna)
    sample.clock.advance("P2D")
    other = {"record_class": "idempotency", "of_table": StoredAnswer.__tablename__}
    at = sample.clock.now()
    sample.given(
        RetentionReport(**other, begun_at=at, lease=uuid7(), leased_until=at + sweeps.LEASE)
    )
    released(sample, hold_id, HoldScope.PERSON, anna)
    assert sweep_after_release(sample.runtime) == 0
    sample.clock.advance(sweeps.LEASE)
    assert sweep_after_release(sample.runtime) == 1
    assert sample.rows(StoredAnswer) == []


def test_of_two_holds_on_the_same_the_second_holds_on(sample):
    anna = uuid7()
    an_answer(sample, anna)
    first = placed(sample, HoldScope.PERSON, anna)
    placed(sample, HoldScope.CLASS, "idempotency")
    released(sample, first, HoldScope.PERSON, anna)
    sample.clock.advance("P2D")
    assert sweep_after_release(sample.runtime) == 0
    assert len(sample.rows(StoredAnswer)) == 1


def test_a_release_that_overtakes_its_hold_is_not_undone_by_it(sample):
    anna, hold_id = uuid7(), uuid7()
    hear(sample, LegalHoldReleased, hold_id, HoldScope.PERSON, anna, 2)
    hear(sample, LegalHoldPlaced, hold_id, HoldScope.PERSON, anna, 1)
    [known] = sample.rows(Hold)
    assert (known.released, known.sequence) == (True, 2)


# ------------------------------------------------------------------------------------ the erasure


def erased(harness, account_id):
    """Erase somebody's receivers as a service would: what is said, and the holds that are named."""
    with harness.runtime.transaction() as session:
        person = Erasure(session, account_id)
        person.delete(Receiver, Receiver.account_id == account_id)
        return person.complete(Base), person.holds


@pytest.mark.parametrize("scope", [HoldScope.PERSON, HoldScope.CLASS])
def test_an_erasure_keeps_what_is_held_and_names_the_hold(sample, scope):
    anna, bert = uuid7(), uuid7()
    for each in (anna, bert):
        sample.given(a_receiver(each))
    hold_id = placed(sample, scope, anna if scope is HoldScope.PERSON else "account")
    said, named = erased(sample, anna)
    assert TableErased(table="receivers", kept=1, reason=Ground.LEGAL_HOLD) in said
    assert named == (hold_id,)
    assert len(sample.rows(Receiver)) == 2


def test_a_hold_on_somebody_else_keeps_nothing_and_is_not_named(sample):
    anna, bert = uuid7(), uuid7()
    for each in (anna, bert):
        sample.given(a_receiver(each))
    placed(sample, HoldScope.PERSON, bert)
    said, named = erased(sample, anna)
    assert TableErased(table="receivers", deleted=1) in said
    assert named == ()
    assert [each.account_id for each in sample.rows(Receiver)] == [bert]


STEPS = st.lists(
    st.sampled_from(("place", "release", "erase", "hear of the place late", "release again")),
    max_size=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_nothing_goes_while_a_hold_stands_and_everything_once_none_does(shared, steps):
    anna = uuid7()
    shared.given(a_receiver(anna))
    standing, ended, gone = [], [], False
    for step in steps:
        if step == "place":
            standing.append(placed(shared, HoldScope.PERSON, anna))
        elif step == "release" and standing:
            ended.append(standing.pop(0))
            released(shared, ended[-1], HoldScope.PERSON, anna)
        elif step == "hear of the place late" and ended:
            hear(shared, LegalHoldPlaced, ended[-1], HoldScope.PERSON, anna, 1)
        elif step == "release again" and ended:
            released(shared, ended[0], HoldScope.PERSON, anna)
        elif step == "erase":
            _, named = erased(shared, anna)
            assert bool(named) == (bool(standing) and not gone)
            gone = gone or not standing
        assert len(shared.rows(Receiver, Receiver.account_id == anna)) == (0 if gone else 1)
    for each in standing:
        released(shared, each, HoldScope.PERSON, anna)
    erased(shared, anna)
    assert shared.rows(Receiver, Receiver.account_id == anna) == []


# ------------------------------------------------------------------------------------- the race


def found_when_placed(harness, monkeypatch):
    """Place a hold while a sweep is about to delete; how many rows there are once it stands."""
    anna = uuid7()
    an_answer(harness, anna)
    harness.clock.advance("P2D")
    placing, found = [], []
    original = records.Records.delete

    def place():
        placed(harness, HoldScope.PERSON, anna)
        found.append(len(harness.rows(StoredAnswer)))

    def delete(self, session, keys):
        placing.append(Thread(target=place))
        placing[0].start()
        placing[0].join(0.5)
        original(self, session, keys)

    monkeypatch.setattr(records.Records, "delete", delete)
    assert sweep(harness.runtime) == 1
    placing[0].join()
    return found


@pytest.mark.postgres
def test_a_hold_stands_only_when_no_deletion_is_under_way_without_it(
    sample_on_postgres, monkeypatch
):
    assert found_when_placed(sample_on_postgres, monkeypatch) == [0]


@pytest.mark.postgres
def test_without_the_lock_rows_go_after_their_hold_was_placed(sample_on_postgres, monkeypatch):
    monkeypatch.setattr(holds, "_lock", lambda session, shared: None)
    assert found_when_placed(sample_on_postgres, monkeypatch) == [1]
