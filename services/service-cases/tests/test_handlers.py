"""What service-cases does when something happened elsewhere."""

from uuid import uuid4

import pytest

from common.events.catalogue import (
    AccountBlocked,
    AccountDeactivated,
    BusinessRelationshipEnded,
    CaseClosed,
    CaseState,
    CaseStateChanged,
    ErasureRequested,
    PersonalDataErased,
)
from common.web import Role
from common.web.standing import AccountStanding, Standing
from service_cases.models import Case, Machine

from .factories import REPORTED_AT, a_case, a_machine, a_message, a_report

OPEN = [state for state in CaseState if state is not CaseState.CLOSED]


def test_the_end_of_the_relation_closes_every_open_case(any_cases):  # S64
    machine = any_cases.given(a_machine())
    opened = [any_cases.given(a_case(machine, state=state)) for state in OPEN]
    any_cases.when(BusinessRelationshipEnded(organisation_id=machine.organisation_id))
    assert {(row.state, row.closed_at) for row in any_cases.rows(Case)} == {
        (CaseState.CLOSED, any_cases.clock.now())
    }
    ids = [{"case_id": case.id, "organisation_id": case.organisation_id} for case in opened]
    assert any_cases.published() == [
        event
        for each in ids
        for event in (CaseStateChanged(**each, state=CaseState.CLOSED), CaseClosed(**each))
    ]


def test_the_end_of_the_relation_leaves_closed_cases_as_they_are(cases):
    machine = cases.given(a_machine())
    cases.given(a_case(machine, closed_at=REPORTED_AT))
    cases.clock.advance("P1D")
    cases.when(BusinessRelationshipEnded(organisation_id=machine.organisation_id))
    assert cases.rows(Case)[0].closed_at == REPORTED_AT
    assert cases.published() == []


def test_the_end_of_the_relation_concerns_no_other_customer(cases):
    ours, theirs = cases.given(a_machine()), cases.given(a_machine())
    cases.given(a_case(theirs))
    cases.when(BusinessRelationshipEnded(organisation_id=ours.organisation_id))
    assert [row.state for row in cases.rows(Case)] == [CaseState.REPORTED]
    assert {row.id: row.relation_ended_at for row in cases.rows(Machine)} == {
        ours.id: cases.clock.now(),
        theirs.id: None,
    }


def test_the_end_told_a_second_time_in_words_of_its_own_changes_nothing(cases):
    machine = cases.given(a_machine())
    cases.given(a_case(machine))
    ended = BusinessRelationshipEnded(organisation_id=machine.organisation_id)
    cases.when(ended)
    before, told = cases.rows(Case)[0], cases.published()
    first_end = cases.rows(Machine)[0].relation_ended_at
    cases.clock.advance("P1D")
    cases.when(ended)
    assert cases.rows(Case)[0].closed_at == before.closed_at
    assert cases.rows(Machine)[0].relation_ended_at == first_end
    assert cases.published() == told


def test_after_the_end_nobody_can_report_a_new_case(cases):
    machine = cases.given(a_machine())
    cases.when(BusinessRelationshipEnded(organisation_id=machine.organisation_id))
    kim = cases.sign_in(organisation_id=machine.organisation_id)
    answer = kim.post("/cases", a_report(machine.id))
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/relation-ended")
    assert cases.rows(Case) == []


@pytest.mark.parametrize("event", [AccountBlocked, AccountDeactivated])
def test_a_reporter_who_may_not_act_changes_nothing_for_the_organisation(cases, event):
    machine = cases.given(a_machine())
    kim = cases.sign_in(organisation_id=machine.organisation_id)
    colleague = cases.sign_in(organisation_id=machine.organisation_id)
    case = kim.post("/cases", a_report(machine.id)).json
    cases.forget_published()
    cases.when(
        event(account_id=kim.person.account_id, organisation_id=machine.organisation_id, epoch=2)
    )
    assert kim.get(f"/cases/{case['id']}").json["type"] == "/problems/account-not-active"
    assert colleague.get(f"/cases/{case['id']}").json == case
    assert cases.published() == []


def test_an_older_event_about_an_account_does_not_undo_a_newer_one(cases):
    account = {"account_id": uuid4(), "organisation_id": uuid4()}
    blocked = cases.message(AccountBlocked(**account, epoch=2), sequence=5)
    late = cases.message(AccountDeactivated(**account, epoch=1), sequence=4)
    keep_standing = cases.service.subscriptions[0]
    for message in (blocked, late):
        cases.runtime.consumer.handle(keep_standing, [message])
    assert [row.state for row in cases.rows(AccountStanding)] == [Standing.BLOCKED]


def test_the_whole_life_of_a_case_on_each_database(any_cases):
    machine = any_cases.given(a_machine())
    kim = any_cases.sign_in(organisation_id=machine.organisation_id)
    support = any_cases.sign_in(Role.SUPPORT)
    case = kim.post("/cases", a_report(machine.id)).json
    path = f"/cases/{case['id']}"

    def step(caller, trigger):
        version = caller.get(path).json["version"]
        answer = caller.change("POST", f"{path}/state", version, {"trigger": trigger})
        assert answer.status_code == 200, answer.json
        return answer.json["state"]

    assert step(support, "take") == "in_progress"
    assert support.post(f"{path}/messages", {"text": "Which gas?"}).status_code == 201
    assert step(support, "ask_customer") == "waiting_for_customer"
    assert kim.post(f"{path}/messages", {"text": "Nitrogen."}).status_code == 201
    assert kim.get(path).json["state"] == "in_progress"
    assert step(support, "solve") == "solved"
    assert step(kim, "reopen") == "in_progress"
    assert step(support, "solve") == "solved"
    assert step(kim, "close") == "closed"
    assert [type(event).__name__ for event in any_cases.published()] == [
        "CaseReported",
        "CaseStateChanged",
        "CaseMessageAdded",
        "CaseStateChanged",
        "CaseMessageAdded",
        "CaseStateChanged",
        "CaseStateChanged",
        "CaseStateChanged",
        "CaseStateChanged",
        "CaseStateChanged",
        "CaseClosed",
    ]
    assert [each["text"] for each in kim.get(f"{path}/messages").json] == [
        "Nitrogen.",
        "Which gas?",
    ]


def test_a_receipt_is_given_for_a_person_nobody_here_knows(cases):
    cases.given(a_message(cases.given(a_case(cases.given(a_machine())))))
    cases.when(ErasureRequested(account_id=uuid4(), request_id=uuid4()))
    (receipt,) = cases.published(PersonalDataErased)
    counts = {(each.deleted, each.nulled, each.pseudonymised, each.kept) for each in receipt.tables}
    assert counts == {(0, 0, 0, 0)}
