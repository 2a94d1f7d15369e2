"""Comparing the names that are due: alone, beside others, and when something is out of reach."""

import threading
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from common.events.catalogue import (
    AccountRefused,
    ScreeningCompleted,
    Verdict,
)
from common.testing.harness import Harness
from screening import checks, versions
from screening.app import service
from screening.jobs import screen_pending
from screening.models import Screening, ScreeningMatch, ScreeningRun
from screening.providers import LocalProvider
from screening.rules.states import Occasion, Status
from screening.versions import ListsInForce

from .factories import (
    DOUBTFUL,
    FIRST,
    LISTED,
    NEXT_LISTED,
    SECOND,
    UNCOMPARABLE,
    UNLISTED,
    a_screening,
    import_lists,
    register,
    row_of,
    screened,
)


def completed(screening):
    return [(each.account_id, each.verdict) for each in screening.published(ScreeningCompleted)]


# ------------------------------------------------------------------------------- what comes out


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        (UNLISTED, Verdict.CLEAR),
        (DOUBTFUL, Verdict.REVIEW),
        (LISTED, Verdict.HIT),
        (("Виктор", "Эрфунден"), Verdict.HIT),
        (UNCOMPARABLE, Verdict.REVIEW),
    ],
    ids=["unlisted", "doubtful", "listed", "in_another_script", "not_comparable"],
)
def test_the_verdict_on_a_new_name_is_told_with_the_lists_used(on_both, name, verdict):
    account_id = screened(on_both, name)
    row = row_of(on_both, account_id)
    assert row.verdict.value == verdict.value
    assert not row.pending
    (said,) = on_both.published(ScreeningCompleted)
    assert (said.account_id, said.verdict) == (account_id, verdict)
    assert [each.split(":")[0] for each in said.list_versions] == ["un-consolidated", "us-sdn"]
    (run,) = on_both.rows(ScreeningRun)
    assert run.list_versions == row.list_versions == list(said.list_versions)
    assert run.at == row.checked_at == on_both.clock.now()


def test_a_match_says_what_it_is_in_the_words_of_the_list(screening):
    account_id = screened(screening, DOUBTFUL)
    (match,) = screening.rows(ScreeningMatch)
    assert (match.account_id, match.list_id, match.entry_id) == (
        account_id,
        "un-consolidated",
        "XXi.001",
    )
    assert match.matched_name == "VIKTOR ERFUNDEN"
    assert "VIKTOR ERFUNDEN" in match.explanation
    assert 82 <= match.score == row_of(screening, account_id).score < 95


def test_identity_is_asked_for_names_by_id_and_nothing_of_them_is_stored(screening):  # S16
    with capture_logs() as logged:
        account_id = screened(screening, ("Zacharias", "Zuversicht-Zumthor"))
        screened(screening, DOUBTFUL)
    assert screening.identity.asked[0] == ("screening", {"account_ids": [str(account_id)]})
    screening.runtime.close()
    stored = b"".join(file.read_bytes() for file in screening.folder.glob("screening.sqlite*"))
    for word in ("Zacharias", "Zuversicht", "Erfunder"):
        assert word.encode() not in stored
        assert word not in str(logged)
    assert b"VIKTOR ERFUNDEN" in stored  # the name on the list is there, so ours would be seen


def test_the_digest_knows_a_name_again_and_is_not_the_name(screening):
    first, second = screened(screening), screened(screening)
    other = screened(screening, LISTED)
    digests = [row_of(screening, each).name_digest for each in (first, second, other)]
    assert digests[0] == digests[1] != digests[2]
    assert len(digests[0]) == 64


def test_five_hundred_names_are_read_in_one_call(screening, monkeypatch):
    monkeypatch.setattr(checks, "BATCH", 500)
    import_lists(screening, FIRST)
    people = [
        a_screening(next_try_at=screening.clock.now(), requested_at=screening.clock.now())
        for _ in range(501)
    ]
    screening.identity.names = {each.account_id: UNLISTED for each in people}
    with screening.runtime.transaction() as session:
        session.add_all(people)
    screening.run_steps()
    assert [len(body["account_ids"]) for _, body in screening.identity.asked] == [500, 1]
    assert {row.verdict for row in screening.rows(Screening)} == {Status.CLEAR}


def test_new_people_come_before_those_who_were_compared_before(screening, monkeypatch):
    known = screened(screening)
    ask_everybody(screening)
    new = register(screening)
    monkeypatch.setattr(checks, "BATCH", 1)
    screening.run_steps()
    order = [body["account_ids"] for _, body in screening.identity.asked]
    assert order == [[str(known)], [str(new)], [str(known)]]


def ask_everybody(screening):
    with screening.runtime.transaction() as session:
        return versions.request_everybody(session, Occasion.OPERATOR)


# ------------------------------------------------------------------------------- out of reach


def waits(screening, account_id):
    """Seconds until the next try of somebody who is not clear."""
    row = row_of(screening, account_id)
    assert row.verdict is Status.PENDING
    assert screening.published(ScreeningCompleted) == []
    return (row.next_try_at - screening.clock.now()).total_seconds()


def waiting(logged):
    """Why names wait, as the log says."""
    return [each["error"] for each in logged if each["event"] == "screening waits"]


@pytest.mark.parametrize("status", [500, 503, 404, 401])
def test_nobody_is_clear_while_identity_gives_no_names(screening, status):
    import_lists(screening, FIRST)
    account_id = register(screening)
    screening.identity.answers = status
    screening.run_steps()
    assert waits(screening, account_id) == 5
    screening.clock.advance("PT5S")
    screening.run_steps()
    assert waits(screening, account_id) == 10
    screening.identity.answers = 200
    screening.clock.advance("PT10S")
    screening.run_steps()
    assert completed(screening) == [(account_id, Verdict.CLEAR)]


def test_nobody_is_clear_while_identity_is_down(tmp_path):
    closed = httpx.HTTPTransport()
    screening = Harness(
        service,
        tmp_path,
        transports={"identity": closed},
        identity_url="http://127.0.0.1:1",
    )
    import_lists(screening, FIRST)
    person = screening.given(
        a_screening(requested_at=screening.clock.now(), next_try_at=screening.clock.now())
    )
    with capture_logs() as logged:
        screening.run_steps()
    assert waits(screening, person.account_id) == 5
    assert waiting(logged) == ["PeerUnavailable"]


def test_nobody_is_clear_without_a_list_and_no_name_is_read_for_nothing(on_both):
    account_id = register(on_both)
    with capture_logs() as logged:
        on_both.run_steps()
    assert waits(on_both, account_id) == 5
    assert on_both.identity.asked == []
    assert waiting(logged) == ["NoListInForce"]
    import_lists(on_both, FIRST)
    on_both.clock.advance("PT5S")
    on_both.run_steps()
    assert completed(on_both) == [(account_id, Verdict.CLEAR)]


def test_who_was_erased_meanwhile_waits_no_longer(on_both):
    import_lists(on_both, FIRST)
    new = register(on_both)
    known = register(on_both)
    on_both.identity.names.pop(new)
    on_both.run_steps()
    assert [row.account_id for row in on_both.rows(Screening)] == [known]

    on_both.identity.names.clear()
    ask_everybody(on_both)
    on_both.run_steps()
    row = row_of(on_both, known)  # its erasure is still to come, with a receipt
    assert (row.verdict, row.pending) == (Status.CLEAR, False)
    assert completed(on_both) == [(known, Verdict.CLEAR)]


def test_a_worker_that_dies_leaves_its_names_to_others(on_both):
    import_lists(on_both, FIRST)
    account_id = register(on_both)
    with on_both.runtime.transaction() as session:
        assert len(checks.take(session)) == 1
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.PENDING
    on_both.clock.advance(checks.LEASE)
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.CLEAR


# ------------------------------------------------------------------------------- again


def test_an_operator_has_everybody_compared_in_full_again(on_both):
    account_id = screened(on_both)
    on_both.forget_published()
    on_both.clock.advance("PT1H")
    assert ask_everybody(on_both) == 1
    waiting = row_of(on_both, account_id)
    assert (waiting.verdict, waiting.pending, waiting.occasion) == (
        Status.CLEAR,
        True,
        Occasion.OPERATOR,
    )
    on_both.run_steps()
    assert on_both.published(ScreeningCompleted) == []
    assert [run.verdict for run in on_both.rows(ScreeningRun)] == [Status.CLEAR] * 2
    after = row_of(on_both, account_id)
    assert (after.pending, after.checked_at) == (False, on_both.clock.now())
    assert after.version == waiting.version  # nothing that somebody may have looked at is another


def test_a_refused_registration_is_not_compared_again(screening):
    account_id = screened(screening)
    screening.when(AccountRefused(account_id=account_id, organisation_id=None, epoch=2))
    assert ask_everybody(screening) == 0
    assert not row_of(screening, account_id).pending


def test_the_index_is_made_again_only_when_another_list_is_in_force(screening):
    import_lists(screening, FIRST)
    in_force = screening.runtime.resource(ListsInForce)
    first = in_force.provider()
    assert in_force.provider() is first
    import_lists(screening, SECOND)
    second = in_force.provider()
    assert second is not first
    assert len(second.codes) == 2


# ------------------------------------------------------------------------------- at the same time


def test_a_list_that_comes_into_force_during_a_comparison_counts(on_both):
    import_lists(on_both, FIRST)
    account_id = register(on_both, NEXT_LISTED)
    on_both.identity.meanwhile = lambda: import_lists(on_both, SECOND)
    on_both.run_steps()
    assert completed(on_both) == [(account_id, Verdict.HIT)]


def a_worker_during_an_import(screening):
    """A comparison during which a list comes into force of which the workers hear later."""
    import_lists(screening, FIRST)
    account_id = register(screening, NEXT_LISTED)
    found = versions.read(SECOND)
    screening.identity.meanwhile = lambda: versions.bring_into_force(screening.runtime, found)
    screening.run_steps()
    return account_id


def test_no_verdict_of_a_former_list_is_written(on_both):
    account_id = a_worker_during_an_import(on_both)
    assert row_of(on_both, account_id).verdict is Status.HIT


def test_without_a_second_look_at_the_lists_a_listed_person_would_be_clear(on_both, monkeypatch):
    """Negative control: the guard of the test before, off."""
    monkeypatch.setattr(LocalProvider, "is_current", lambda *_: True)
    account_id = a_worker_during_an_import(on_both)
    assert row_of(on_both, account_id).verdict is Status.CLEAR


def test_an_answer_to_an_earlier_request_is_void(on_both):
    import_lists(on_both, FIRST)
    account_id = register(on_both, LISTED)

    def ask_again():
        on_both.identity.names[account_id] = UNLISTED
        with on_both.runtime.transaction() as session:
            versions.request_everybody(session, Occasion.OPERATOR)

    on_both.identity.meanwhile = ask_again
    screen_pending(on_both.runtime)
    assert completed(on_both) == []
    assert row_of(on_both, account_id).pending
    on_both.run_steps()
    assert len(completed(on_both)) == 1


def due_now(screening, count):
    at = screening.clock.now()
    people = [a_screening(requested_at=at, next_try_at=at) for _ in range(count)]
    screening.identity.names.update({each.account_id: UNLISTED for each in people})
    with screening.runtime.transaction() as session:
        session.add_all(people)


@pytest.mark.postgres
def test_two_workers_take_different_names(on_postgres):
    due_now(on_postgres, 6)
    with on_postgres.runtime.transaction() as one, on_postgres.runtime.transaction() as other:
        taken = [{each.account_id for each in checks.take(session, 3)} for session in (one, other)]
    assert [len(each) for each in taken] == [3, 3]
    assert not taken[0] & taken[1]


@pytest.mark.postgres
def test_without_the_lock_two_workers_would_take_the_same_names(on_postgres):
    """Negative control: the guard of the test before, off."""
    due_now(on_postgres, 6)
    with on_postgres.runtime.reading() as one, on_postgres.runtime.reading() as other:
        seen = [
            {
                row.account_id
                for row in session.execute(checks.whatever_is_due(session, new=True, at_most=3))
            }
            for session in (one, other)
        ]
    assert seen[0] == seen[1]


@pytest.mark.postgres
def test_two_workers_at_once_compare_everybody_once(on_postgres, make_screening, monkeypatch):
    monkeypatch.setattr(checks, "BATCH", 20)
    import_lists(on_postgres, FIRST)
    on_postgres.run_steps()
    due_now(on_postgres, 200)
    second = make_screening(on_postgres.runtime.settings.database_url)
    second.identity.names = on_postgres.identity.names
    done = []

    def work(harness):
        done.append(harness.run_steps())

    threads = [threading.Thread(target=work, args=(each,)) for each in (on_postgres, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 200
    asked = [
        each
        for harness in (on_postgres, second)
        for _, body in harness.identity.asked
        for each in body["account_ids"]
    ]
    assert len(asked) == len(set(asked)) == 200
    assert len(on_postgres.published(ScreeningCompleted)) == 200
    assert len(on_postgres.rows(ScreeningRun)) == 200


@pytest.mark.postgres
def test_an_import_and_a_verdict_wait_for_each_other(on_postgres):
    with on_postgres.runtime.transaction() as importing, on_postgres.runtime.reading() as writing:
        versions.lock_lists(importing)
        writing.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            versions.lock_lists(writing, shared=True)
    with on_postgres.runtime.transaction() as one, on_postgres.runtime.transaction() as other:
        versions.lock_lists(one, shared=True)
        versions.lock_lists(other, shared=True)


def test_a_lease_that_ran_out_lets_the_late_answer_change_nothing(on_both):
    """The slow worker's names are compared by another one; the slow one comes back after it."""
    import_lists(on_both, FIRST)
    account_id = register(on_both)

    def another_worker():
        on_both.clock.advance(checks.LEASE + timedelta(seconds=1))
        screen_pending(on_both.runtime)

    on_both.identity.meanwhile = another_worker
    screen_pending(on_both.runtime)
    assert completed(on_both) == [(account_id, Verdict.CLEAR)]
    assert len(on_both.rows(ScreeningRun)) == 1
    assert UUID(on_both.identity.asked[1][1]["account_ids"][0]) == account_id
