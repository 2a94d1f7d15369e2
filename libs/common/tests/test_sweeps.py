"""The retention sweep: in batches, by one worker a table, resumed where another one died."""

import dataclasses
from datetime import timedelta

import pytest
import sqlalchemy as sa

from common import jobs
from common.ids import uuid7
from common.privacy import records, rulesets, sweeps
from common.privacy.audit import AuditEntry
from common.privacy.retention import Bound
from common.privacy.standard import COMMON_RECORDS, COMMON_RULES
from common.privacy.sweeps import LEASE, RetentionReport, sweep
from common.web.idempotency import StoredAnswer

(ANSWERS,) = COMMON_RECORDS


class Killed(BaseException):
    """The worker is gone, in the middle of something."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(sweeps, "BATCH", 2)


def answers(harness, count, **facts):
    stored = {"status": 201, "body": b"", "headers": {}, "stored_at": harness.clock.now(), **facts}
    for _ in range(count):
        key = f"{uuid7().hex}{uuid7().hex}"
        harness.given(StoredAnswer(key=key, fingerprint=key, account_id=uuid7(), **stored))


def reports(harness):
    return [
        (each.looked_at, each.erased, each.ended_at is not None)
        for each in harness.rows(RetentionReport)
    ]


def dies_at(monkeypatch, batch):
    """Let the worker die in a batch, after its rows were deleted and before the commit."""
    original, done = records.Records.delete, []

    def delete(self, session, keys):
        original(self, session, keys)
        done.append(keys)
        if len(done) == batch:
            raise Killed

    monkeypatch.setattr(records.Records, "delete", delete)


def test_all_that_is_due_goes_batch_by_batch_and_the_report_says_so(sample):
    answers(sample, 5)
    sample.clock.advance("P1D")
    answers(sample, 3)
    assert sweep(sample.runtime) == 5
    assert reports(sample) == [(8, 5, True)]
    assert len(sample.rows(StoredAnswer)) == 3
    assert {each.action for each in sample.rows(AuditEntry)} == {"retention.erase"}


def test_nothing_is_due_and_that_is_reported_too(sample):
    answers(sample, 3)
    assert sweep(sample.runtime) == 0
    assert reports(sample) == [(3, 0, True)]
    assert sample.rows(AuditEntry) == []


def test_a_sweep_whose_worker_died_is_resumed_when_its_lease_is_over(sample, monkeypatch):
    answers(sample, 7)
    sample.clock.advance("P1D")
    dies_at(monkeypatch, batch=3)
    with pytest.raises(Killed):
        sweep(sample.runtime)
    monkeypatch.undo()
    monkeypatch.setattr(sweeps, "BATCH", 2)
    assert (len(sample.rows(StoredAnswer)), reports(sample)) == (3, [(4, 4, False)])
    assert sweep(sample.runtime) == 0  # the lease of the dead one still stands
    sample.clock.advance(LEASE)
    assert sweep(sample.runtime) == 3
    assert reports(sample) == [(7, 7, True)]


def test_who_lost_the_lease_stops_and_what_the_other_did_is_not_done_twice(sample, monkeypatch):
    answers(sample, 4)
    sample.clock.advance("P1D")
    original, taken = records.Records.delete, []

    def delete(self, session, keys):
        original(self, session, keys)
        if not taken:
            taken.append(session.execute(sa.update(RetentionReport).values(lease=uuid7())))

    monkeypatch.setattr(records.Records, "delete", delete)
    assert sweep(sample.runtime) == 2
    assert reports(sample) == [(2, 2, False)]
    sample.clock.advance(LEASE)
    assert sweep(sample.runtime) == 2
    assert reports(sample) == [(4, 4, True)]


def test_a_table_that_fails_does_not_keep_the_others_from_theirs(sample, monkeypatch):
    answers(sample, 1)
    sample.clock.advance("P1D")
    broken = records.Records(
        record_class="idempotency", model=AuditEntry, collected_at=sa.text("x")
    )
    monkeypatch.setattr(sweeps, "all_records", lambda _: (broken, ANSWERS))
    with pytest.raises(ExceptionGroup, match="retention sweep"):
        sweep(sample.runtime)
    assert sample.rows(StoredAnswer) == []


def ruled(monkeypatch, own, *rules):
    monkeypatch.setattr(sweeps, "all_records", lambda _: (own,))
    monkeypatch.setattr(rulesets, "all_rules", lambda _: rules)


def test_a_minimum_that_outlasts_a_maximum_is_kept_counted_and_told(sample, monkeypatch):
    rule = COMMON_RULES[0]
    minimum = dataclasses.replace(rule, bound=Bound.MINIMUM, period="P2D")
    ruled(monkeypatch, ANSWERS, rule, minimum)
    answers(sample, 3)
    sample.clock.advance("P1D")
    assert sweep(sample.runtime) == 0
    (report,) = sample.rows(RetentionReport)
    assert (report.erased, report.conflicts) == (0, 3)
    with sample.runtime.reading() as session:
        assert jobs.retention_conflicts(session) == jobs.retention_due(session) == 3
    sample.clock.advance("P1D")
    assert sweep(sample.runtime) == 3


def test_what_suspends_a_period_is_read_from_the_row(sample, monkeypatch):
    rule = dataclasses.replace(COMMON_RULES[0], suspended_by="open")
    own = dataclasses.replace(ANSWERS, suspensions={"open": StoredAnswer.status == 202})
    ruled(monkeypatch, own, rule)
    answers(sample, 2)
    answers(sample, 1, status=202)
    sample.clock.advance("P1D")
    assert sweep(sample.runtime) == 2
    assert [each.status for each in sample.rows(StoredAnswer)] == [202]


@pytest.mark.postgres
def test_a_row_that_somebody_holds_is_left_for_the_next_sweep(sample_on_postgres):
    sample = sample_on_postgres
    answers(sample, 3)
    sample.clock.advance("P1D")
    first = sample.rows(StoredAnswer)[0]
    with sample.runtime.transaction() as session:
        session.get(StoredAnswer, first.key, with_for_update=True)
        assert sweep(sample.runtime) == 2
    assert [each.key for each in sample.rows(StoredAnswer)] == [first.key]
    assert sweep(sample.runtime) == 1


@pytest.mark.postgres
def test_after_a_crash_the_same_rows_go_and_stay_on_postgresql(sample_on_postgres, monkeypatch):
    sample = sample_on_postgres
    answers(sample, 5)
    answers(sample, 2, stored_at=sample.clock.now() + timedelta(hours=1))
    sample.clock.advance("P1D")
    dies_at(monkeypatch, batch=2)
    with pytest.raises(Killed):
        sweep(sample.runtime)
    monkeypatch.undo()
    sample.clock.advance(LEASE)
    assert sweep(sample.runtime) == 3
    assert len(sample.rows(StoredAnswer)) == 2
