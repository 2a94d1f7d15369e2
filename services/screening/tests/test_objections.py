"""Objections to the comparison and to a block made by a machine (art. 21(1), 22(3))."""

import threading
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.privacy.deadlines import due_on
from common.refusals import IllegalTransition, Invalid, next_state
from common.testing.harness import pointers
from common.web import Role
from screening.models import Objection
from screening.rules.objections import (
    REASONS,
    TRANSITIONS,
    AlreadyReceived,
    AnswerReason,
    Ground,
    NotImpartial,
    ObjectionState,
    Outcome,
    ReviewFirst,
    is_overdue,
    require_fitting_answer,
)
from screening.rules.states import Status

from .compliance import CLEAR, CONFIRM, approve, decide, problem, sign_in_as
from .factories import DOUBTFUL, LISTED, UNLISTED, row_of, screened
from .test_retention import erase

COMPARISON, BLOCK = {"ground": "art_21_1"}, {"ground": "art_22_3"}
COMPELLING = {"outcome": "reject", "reason": "compelling_grounds"}
CLEARED = {"outcome": "uphold", "reason": "reviewed_and_cleared"}
CONFIRMED = {"outcome": "reject", "reason": "reviewed_and_confirmed"}


def respond(who, objection_id, body, version=None):
    seen = who.get(f"/objections/{objection_id}").headers.get("ETag", '"1"').strip('"')
    return who.change("POST", f"/objections/{objection_id}/answer", version or seen, body)


def record(screening, account_id, body=BLOCK, role=Role.DPO):
    answer = screening.sign_in(role).post(f"/accounts/{account_id}/objections", body)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def objection_to(screening, account_id, ground=Ground.ART_22_3, **facts):
    at = screening.clock.now()
    return screening.given(
        Objection(
            account_id=account_id,
            ground=ground,
            received_at=at,
            received_by=account_id,
            due_on=due_on(at),
            **facts,
        )
    )


# ------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("received_at", "due"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), date(2026, 4, 2)),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2028, 1, 31, 9, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2026, 3, 30, 22, 30, tzinfo=UTC), date(2026, 4, 30)),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), date(2027, 2, 1)),
    ],
    ids=["month", "clipped", "leap_year", "next_day_in_berlin", "next_year_in_berlin"],
)
def test_an_answer_is_due_a_month_later_by_the_calendar_of_berlin(received_at, due):
    assert due_on(received_at) == due


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_no_answer_is_late_before_four_weeks_and_every_one_after_a_month(received_at):
    due = due_on(received_at)
    assert 28 <= (due - received_at.date()).days <= 32
    at = datetime(due.year, due.month, due.day, 12, tzinfo=UTC)
    assert not is_overdue(ObjectionState.RECEIVED, due, at)
    later = datetime.fromordinal(due.toordinal() + 1).replace(hour=12, tzinfo=UTC)
    assert is_overdue(ObjectionState.RECEIVED, due, later)
    assert not is_overdue(ObjectionState.REJECTED, due, later)


def test_what_is_answered_stays_so():
    for state in (ObjectionState.UPHELD, ObjectionState.REJECTED):
        for outcome in Outcome:
            with pytest.raises(IllegalTransition):
                next_state(TRANSITIONS, state, outcome)


@pytest.mark.parametrize("ground", Ground)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("reason", AnswerReason)
def test_a_reason_fits_the_ground_and_the_answer(ground, outcome, reason):
    if reason in REASONS[ground, outcome]:
        require_fitting_answer(ground, outcome, reason)
    else:
        with pytest.raises(Invalid) as refused:
            require_fitting_answer(ground, outcome, reason)
        assert set(refused.value.errors) == {"/reason"}


@pytest.mark.parametrize("refusal", [AlreadyReceived, NotImpartial, ReviewFirst])
def test_refusals_have_a_title_in_every_language(refusal):
    assert len({refusal.title.say(language) for language in ("en", "nl", "de")}) == 3


# ------------------------------------------------------------------------------- receiving


@pytest.mark.parametrize("role", Role)
def test_whoever_can_sign_in_objects_and_sees_the_own_objections_alone(make_screening, role):
    screening = make_screening(lia_ref="LIA-2026-7")
    me = sign_in_as(screening, screened(screening), role)
    objection_to(screening, screened(screening))
    answer = me.post("/objections", COMPARISON)
    assert answer.status_code == 201, answer.json
    expected = {
        "id": answer.json["id"],
        "ground": "art_21_1",
        "state": "received",
        "received_at": "2026-03-02T09:00:00Z",
        "due_on": "2026-04-02",
        "answered_at": None,
        "balancing_test": "LIA-2026-7",
    }
    assert answer.json == expected
    assert me.get("/objections").json == [expected]
    entry = screening.rows(AuditEntry)[-1]
    assert (entry.action, entry.subject) == ("objection.receive", str(me.person.account_id))


def test_the_balancing_test_is_the_one_of_that_time(make_screening):
    screening = make_screening(lia_ref="LIA-2026-7")
    account_id = screened(screening)
    record(screening, account_id, COMPARISON)
    object.__setattr__(screening.runtime.settings, "lia_ref", "LIA-2027-1")
    record(screening, account_id, BLOCK)
    tests = [each.balancing_test for each in screening.rows(Objection)]
    assert tests == ["LIA-2026-7", "LIA-2027-1"]


@pytest.mark.parametrize("role", [Role.DPO, Role.COMPLIANCE])
def test_the_office_records_one_for_somebody_who_cannot_sign_in(screening, role):
    account_id = screened(screening, LISTED)
    officer = screening.sign_in(role)
    answer = officer.post(f"/accounts/{account_id}/objections", BLOCK)
    assert answer.status_code == 201
    assert answer.json["account_id"] == str(account_id)
    assert answer.json["received_by"] == str(officer.person.account_id)
    assert problem(officer.post(f"/accounts/{uuid4()}/objections", BLOCK)) == "not-found"


def test_somebody_never_compared_has_nothing_to_object_to(screening):
    assert problem(screening.sign_in(Role.MEMBER).post("/objections", BLOCK)) == "not-found"
    assert screening.rows(Objection) == []


def test_the_same_request_enters_one_objection(on_both):
    me = sign_in_as(on_both, screened(on_both), Role.MEMBER)
    key = {"Idempotency-Key": str(uuid7())}
    answers = [me.post("/objections", BLOCK, headers=key) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert problem(me.call("POST", "/objections", json=BLOCK)) == "idempotency-key-missing"


def test_there_is_one_open_objection_on_a_ground(screening):
    account_id = screened(screening, UNLISTED)
    me, dpo = sign_in_as(screening, account_id, Role.MEMBER), screening.sign_in(Role.DPO)
    first = me.post("/objections", COMPARISON).json["id"]
    assert problem(me.post("/objections", COMPARISON)) == "already-received"
    assert me.post("/objections", BLOCK).status_code == 201, "another ground"
    respond(dpo, first, COMPELLING)
    assert me.post("/objections", COMPARISON).status_code == 201, "the first was answered"


@pytest.mark.postgres
def test_of_two_at_once_one_is_entered(on_postgres):
    account_id = screened(on_postgres)
    dpo, together, codes = on_postgres.sign_in(Role.DPO), threading.Barrier(3), []

    def send():
        together.wait()
        codes.append(dpo.post(f"/accounts/{account_id}/objections", BLOCK).status_code)

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201, 409, 409]
    assert len(on_postgres.rows(Objection)) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, {"/ground"}),
        ({"ground": "art_17"}, {"/ground"}),
        ({"ground": None}, {"/ground"}),
        ({**BLOCK, "account_id": str(uuid4())}, {"/account_id"}),
        ({**BLOCK, "text": "It is not me."}, {"/text"}),
    ],
)
def test_an_objection_that_does_not_fit_is_refused(screening, body, pointer):
    me = sign_in_as(screening, screened(screening), Role.MEMBER)
    answer = me.post("/objections", body)
    assert (answer.status_code, pointers(answer)) == (422, pointer)
    assert screening.rows(Objection) == []


# ------------------------------------------------------------------------------- the open ones


def test_what_is_due_first_comes_first_and_says_when_it_is_late(on_both):
    people = []
    for _ in range(3):
        people.append(str(screened(on_both)))
        record(on_both, people[-1])
        on_both.clock.advance("P10D")
    dpo = on_both.sign_in(Role.DPO)
    listed = dpo.get("/objections/open").json
    assert [each["account_id"] for each in listed] == people
    assert [each["due_on"] for each in listed] == ["2026-04-02", "2026-04-12", "2026-04-22"]
    assert [each["overdue"] for each in listed] == [False] * 3

    on_both.clock.advance("P3D")
    dpo, seen, path = on_both.sign_in(Role.DPO), [], "/objections/open?limit=1"
    while path:
        answer = dpo.get(path)
        seen += [(each["account_id"], each["overdue"]) for each in answer.json]
        path = answer.headers.get("Link", "").split(">")[0].removeprefix("<")
    assert seen == [(people[0], True), (people[1], False), (people[2], False)]
    respond(dpo, listed[0]["id"], {"outcome": "reject", "reason": "not_concerned"})
    assert [each["account_id"] for each in dpo.get("/objections/open").json] == people[1:]


# ------------------------------------------------------------------------------- answering


def test_an_objection_to_the_comparison_is_answered_with_compelling_grounds(screening):
    account_id = screened(screening)
    objection_id, dpo = record(screening, account_id, COMPARISON), screening.sign_in(Role.DPO)
    screening.clock.advance("PT1M")
    answer = respond(dpo, objection_id, COMPELLING)
    assert answer.status_code == 200, answer.json
    assert (answer.json["state"], answer.json["reason"]) == ("rejected", "compelling_grounds")
    assert answer.json["answered_by"] == str(dpo.person.account_id)
    assert (answer.json["answered_at"], answer.headers["ETag"]) == ("2026-03-02T09:01:00Z", '"2"')
    assert screening.rows(AuditEntry)[-1].action == "objection.reject"
    me = sign_in_as(screening, account_id, Role.MEMBER)
    (shown,) = me.get("/objections").json
    assert (shown["state"], "reason" in shown) == ("rejected", False)
    assert problem(respond(dpo, objection_id, COMPELLING)) == "illegal-transition"


def test_a_block_stays_and_people_decide_before_the_objection_is_answered(screening):
    account_id = screened(screening, LISTED)
    objection_id, dpo = record(screening, account_id), screening.sign_in(Role.DPO)
    assert row_of(screening, account_id).verdict is Status.HIT
    answer = respond(dpo, objection_id, CONFIRMED)
    assert (problem(answer), answer.status_code) == ("review-first", 409)

    officer, colleague = (screening.sign_in(Role.COMPLIANCE) for _ in range(2))
    assert officer.get(f"/screenings/{account_id}").json["objection_open"] is True
    decide(officer, account_id, CLEAR)
    assert problem(respond(dpo, objection_id, CLEARED)) == "review-first"
    approve(colleague, account_id)
    assert respond(dpo, objection_id, CLEARED).json["state"] == "upheld"
    assert officer.get(f"/screenings/{account_id}").json["objection_open"] is False


def test_nobody_answers_for_what_they_decided_or_proposed(screening):
    account_id = screened(screening, LISTED)
    objection_id = record(screening, account_id)
    officer, colleague, third = (screening.sign_in(Role.COMPLIANCE) for _ in range(3))
    decide(officer, account_id, CLEAR)
    approve(colleague, account_id)
    for who in (officer, colleague):
        answer = respond(who, objection_id, CLEARED)
        assert (problem(answer), answer.status_code) == ("not-impartial", 403)
    assert respond(third, objection_id, CLEARED).status_code == 200


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.DPO])
def test_nobody_answers_the_own_objection(screening, role):
    account_id = screened(screening)
    me = sign_in_as(screening, account_id, role)
    objection_id = me.post("/objections", COMPARISON).json["id"]
    assert problem(respond(me, objection_id, COMPELLING)) == "own-screening"


def test_an_answer_is_about_what_was_seen_and_fits(screening):
    account_id = screened(screening, DOUBTFUL)
    objection_id, dpo = record(screening, account_id), screening.sign_in(Role.DPO)
    path = f"/objections/{objection_id}/answer"
    assert problem(dpo.call("POST", path, json=CONFIRMED)) == "precondition-missing"
    assert problem(dpo.change("POST", path, 7, CONFIRMED)) == "stale"
    assert pointers(respond(dpo, objection_id, COMPELLING)) == {"/reason"}
    assert pointers(respond(dpo, objection_id, {"outcome": "maybe"})) == {"/outcome", "/reason"}
    assert problem(respond(dpo, uuid4(), CONFIRMED)) == "not-found"
    assert screening.rows(Objection)[0].state is ObjectionState.RECEIVED


# ------------------------------------------------------------------------------- erasure


def test_objections_go_with_the_person_and_those_of_others_stay(on_both):  # S26
    account_id, other = screened(on_both, LISTED), screened(on_both)
    officer = on_both.sign_in(Role.COMPLIANCE)
    decide(officer, account_id, CLEAR)
    for person in (account_id, other):
        record(on_both, person)
    answered = record(on_both, other, COMPARISON)
    dpo = on_both.sign_in(Role.DPO)
    respond(dpo, answered, COMPELLING)

    tables = erase(on_both, account_id)
    assert {name: tables[name].deleted for name in ("objections", "proposals")} == {
        "objections": 1,
        "proposals": 1,
    }
    assert tables["proposed_entries"].deleted == 1
    assert {each.account_id for each in on_both.rows(Objection)} == {other}

    kept = erase(on_both, dpo.person.account_id)["objections"]
    assert (kept.kept, kept.reason) == (1, "accountability")


def test_whoever_proposed_is_erased_and_the_proposal_stays(screening):
    account_id = screened(screening, DOUBTFUL)
    officer, colleague = (screening.sign_in(Role.COMPLIANCE) for _ in range(2))
    decide(officer, account_id, CONFIRM)
    kept = erase(screening, officer.person.account_id)["proposals"]
    assert (kept.kept, kept.reason) == (1, "accountability")
    assert approve(colleague, account_id).json["verdict"] == "hit"
