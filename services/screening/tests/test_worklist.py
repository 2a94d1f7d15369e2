"""The worklist of compliance: what is to be looked at, the gravest and the oldest first."""

from datetime import timedelta
from uuid import UUID

import pytest

from common.testing.harness import pointers
from common.web import Role
from screening.models import Screening
from screening.rules.states import Status

from .compliance import CLEAR, decide, problem, withdraw
from .factories import (
    DOUBTFUL,
    FIRST,
    LISTED,
    NEXT_LISTED,
    SECOND,
    a_rename,
    a_screening,
    import_lists,
    register,
    screened,
)


def ids(answer):
    assert answer.status_code == 200, answer.json
    return [each["account_id"] for each in answer.json]


def given_people(screening, *facts):
    """People of a verdict, a score and so many days for which it stands; returns their ids."""
    at, found = screening.clock.now(), []
    for verdict, score, days in facts:
        since = at - timedelta(days=days)
        person = a_screening(
            verdict=verdict, score=score, requested_at=at, checked_at=at, verdict_at=since
        )
        found.append(str(screening.given(person).account_id))
    return found


def test_the_gravest_comes_first_and_of_equals_who_waits_longest(on_both):
    second, first, fourth, third, clear, pending = given_people(
        on_both,
        (Status.HIT, 97.0, 1), (Status.HIT, 97.0, 3), (Status.REVIEW, 84.0, 9),
        (Status.REVIEW, 90.0, 0), (Status.CLEAR, 0.0, 9), (Status.PENDING, 0.0, 9),
    )  # fmt: skip
    officer = on_both.sign_in(Role.COMPLIANCE)
    assert ids(officer.get("/screenings")) == [first, second, third, fourth]
    assert ids(officer.get("/screenings?verdict=hit")) == [first, second]
    assert ids(officer.get("/screenings?verdict=review")) == [third, fourth]
    assert {clear, pending}.isdisjoint(ids(officer.get("/screenings")))
    days = [each["verdict_at"][:10] for each in officer.get("/screenings?verdict=hit").json]
    assert days == ["2026-02-27", "2026-03-01"]


def test_who_asked_for_people_to_look_comes_before_everybody_else(on_both):  # art. 22(3)
    graver, objector = given_people(on_both, (Status.HIT, 99.0, 9), (Status.HIT, 96.0, 0))
    officer, dpo = on_both.sign_in(Role.COMPLIANCE), on_both.sign_in(Role.DPO)
    assert ids(officer.get("/screenings")) == [graver, objector]
    dpo.post(f"/accounts/{graver}/objections", {"ground": "art_21_1"})
    dpo.post(f"/accounts/{objector}/objections", {"ground": "art_22_3"})
    answer = officer.get("/screenings")
    assert ids(answer) == [objector, graver]
    assert [each["objection_open"] for each in answer.json] == [True, False]
    first = officer.get("/screenings?limit=1")
    assert ids(officer.get(next_of(first))) == [graver]


def next_of(answer):
    return answer.headers.get("Link", "").split(">")[0].removeprefix("<")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_pages_follow_each_other_without_a_gap(on_both, limit):
    given_people(
        on_both, *((Status.REVIEW, score, days) for score in (90.0, 0.0, 86.7) for days in (0, 7))
    )
    officer = on_both.sign_in(Role.COMPLIANCE)
    whole = ids(officer.get("/screenings"))
    seen, path = [], f"/screenings?limit={limit}&verdict=review&proposed=false"
    while path:
        answer = officer.get(path)
        seen += ids(answer)
        path = next_of(answer)
    assert seen == whole
    assert len(whole) == 6


def test_a_page_goes_on_where_the_former_ended_when_somebody_before_it_is_done(screening):
    people = given_people(screening, *((Status.REVIEW, 99.0 - n, 0) for n in range(4)))
    officer = screening.sign_in(Role.COMPLIANCE)
    first = officer.get("/screenings?limit=2")
    with screening.runtime.transaction() as session:
        session.get_one(Screening, UUID(people[0])).verdict = Status.CLEAR
    assert ids(officer.get(next_of(first))) == people[2:]


def test_what_waits_for_a_second_person_can_be_listed_by_itself(on_both):
    blocked = screened(on_both, LISTED)
    in_review = register(on_both, DOUBTFUL)
    on_both.run_steps()
    officer = on_both.sign_in(Role.COMPLIANCE)
    assert decide(officer, blocked, CLEAR).status_code == 202
    assert ids(officer.get("/screenings?proposed=true")) == [str(blocked)]
    assert ids(officer.get("/screenings?proposed=false")) == [str(in_review)]
    assert ids(officer.get("/screenings?proposed=true&verdict=review")) == []
    assert [each["proposed"] for each in officer.get("/screenings").json] == [True, False]
    withdraw(officer, blocked)
    assert ids(officer.get("/screenings?proposed=true")) == []


def test_since_when_somebody_waits_is_not_moved_by_another_comparison(screening):
    account_id = screened(screening, DOUBTFUL)
    officer = screening.sign_in(Role.COMPLIANCE)
    since = officer.get("/screenings").json[0]["verdict_at"]
    screening.clock.advance("P1D")
    import_lists(screening, SECOND)
    screening.run_steps()
    assert screening.sign_in(Role.COMPLIANCE).get("/screenings").json[0]["verdict_at"] == since
    screening.identity.names[account_id] = NEXT_LISTED
    screening.when(a_rename(account_id))
    screening.run_steps()
    (line,) = screening.sign_in(Role.COMPLIANCE).get("/screenings").json
    assert (line["verdict"], line["verdict_at"]) == ("hit", "2026-03-03T09:00:00Z")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("verdict=clear", "/verdict"),
        ("verdict=", "/verdict"),
        ("proposed=yes", "/proposed"),
        ("proposed=", "/proposed"),
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=99999999999999999999", "/limit"),
        ("cursor=%00", "/cursor"),
        ("cursor=abc", "/cursor"),
        ("cursor=" + "A" * 43, "/cursor"),
        ("cursor=" + "A" * 45, "/cursor"),
        ("cursor=AH_wAAAAAAAA" + "A" * 32, "/cursor"),
        ("cursor=AH_4AAAAAAAA" + "A" * 32, "/cursor"),
        ("cursor=%C3%A9", "/cursor"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(screening, query, pointer):
    answer = screening.sign_in(Role.COMPLIANCE).get(f"/screenings?{query}")
    assert problem(answer) == "invalid"
    assert pointers(answer) == {pointer}


@pytest.mark.parametrize("cursor", ["0" * 44, "A" * 44, "AAAAAAAAAAAA" + "f" + "_" * 31])
def test_a_made_up_cursor_is_a_place_like_another(on_both, cursor):
    given_people(on_both, (Status.REVIEW, 90.0, 0))
    answer = on_both.sign_in(Role.COMPLIANCE).get(f"/screenings?cursor={cursor}")
    assert answer.status_code == 200


def test_nobody_new_is_on_it_before_the_comparison(screening):
    import_lists(screening, FIRST)
    register(screening, LISTED)
    assert ids(screening.sign_in(Role.COMPLIANCE).get("/screenings")) == []
