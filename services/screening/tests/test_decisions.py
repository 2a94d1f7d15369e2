"""How long decisions and proposals hold, and what happens when people and workers meet."""

import threading

import pytest
import sqlalchemy as sa

from common.events.catalogue import ScreeningCompleted, Verdict
from common.web import Role
from screening import decisions, proposals, versions
from screening.models import Decision, Proposal, Screening
from screening.rules.states import Occasion, Status

from .compliance import (
    CLEAR,
    approve,
    decide,
    problem,
    rulings_of,
    seen_by,
    two_of,
    withdraw,
)
from .factories import (
    DOUBTFUL,
    FIRST,
    LISTED,
    SECOND,
    UNLISTED,
    a_rename,
    import_lists,
    list_with,
    row_of,
    screened,
)


def changed_entry(folder):
    """The UN list with another nationality of the person that matches; returns the file."""
    file = list_with(folder)
    file.write_bytes(file.read_bytes().replace(b"<VALUE>Nowhere", b"<VALUE>Utopia", 1))
    return file


# ------------------------------------------------------------------------------- how long it holds


def test_a_clearing_ends_when_the_entry_changes_and_holds_again_when_it_changes_back(
    screening, officer, tmp_path
):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    import_lists(screening, changed_entry(tmp_path))
    screening.run_steps()
    assert row_of(screening, account_id).verdict is Status.REVIEW
    assert officer.get(f"/screenings/{account_id}").json["matches"][0]["decision"] is None
    import_lists(screening, FIRST, allow_shrink=True)
    screening.run_steps()
    assert row_of(screening, account_id).verdict is Status.CLEAR


def test_a_clearing_ends_with_the_name_and_holds_again_for_the_former_one(screening, officer):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    verdicts = []
    for name in (LISTED, DOUBTFUL):
        screening.identity.names[account_id] = name
        screening.when(a_rename(account_id))
        screening.run_steps()
        verdicts.append(row_of(screening, account_id).verdict)
    assert verdicts == [Status.HIT, Status.CLEAR]


def test_a_clearing_says_nothing_about_another_entry(screening, officer, tmp_path):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    import_lists(screening, list_with(tmp_path, DOUBTFUL))
    screening.run_steps()
    row = row_of(screening, account_id)
    assert (row.verdict, row.score) == (Status.HIT, 100.0)
    answer = officer.get(f"/screenings/{account_id}")
    assert rulings_of(answer) == {"XXi.001": "clear", "XXi.900": None}


def lapse_by_list(screening, account_id, folder):
    import_lists(screening, changed_entry(folder))
    screening.run_steps()


def lapse_by_removal(screening, account_id, folder):
    file = list_with(folder, UNLISTED)
    file.write_bytes(file.read_bytes().replace(b"ERFUNDEN", b"ANDERSWO"))
    import_lists(screening, file)
    screening.run_steps()


def lapse_by_name(screening, account_id, folder):
    screening.identity.names[account_id] = ("Victor", "Erfunden")
    screening.when(a_rename(account_id))
    screening.run_steps()


@pytest.mark.parametrize("change", [lapse_by_list, lapse_by_removal, lapse_by_name])
def test_a_proposal_lapses_when_an_entry_or_the_name_changes(on_both, tmp_path, change):
    account_id = screened(on_both, LISTED)
    officer, colleague = two_of(on_both)
    decide(officer, account_id, CLEAR)
    change(on_both, account_id, tmp_path)
    verdict = row_of(on_both, account_id).verdict
    answer = approve(colleague, account_id)
    assert (problem(answer), answer.status_code) == ("proposal-lapsed", 409)
    assert "propose anew" in answer.json["detail"]
    assert row_of(on_both, account_id).verdict is verdict
    assert on_both.rows(Decision) == []
    seen = colleague.get(f"/screenings/{account_id}").json
    assert (seen["proposal"]["lapsed"], seen["proposed"]) == (True, False)
    assert colleague.get("/screenings?proposed=true").json == []


def test_a_lapsed_proposal_makes_room_for_another(screening, officer, colleague, tmp_path):
    account_id = screened(screening, LISTED)
    decide(officer, account_id, CLEAR)
    lapse_by_list(screening, account_id, tmp_path)
    answer = decide(colleague, account_id, CLEAR)
    assert answer.status_code == 202
    assert answer.json["proposal"]["lapsed"] is False
    assert approve(officer, account_id).json["verdict"] == "clear"


def test_a_proposal_outlives_a_comparison_that_finds_the_same(screening, officer, colleague):
    """Control: another version of the lists alone does not make it lapse."""
    account_id = screened(screening, LISTED)
    decide(officer, account_id, CLEAR)
    import_lists(screening, SECOND)
    with screening.runtime.transaction() as session:
        versions.request_everybody(session, Occasion.OPERATOR)
    screening.run_steps()
    assert approve(colleague, account_id).json["verdict"] == "clear"


def test_a_proposal_is_for_its_entries_alone(screening, officer, colleague, tmp_path):
    """Another entry that matches since then stays open, and the person blocked."""
    account_id = screened(screening, LISTED)
    decide(officer, account_id, CLEAR)
    import_lists(screening, list_with(tmp_path, LISTED))
    screening.run_steps()
    answer = approve(colleague, account_id)
    assert rulings_of(answer) == {"XXi.001": "clear", "XXi.900": None}
    assert answer.json["verdict"] == "hit"


def test_while_another_name_waits_nothing_is_decided_about_the_former(on_both):
    account_id = screened(on_both, LISTED)
    officer, colleague = two_of(on_both)
    decide(officer, account_id, CLEAR)
    on_both.identity.names[account_id] = UNLISTED
    on_both.identity.answers = 503
    on_both.when(a_rename(account_id))
    assert problem(approve(colleague, account_id)) == "name-changing"
    withdraw(colleague, account_id)
    assert problem(decide(officer, account_id, CLEAR)) == "name-changing"
    on_both.identity.answers = 200
    on_both.clock.advance("PT5M")
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.CLEAR


# ------------------------------------------------------------------------------- at the same time


def test_every_step_is_about_what_was_seen(on_both, tmp_path):
    account_id = screened(on_both, LISTED)
    officer, colleague = two_of(on_both)
    path = f"/screenings/{account_id}"
    for method, end in (
        ("POST", "decision"),
        ("POST", "proposal/approval"),
        ("DELETE", "proposal"),
    ):
        body = CLEAR if end == "decision" else None
        answer = officer.call(method, f"{path}/{end}", json=body)
        assert problem(answer) == "precondition-missing"
        assert problem(officer.change(method, f"{path}/{end}", 1, body)) == "stale"
    before = seen_by(colleague, account_id)
    decide(officer, account_id, CLEAR)
    assert problem(approve(colleague, account_id, before)) == "stale", "not seen by the colleague"
    seen = seen_by(colleague, account_id)
    import_lists(on_both, changed_entry(tmp_path))
    on_both.run_steps()
    assert problem(approve(colleague, account_id, seen)) == "stale"
    assert on_both.rows(Decision) == []


def test_a_decision_made_during_a_comparison_counts(on_both):
    """The comparison found the doubt again; what was decided meanwhile is looked up at the end."""
    account_id = screened(on_both, DOUBTFUL)
    officer = on_both.sign_in(Role.COMPLIANCE)
    on_both.forget_published()
    import_lists(on_both, SECOND)
    with on_both.runtime.transaction() as session:
        versions.request_everybody(session, Occasion.OPERATOR)
    on_both.identity.meanwhile = lambda: decide(officer, account_id, CLEAR)
    on_both.run_steps()
    row = row_of(on_both, account_id)
    assert (row.verdict, row.pending) == (Status.CLEAR, False)
    assert [each.verdict for each in on_both.published(ScreeningCompleted)] == [Verdict.CLEAR]


def at_once(*acts):
    """Let these happen at the same time; return the answers' status codes, sorted."""
    together, answers = threading.Barrier(len(acts)), []

    def run(act):
        together.wait()
        answers.append(act().status_code)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


@pytest.mark.postgres
def test_of_two_who_approve_at_once_one_does(on_postgres):
    account_id = screened(on_postgres, LISTED)
    officer, *approvers = (on_postgres.sign_in(Role.COMPLIANCE) for _ in range(4))
    decide(officer, account_id, CLEAR)
    on_postgres.forget_published()
    seen = seen_by(officer, account_id)
    codes = at_once(*(lambda who=who: approve(who, account_id, seen) for who in approvers))
    assert codes == [200, 412, 412]
    assert len(on_postgres.rows(Decision)) == 1
    assert len(on_postgres.published(ScreeningCompleted)) == 1


@pytest.mark.postgres
def test_of_two_who_propose_at_once_one_does(on_postgres):
    account_id = screened(on_postgres, LISTED)
    people = [on_postgres.sign_in(Role.COMPLIANCE) for _ in range(3)]
    seen = seen_by(people[0], account_id)
    codes = at_once(*(lambda who=who: decide(who, account_id, CLEAR, seen) for who in people))
    assert codes == [202, 412, 412]
    assert len(on_postgres.rows(Proposal)) == 1


@pytest.mark.postgres
def test_an_approval_waits_for_a_comparison_that_is_being_written(on_postgres):
    """And then it does not hold, since the match is another: whoever approved saw the former."""
    account_id = screened(on_postgres, LISTED)
    officer, colleague = two_of(on_postgres)
    decide(officer, account_id, CLEAR)
    seen, answers = seen_by(colleague, account_id), []
    with on_postgres.runtime.transaction() as writing:
        row = writing.get_one(Screening, account_id, with_for_update=True)
        approving = threading.Thread(
            target=lambda: answers.append(approve(colleague, account_id, seen))
        )
        approving.start()
        row.score = 99.5
        _change_fingerprints(writing)
    approving.join()
    assert [problem(each) for each in answers] == ["stale"]
    assert problem(approve(colleague, account_id)) == "proposal-lapsed"
    assert on_postgres.rows(Decision) == []


@pytest.mark.postgres
def test_without_the_lock_an_approval_would_clear_a_match_that_nobody_saw(on_postgres):
    """Control: what the row's lock is for."""
    account_id = screened(on_postgres, LISTED)
    decide(on_postgres.sign_in(Role.COMPLIANCE), account_id, CLEAR)
    with on_postgres.runtime.transaction() as approving:
        row = approving.get_one(Screening, account_id)
        assert proposals.is_waiting(approving, account_id)
        with on_postgres.runtime.transaction() as writing:
            _change_fingerprints(writing)
        meant = [each.key for each in decisions.known(approving, row)[0]]
        assert proposals.covered(approving, account_id).isdisjoint(meant)


def _change_fingerprints(session):
    session.execute(sa.text("UPDATE screening_matches SET entry_fingerprint = 'another'"))
