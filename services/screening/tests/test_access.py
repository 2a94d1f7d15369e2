"""Who is let in: compliance to screenings, the data protection officer to lists and objections."""

import re
from uuid import uuid4

import pytest

from common.ids import uuid7
from common.testing.harness import pointers
from common.web import Role
from screening.models import Proposal, Screening
from screening.rules.states import Status

from .compliance import CLEAR, decide, problem, sign_in_as
from .factories import DOUBTFUL, LISTED, a_match, a_screening, register, row_of, screened

OFFICE = {Role.COMPLIANCE, Role.DPO}
ALL_ROUTES = [
    ("GET", "/lists", OFFICE),
    ("GET", "/screenings", {Role.COMPLIANCE}),
    ("GET", "/screenings/{account_id}", {Role.COMPLIANCE}),
    ("POST", "/screenings/{account_id}/decision", {Role.COMPLIANCE}),
    ("POST", "/screenings/{account_id}/proposal/approval", {Role.COMPLIANCE}),
    ("DELETE", "/screenings/{account_id}/proposal", {Role.COMPLIANCE}),
    ("GET", "/accounts/{account_id}/lists-used", OFFICE),
    ("POST", "/accounts/{account_id}/objections", OFFICE),
    ("GET", "/objections/open", OFFICE),
    ("GET", "/objections/{objection_id}", OFFICE),
    ("POST", "/objections/{objection_id}/answer", OFFICE),
]
"""Method, path, and the roles that may; the person's own objections are in test_objections."""
BODIES = {
    "decision": CLEAR,
    "objections": {"ground": "art_22_3"},
    "answer": {"outcome": "reject", "reason": "not_concerned"},
}
TRACES = ("hit", "review", "ERFUNDEN", "un-consolidated", "XXi.", "score", "art_", "proposal")
"""Words of which nobody outside the office sees any."""


def call(caller, method, path):
    headers = {"If-Match": '"1"', "Idempotency-Key": str(uuid7())}
    return caller.call(method, path, json=BODIES.get(path.split("/")[-1]), headers=headers)


@pytest.fixture
def matched(screening):
    """Path of everything that is about somebody who is blocked, has a proposal and objected."""
    account_id = screened(screening, LISTED)
    officer = screening.sign_in(Role.COMPLIANCE)
    assert decide(officer, account_id, CLEAR).status_code == 202
    dpo = screening.sign_in(Role.DPO)
    objection = dpo.post(f"/accounts/{account_id}/objections", {"ground": "art_22_3"}).json
    return {"account_id": account_id, "objection_id": objection["id"]}


@pytest.mark.parametrize("role", Role)
def test_whoever_is_not_to_know_learns_nothing_from_any_route(screening, matched, role):  # S17
    for method, path, allowed in ALL_ROUTES:
        answer = call(screening.sign_in(role), method, path.format(**matched))
        if role in allowed:
            assert answer.status_code not in (401, 403, 404), (path, answer.json)
            continue
        assert problem(answer) == ("not-found" if "{" in path else "not-allowed"), path
        assert [each for each in TRACES if each in answer.text] == [], path
    (proposal,) = screening.rows(Proposal) or (None,)
    changed = role is Role.COMPLIANCE
    assert (proposal is None) == changed or proposal.account_id == matched["account_id"]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.USER_MANAGER, Role.APPROVER, Role.ADMIN])
def test_the_answer_about_somebody_matched_is_that_about_nobody(screening, matched, role):
    caller = screening.sign_in(role)
    nobody = {"account_id": uuid4(), "objection_id": uuid4()}
    for method, path, _ in ALL_ROUTES:
        answers = [call(caller, method, path.format(**ids)) for ids in (matched, nobody)]
        known, unknown = ({**each.json, "trace_id": ""} for each in answers)
        assert known == unknown, path


def test_the_user_managers_own_organisation_makes_no_difference(screening, matched):
    """A screening is of no organisation, so a manager of the very same one sees no more."""
    account_id = matched["account_id"]
    for role in (Role.MEMBER, Role.USER_MANAGER):
        manager = screening.sign_in(role, organisation_id=None)
        assert problem(manager.get(f"/screenings/{account_id}")) == "not-found"


def test_nobody_sees_the_own_screening_not_even_its_existence(screening):  # S17
    account_id = screened(screening, DOUBTFUL)
    me = sign_in_as(screening, account_id, Role.MEMBER)
    assert problem(me.get(f"/screenings/{account_id}")) == "not-found"
    assert problem(me.get(f"/screenings/{uuid4()}")) == "not-found"


def test_without_a_token_there_is_nothing_to_see(screening):
    for method, path, _ in [*ALL_ROUTES, ("GET", "/objections", ()), ("POST", "/objections", ())]:
        path = path.format(account_id=uuid4(), objection_id=uuid4())
        assert problem(call(screening.anonymous(), method, path)) == "not-signed-in"


def test_compliance_sees_what_matched_and_why(screening):
    account_id = screened(screening, DOUBTFUL)
    answer = screening.sign_in(Role.COMPLIANCE).get(f"/screenings/{account_id}")
    assert answer.headers["ETag"] == f'"{row_of(screening, account_id).version}"'
    seen = dict(answer.json)
    (match,) = seen.pop("matches")
    codes = seen["list_versions"]
    assert seen == {
        "account_id": str(account_id),
        "verdict": "review",
        "verdict_at": "2026-03-02T09:00:00Z",
        "score": match["score"],
        "pending": False,
        "proposed": False,
        "objection_open": False,
        "requested_at": "2026-03-02T09:00:00Z",
        "checked_at": "2026-03-02T09:00:00Z",
        "list_versions": codes,
        "proposal": None,
        "decisions": [],
    }
    assert [code.split(":")[0] for code in codes] == ["un-consolidated", "us-sdn"]
    assert (match["list_id"], match["entry_id"]) == ("un-consolidated", "XXi.001")
    assert match["matched_name"] == "VIKTOR ERFUNDEN"
    assert (match["outcome"], match["decision"]) == ("review", None)
    assert "VIKTOR ERFUNDEN" in match["explanation"]
    assert "Erfunder" not in answer.text  # the person's own name is identity's to show


def test_somebody_new_is_pending(screening):
    account_id = register(screening)
    answer = screening.sign_in(Role.COMPLIANCE).get(f"/screenings/{account_id}").json
    assert (answer["verdict"], answer["pending"], answer["checked_at"]) == ("pending", True, None)
    assert answer["verdict_at"] is None


def test_a_match_can_be_shown_whatever_the_list_wrote(screening):
    person = screening.given(
        a_screening(verdict=Status.REVIEW, requested_at=screening.clock.now(), name_digest="d")
    )
    screening.given(a_match(person.account_id, entry_id="x" * 500, matched_name="名" * 1000))
    officer = screening.sign_in(Role.COMPLIANCE)
    answer = officer.get(f"/screenings/{person.account_id}").json
    assert answer["matches"][0]["matched_name"] == "名" * 1000
    assert len(screening.rows(Screening)) == 1


def test_the_document_describes_every_route(screening):
    paths = screening.anonymous().get("/openapi.json").json["paths"]
    rules = screening.app.url_map.iter_rules()
    everywhere = {str(each) for each in rules if each.endpoint.startswith("privacy.")}
    shared = {re.sub("<uuid:(.*?)>", r"{\1}", each) for each in everywhere}
    assert {path for _, path, _ in ALL_ROUTES} | {"/objections"} == set(paths) - shared
    decision = paths["/screenings/{account_id}/decision"]["post"]
    assert "If-Match" in {each.get("name") for each in decision["parameters"]}
    assert {"200", "202"} <= set(decision["responses"])


def test_who_objects_is_told_nothing_of_the_review(screening):
    account_id = screened(screening, DOUBTFUL)
    me = sign_in_as(screening, account_id, Role.MEMBER)
    answer = me.post("/objections", {"ground": "art_22_3"})
    assert answer.status_code == 201
    assert {"verdict", "reason", "received_by", "answered_by"} & set(answer.json) == set()
    assert row_of(screening, account_id).verdict is Status.REVIEW
    assert pointers(me.post("/objections", {"ground": "hit"})) == {"/ground"}
