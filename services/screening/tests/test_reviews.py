"""Decisions of compliance: one person's, or proposed by one and approved by another (art. 22)."""

import pytest

from common.events.catalogue import ScreeningCompleted, Verdict
from common.privacy.audit import AuditEntry
from common.testing.harness import pointers
from common.web import Role
from screening.models import Decision, Proposal, ProposedEntry
from screening.rules.states import Status

from .compliance import (
    CLEAR,
    CONFIRM,
    approve,
    decide,
    problem,
    rulings_of,
    sign_in_as,
    two_of,
    withdraw,
)
from .factories import (
    DOUBTFUL,
    LISTED,
    SECOND,
    UNCOMPARABLE,
    UNLISTED,
    import_lists,
    list_with,
    register,
    row_of,
    screened,
)


def audited(screening):
    return [
        each.action
        for each in screening.rows(AuditEntry, AuditEntry.row_table.is_(None))
        if "screening." in each.action
    ]


# ------------------------------------------------------------------------------- one person


@pytest.mark.parametrize("name", [DOUBTFUL, UNCOMPARABLE], ids=["doubt", "blank"])
def test_one_person_clears_a_doubt_and_it_stays_so(on_both, name):  # S17
    account_id = screened(on_both, name)
    officer = on_both.sign_in(Role.COMPLIANCE)
    on_both.forget_published()
    answer = decide(officer, account_id, CLEAR)
    assert answer.status_code == 200, answer.json
    assert (answer.json["verdict"], answer.json["score"]) == ("clear", 0)
    assert [each["decision"] for each in answer.json["matches"]] == ["clear"]
    (taken,) = answer.json["decisions"]
    assert taken["decided_by"] == str(officer.person.account_id)
    assert (taken["proposed_by"], taken["proposed_at"]) == (None, None)
    assert answer.headers["ETag"] == f'"{row_of(on_both, account_id).version}"'
    (said,) = on_both.published()
    assert said == ScreeningCompleted(
        account_id=account_id,
        verdict=Verdict.CLEAR,
        list_versions=tuple(answer.json["list_versions"]),
    )

    on_both.forget_published()
    import_lists(on_both, SECOND)
    on_both.run_steps()
    assert row_of(on_both, account_id).verdict is Status.CLEAR
    assert on_both.published(ScreeningCompleted) == []


def test_one_person_confirms_a_hit_and_nobody_is_told_again(screening, officer):
    account_id = screened(screening, LISTED)
    before = officer.get(f"/screenings/{account_id}").headers["ETag"]
    screening.forget_published()
    answer = decide(officer, account_id, CONFIRM)
    assert answer.status_code == 200
    assert answer.json["matches"][0]["decision"] == "confirm"
    assert answer.headers["ETag"] != before, "who saw it before has not seen this"
    assert screening.published() == []


# ------------------------------------------------------------------------------- two people


def test_a_hit_is_cleared_by_two_people(on_both):  # S17, art. 22
    account_id = screened(on_both, LISTED)
    officer, colleague = two_of(on_both)
    on_both.forget_published()
    answer = decide(officer, account_id, CLEAR)
    assert answer.status_code == 202, answer.json
    assert answer.json["proposal"] == {
        "outcome": "clear",
        "reason": "another_person",
        "entries": [{"list_id": "un-consolidated", "entry_id": "XXi.001"}],
        "proposed_by": str(officer.person.account_id),
        "proposed_at": "2026-03-02T09:00:00Z",
        "lapsed": False,
    }
    assert (answer.json["verdict"], answer.json["decisions"]) == ("hit", [])
    assert on_both.published() == []
    assert row_of(on_both, account_id).verdict is Status.HIT

    on_both.clock.advance("PT2M")
    answer = approve(colleague, account_id)
    assert answer.status_code == 200, answer.json
    assert (answer.json["verdict"], answer.json["proposal"]) == ("clear", None)
    (taken,) = answer.json["decisions"]
    assert taken["proposed_by"] == str(officer.person.account_id)
    assert taken["decided_by"] == str(colleague.person.account_id)
    assert (taken["proposed_at"], taken["decided_at"]) == (
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:02:00Z",
    )
    assert [each.verdict for each in on_both.published(ScreeningCompleted)] == [Verdict.CLEAR]
    assert on_both.rows(Proposal) == on_both.rows(ProposedEntry) == []
    assert audited(on_both) == ["screening.propose", "screening.clear"]


def test_a_doubt_is_confirmed_by_two_people_and_stays_a_hit(screening, officer, colleague):
    account_id = screened(screening, DOUBTFUL)
    assert decide(officer, account_id, CONFIRM).status_code == 202
    assert row_of(screening, account_id).verdict is Status.REVIEW
    assert approve(colleague, account_id).json["verdict"] == "hit"
    import_lists(screening, SECOND)
    screening.run_steps()
    assert row_of(screening, account_id).verdict is Status.HIT


def test_a_clearing_is_taken_back_by_two_people(screening, officer, colleague):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    assert decide(officer, account_id, CONFIRM).status_code == 202
    assert row_of(screening, account_id).verdict is Status.CLEAR
    assert approve(colleague, account_id).json["verdict"] == "hit"
    assert [each.outcome.value for each in screening.rows(Decision)] == ["clear", "confirm"]
    assert audited(screening) == ["screening.clear", "screening.propose", "screening.confirm"]


def test_nobody_approves_the_own_proposal(screening, officer):
    account_id = screened(screening, LISTED)
    decide(officer, account_id, CLEAR)
    answer = approve(officer, account_id)
    assert (problem(answer), answer.status_code) == ("own-proposal", 403)
    assert row_of(screening, account_id).verdict is Status.HIT
    assert screening.rows(Decision) == []


def test_nobody_decides_proposes_approves_or_withdraws_about_the_own_name(screening, officer):
    account_id = screened(screening, LISTED)
    me = sign_in_as(screening, account_id, Role.COMPLIANCE)
    answers = [decide(me, account_id, body) for body in (CLEAR, CONFIRM)]
    decide(officer, account_id, CLEAR)
    answers += [approve(me, account_id), withdraw(me, account_id)]
    assert [problem(each) for each in answers] == ["own-screening"] * 4
    assert {each.status_code for each in answers} == {403}
    assert row_of(screening, account_id).verdict is Status.HIT
    assert len(screening.rows(Proposal)) == 1


def test_there_is_one_proposal_at_a_time(screening, officer, colleague):
    account_id = screened(screening, LISTED)
    decide(officer, account_id, CLEAR)
    for body in (CLEAR, CONFIRM):
        answer = decide(colleague, account_id, body)
        assert (problem(answer), answer.status_code) == ("proposal-open", 409)
    assert screening.rows(Decision) == []


def test_a_proposal_can_be_withdrawn_and_rejected(screening, officer, colleague):
    account_id = screened(screening, LISTED)
    decide(officer, account_id, CLEAR)
    assert withdraw(officer, account_id).json["proposal"] is None
    decide(officer, account_id, CLEAR)
    assert withdraw(colleague, account_id).json["proposal"] is None
    assert audited(screening) == [
        "screening.propose", "screening.withdraw", "screening.propose", "screening.reject",
    ]  # fmt: skip
    for act in (approve, withdraw):
        answer = act(colleague, account_id)
        assert (problem(answer), answer.status_code) == ("nothing-proposed", 409)
    assert row_of(screening, account_id).verdict is Status.HIT
    assert decide(colleague, account_id, CONFIRM).status_code == 200


# ------------------------------------------------------------------------------- of several matches


@pytest.fixture
def matches_two(screening, tmp_path):
    """Somebody with a doubt and a hit."""
    import_lists(screening, list_with(tmp_path, DOUBTFUL))
    account_id = register(screening, DOUBTFUL)
    screening.run_steps()
    assert row_of(screening, account_id).verdict is Status.HIT
    return account_id


DOUBT = [{"list_id": "un-consolidated", "entry_id": "XXi.001"}]
HIT = [{"list_id": "un-consolidated", "entry_id": "XXi.900"}]


def test_clearing_one_of_two_leaves_the_other(screening, officer, colleague, matches_two):
    answer = decide(officer, matches_two, {**CLEAR, "entries": DOUBT})
    assert answer.status_code == 200, "a doubt takes one person, whatever else matches"
    assert rulings_of(answer) == {"XXi.001": "clear", "XXi.900": None}
    assert (answer.json["verdict"], answer.json["score"]) == ("hit", 100)

    assert decide(officer, matches_two, {**CLEAR, "entries": HIT}).status_code == 202
    assert approve(colleague, matches_two).json["verdict"] == "clear"


def test_clearing_the_hit_leaves_the_doubt_to_review(screening, officer, colleague, matches_two):
    decide(officer, matches_two, {**CLEAR, "entries": HIT})
    answer = approve(colleague, matches_two)
    assert rulings_of(answer) == {"XXi.001": None, "XXi.900": "clear"}
    assert answer.json["verdict"] == "review"
    assert 0 < answer.json["score"] < 100


def test_a_decision_is_about_all_that_is_open_unless_entries_are_named(
    screening, officer, colleague, matches_two
):
    assert decide(officer, matches_two, CLEAR).status_code == 202
    answer = approve(colleague, matches_two)
    assert rulings_of(answer) == {"XXi.001": "clear", "XXi.900": "clear"}
    assert answer.json["verdict"] == "clear"


def test_a_hit_is_no_way_round_the_second_person_for_the_doubt_beside_it(
    screening, officer, matches_two
):
    """One person confirms the hit; the doubt would block by itself once the hit is gone."""
    assert decide(officer, matches_two, CONFIRM).status_code == 202
    withdraw(officer, matches_two)
    assert decide(officer, matches_two, {**CONFIRM, "entries": HIT}).status_code == 200
    assert decide(officer, matches_two, {**CONFIRM, "entries": DOUBT}).status_code == 202


def test_what_two_people_confirmed_one_does_not_clear(screening, officer, colleague):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CONFIRM)
    approve(colleague, account_id)
    assert decide(officer, account_id, CLEAR).status_code == 202
    assert row_of(screening, account_id).verdict is Status.HIT


@pytest.mark.parametrize(
    "entries",
    [
        [{"list_id": "un-consolidated", "entry_id": "XXi.002"}],
        [*DOUBT, {"list_id": "us-sdn", "entry_id": "XXi.001"}],
    ],
    ids=["another", "one_of_two"],
)
def test_an_entry_that_does_not_match_is_not_decided_about(screening, officer, entries):
    account_id = screened(screening, DOUBTFUL)
    answer = decide(officer, account_id, {**CLEAR, "entries": entries})
    assert (problem(answer), answer.status_code) == ("nothing-to-decide", 409)
    assert screening.rows(Decision) == []


# ------------------------------------------------------------------------------- nothing to decide


@pytest.mark.parametrize("body", [CLEAR, CONFIRM])
def test_there_is_nothing_to_decide_about_whom_nothing_matches(screening, officer, body):
    account_id = screened(screening, UNLISTED)
    answer = decide(officer, account_id, body)
    assert (problem(answer), answer.status_code) == ("nothing-to-decide", 409)
    assert screening.rows(Decision) == []


def test_nobody_is_cleared_twice(screening, officer):
    account_id = screened(screening, DOUBTFUL)
    decide(officer, account_id, CLEAR)
    assert problem(decide(officer, account_id, CLEAR)) == "nothing-to-decide"


def test_nobody_is_cleared_before_the_comparison(screening, officer):
    account_id = register(screening, LISTED)
    assert problem(decide(officer, account_id, CLEAR)) == "nothing-to-decide"
    assert row_of(screening, account_id).verdict is Status.PENDING


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, {"/outcome", "/reason"}),
        ({**CLEAR, "outcome": "maybe"}, {"/outcome"}),
        ({**CLEAR, "outcome": ["clear"]}, {"/outcome"}),
        ({**CLEAR, "outcome": None}, {"/outcome"}),
        ({**CLEAR, "reason": "He seems nice\x00"}, {"/reason"}),
        ({**CLEAR, "reason": 10**400}, {"/reason"}),
        ({**CLEAR, "reason": "same_person"}, {"/reason"}),
        ({**CLEAR, "comment": "x"}, {"/comment"}),
        ({**CLEAR, "entries": []}, {"/entries"}),
        ({**CLEAR, "entries": [{}]}, {"/entries/0/list_id", "/entries/0/entry_id"}),
        ({**CLEAR, "entries": [{**DOUBT[0], "entry_id": "\x00"}]}, {"/entries/0/entry_id"}),
    ],
)
def test_a_decision_that_does_not_fit_is_refused_and_its_words_not_repeated(
    screening, officer, body, pointer
):
    account_id = screened(screening, DOUBTFUL)
    answer = decide(officer, account_id, body)
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"
    if answer.status_code == 422:
        assert pointers(answer) == pointer
    assert "He seems nice" not in answer.text
    assert screening.rows(Decision) == []


@pytest.mark.parametrize("body", [b'{"outcome": "\\ud800"}', b"[]", b"{", b"\xff", b"NaN"])
def test_a_body_that_is_no_json_object_is_refused(screening, officer, body):
    account_id = screened(screening, DOUBTFUL)
    answer = officer.call(
        "POST",
        f"/screenings/{account_id}/decision",
        data=body,
        headers={"Content-Type": "application/json", "If-Match": '"2"'},
    )
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"
