"""Sweeps: everybody once more in full, and an alarm where something had been missed."""

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from common.events.catalogue import ScreeningCompleted, Verdict
from screening import checks, sweeps
from screening.jobs import screen_changes, screen_pending, sweep, sweep_on
from screening.models import EntryChange, Screening, ScreeningMatch, ScreeningRun
from screening.rules.states import Occasion, Status

from .factories import (
    FIRST,
    LISTED,
    NEXT_LISTED,
    SECOND,
    UNLISTED,
    import_lists,
    register,
    row_of,
    screened,
)


def sweep_all(screening):
    """Let a week pass, sweep, and return the sweep."""
    screening.clock.advance("P7D")
    assert sweep(screening.runtime) == 1
    screening.run_steps()
    return last(screening)


def last(screening):
    with screening.runtime.reading() as session:
        return sweeps.last(session)


def drift():
    return REGISTRY.get_sample_value("portal_screening_drift_total")


def test_a_sweep_compares_whoever_was_not_compared_in_full_with_these_lists(on_both):
    known = screened(on_both)
    import_lists(on_both, SECOND)
    on_both.run_steps()
    new = register(on_both)
    on_both.run_steps()
    on_both.forget_published()
    swept = sweep_all(on_both)
    assert (swept.compared, swept.drifted) == (1, 0)
    assert swept.finished_at == on_both.clock.now()
    assert row_of(on_both, known).checked_at == on_both.clock.now()
    assert row_of(on_both, known).occasion is Occasion.SWEEP
    assert row_of(on_both, new).occasion is Occasion.REGISTRATION
    assert on_both.published(ScreeningCompleted) == []


def test_a_second_sweep_with_the_same_lists_compares_nobody(on_both):
    screened(on_both)
    import_lists(on_both, SECOND)
    on_both.run_steps()
    assert sweep_all(on_both).compared == 1
    assert sweep_all(on_both).compared == 0


def test_a_sweep_is_due_a_week_after_the_last_one_started(screening):
    screened(screening)
    assert sweep(screening.runtime) == 1
    screening.run_steps()
    screening.clock.advance("P6D")
    assert sweep(screening.runtime) == 0
    screening.clock.advance("P1D")
    assert sweep(screening.runtime) == 1
    screening.clock.advance("P7D")
    assert sweep(screening.runtime) == 0  # the one under way comes first


def test_without_a_list_there_is_no_sweep(screening):
    assert sweep(screening.runtime) == 0


# ------------------------------------------------------------------------------- drift


def missed_change(screening):
    """Somebody whom a new version names, and whose comparison with it was lost."""
    account_id = screened(screening, NEXT_LISTED)
    import_lists(screening, SECOND)
    with screening.runtime.transaction() as session:
        session.execute(sa.delete(EntryChange))
        session.execute(sa.text("UPDATE rescreenings SET done_at = noted_at"))
    screening.forget_published()
    return account_id


def test_what_was_missed_is_an_alarm_and_mended(on_both):
    account_id = missed_change(on_both)
    before = drift()
    with capture_logs() as logged:
        swept = sweep_all(on_both)
    assert (swept.compared, swept.drifted, drift() - before) == (1, 1, 1)
    (alarm,) = [each for each in logged if each["event"] == "screening drift"]
    assert (alarm["log_level"], alarm["account_id"]) == ("error", str(account_id))
    assert (alarm["matches"], alarm["found"]) == (0, 1)
    assert "Muster" not in str(logged)
    (said,) = on_both.published(ScreeningCompleted)
    assert (said.account_id, said.verdict) == (account_id, Verdict.HIT)
    assert sweep_all(on_both).drifted == 0


def test_a_match_too_many_is_drift(on_both):
    account_id = screened(on_both, LISTED)
    import_lists(on_both, SECOND)
    on_both.run_steps()
    with on_both.runtime.transaction() as session:
        session.execute(sa.update(ScreeningMatch).values(entry_id="XXi.none"))
    assert sweep_all(on_both).drifted == 1
    assert row_of(on_both, account_id).verdict is Status.HIT


def test_changes_that_still_wait_are_no_drift(on_both, monkeypatch):
    account_id = screened(on_both, NEXT_LISTED)
    import_lists(on_both, SECOND)
    on_both.clock.advance("P7D")
    assert sweep(on_both.runtime) == 1
    assert sweep_on(on_both.runtime) == 1
    screen_pending(on_both.runtime)
    assert (last(on_both).compared, last(on_both).drifted) == (1, 0)
    assert row_of(on_both, account_id).verdict is Status.HIT


def test_changes_that_are_dealt_with_while_a_sweep_waits_are_no_drift(on_both):
    account_id = screened(on_both, NEXT_LISTED)
    import_lists(on_both, SECOND)
    on_both.clock.advance("P7D")
    sweep(on_both.runtime)
    sweep_on(on_both.runtime)
    assert screen_changes(on_both.runtime)
    assert row_of(on_both, account_id).verdict is Status.HIT
    screen_pending(on_both.runtime)
    assert (last(on_both).compared, last(on_both).drifted) == (1, 0)


def test_another_method_is_no_drift(on_both):
    missed_change(on_both)
    with on_both.runtime.transaction() as session:
        session.execute(sa.update(Screening).values(method="local/0 82-95"))
    assert (last_swept := sweep_all(on_both)).drifted == 0
    assert last_swept.compared == 1


def test_a_name_that_is_another_by_now_is_no_drift(on_both):
    account_id = screened(on_both, UNLISTED)
    import_lists(on_both, SECOND)
    on_both.run_steps()
    on_both.identity.names[account_id] = LISTED
    assert sweep_all(on_both).drifted == 0
    assert row_of(on_both, account_id).verdict is Status.HIT


# ------------------------------------------------------------------------------- portions


def everybody_due(screening, monkeypatch, count, batch):
    monkeypatch.setattr(checks, "BATCH", batch)
    import_lists(screening, FIRST)
    accounts = [register(screening) for _ in range(count)]
    screening.run_steps()
    import_lists(screening, SECOND)
    screening.run_steps()
    screening.clock.advance("P7D")
    assert sweep(screening.runtime) == 1
    return accounts


def test_a_sweep_goes_on_where_it_was_when_a_worker_dies(on_both, monkeypatch):
    everybody_due(on_both, monkeypatch, 5, batch=2)
    assert sweep_on(on_both.runtime) == 2
    screen_pending(on_both.runtime)
    assert sweep_on(on_both.runtime) == 2
    with on_both.runtime.transaction() as session:
        checks.take(session)  # and it dies
    on_both.run_steps()
    assert last(on_both).finished_at is None
    on_both.clock.advance(checks.LEASE)
    on_both.run_steps()
    assert last(on_both).finished_at == on_both.clock.now()
    assert last(on_both).compared == 5
    assert len(on_both.rows(ScreeningRun)) == 10


def test_a_sweep_does_not_outrun_those_who_compare(on_both, monkeypatch):
    everybody_due(on_both, monkeypatch, 5, batch=2)
    assert [sweep_on(on_both.runtime) for _ in range(3)] == [2, 0, 0]


def test_a_new_person_does_not_wait_for_a_sweep(on_both, monkeypatch):
    everybody_due(on_both, monkeypatch, 4, batch=2)
    sweep_on(on_both.runtime)
    new = register(on_both)
    on_both.clock.advance("PT1S")
    with on_both.runtime.transaction() as session:
        assert checks.take(session)[0].account_id == new


def test_so_many_names_are_swept_a_minute_and_no_more(make_screening, monkeypatch):
    screening = make_screening(sweep_per_minute=2)
    everybody_due(screening, monkeypatch, 5, batch=500)
    for compared in (2, 4, 5):
        screening.run_steps()
        screening.clock.advance("PT59S")
        screening.run_steps()
        assert last(screening).compared == compared
        screening.clock.advance("PT1S")
    screening.run_steps()
    assert last(screening).finished_at


def test_who_is_unknown_to_identity_does_not_keep_a_sweep_from_ending(on_both, monkeypatch):
    accounts = everybody_due(on_both, monkeypatch, 3, batch=2)
    on_both.identity.names.pop(accounts[0])
    on_both.run_steps()
    assert last(on_both).finished_at
    assert last(on_both).compared == 2


def test_a_list_that_comes_during_a_sweep_does_not_make_it_start_over(on_both, monkeypatch):
    everybody_due(on_both, monkeypatch, 4, batch=2)
    sweep_on(on_both.runtime)
    screen_pending(on_both.runtime)
    import_lists(on_both, FIRST / "un", allow_shrink=True)
    on_both.run_steps()
    assert (last(on_both).compared, last(on_both).drifted) == (4, 0)
    assert last(on_both).finished_at


@pytest.mark.postgres
def test_two_workers_do_not_ask_for_the_same_portion(on_postgres, monkeypatch):
    everybody_due(on_postgres, monkeypatch, 4, batch=2)
    with on_postgres.runtime.transaction() as one, on_postgres.runtime.transaction() as other:
        assert sweeps.due(one) is not None
        assert sweeps.due(other) is None
