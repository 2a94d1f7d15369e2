"""HTTP of service-cases: what is answered, what is true afterwards, and what is refused."""

import json
from uuid import UUID, uuid4

import pytest

from common.events import catalogue
from common.events.catalogue import (
    CaseClosed,
    CaseMessageAdded,
    CaseReported,
    CaseState,
    CaseStateChanged,
    ErasureRequested,
)
from common.privacy import chain
from common.privacy.audit import AuditEntry
from common.texts import LANGUAGES
from common.web import Role
from service_cases.models import Case, CaseMessage, Machine
from service_cases.rules import TRANSITIONS, Trigger

from .factories import a_case, a_machine, a_message, a_registration, a_report


@pytest.fixture
def machine(cases):
    return cases.given(a_machine())


@pytest.fixture
def kim(cases, machine):
    return cases.sign_in(organisation_id=machine.organisation_id)


@pytest.fixture
def support(cases):
    return cases.sign_in(Role.SUPPORT)


# ------------------------------------------------------------------------------------- machines


def test_support_registers_a_machine_and_the_customer_sees_it(cases, support):
    organisation_id = uuid4()
    body = a_registration(organisation_id=str(organisation_id))
    answer = support.post("/machines", body)
    assert (answer.status_code, answer.json) == (201, {"id": answer.json["id"], **body})
    assert cases.sign_in(organisation_id=organisation_id).get("/machines").json == [answer.json]
    assert [(each.action, each.subject) for each in cases.rows(AuditEntry)] == [
        ("machine.register", answer.json["id"])
    ]


def test_a_serial_number_is_registered_once(cases, support):
    body = a_registration()
    assert support.post("/machines", body).status_code == 201
    answer = support.post("/machines", {**body, "product": "Bend 7"})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/serial-number-taken")
    assert [row.product for row in cases.rows(Machine)] == ["Bend 5"]


def test_a_registration_sent_twice_with_one_key_makes_one_machine(cases, support):
    body, headers = a_registration(), {"Idempotency-Key": "registration-1"}
    answers = [support.post("/machines", body, headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert len(cases.rows(Machine)) == 1


def test_machines_come_in_pages(cases, support):
    made = [str(cases.given(a_machine()).id) for _ in range(5)]
    assert walk(support, "/machines?limit=2") == made[::-1]


# ---------------------------------------------------------------------------------------- cases


def test_a_reported_case_is_stored_told_and_answered(cases, machine, kim):  # S57, S58
    answer = kim.post("/cases", a_report(machine.id))
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/cases/{answer.json['id']}"
    assert answer.json == {
        "id": answer.json["id"],
        "organisation_id": str(machine.organisation_id),
        "account_id": str(kim.person.account_id),
        "machine": {
            "id": str(machine.id),
            "product": machine.product,
            "serial_number": machine.serial_number,
        },
        "title": "Cutting head stops",
        "description": "It stops after two minutes.\nSince Monday.",
        "contact_name": "Kim Sample",
        "contact_phone": "+49 711 000",
        "contact_email": "kim@customer.example",
        "channel": "portal",
        "notice_version": "2026-01",
        "state": "reported",
        "reported_at": cases.clock.now().isoformat().replace("+00:00", "Z"),
        "closed_at": None,
        "version": 1,
    }
    assert cases.published() == [
        CaseReported(
            case_id=UUID(answer.json["id"]),
            organisation_id=machine.organisation_id,
            account_id=kim.person.account_id,
        )
    ]


def test_a_report_of_the_service_app_keeps_its_own_notice(machine, kim):  # S63
    report = a_report(machine.id, channel="service_app", notice_version="app-3.1")
    answer = kim.post("/cases", report)
    assert (answer.json["channel"], answer.json["notice_version"]) == ("service_app", "app-3.1")


def test_the_contact_of_a_case_is_corrected_by_a_colleague(cases, machine, kim):  # art. 16
    case = cases.given(a_case(machine))
    body = {"contact_name": "Kim Muster", "contact_email": "muster@customer.example"}
    answer = kim.change("PUT", f"/cases/{case.id}/contact", 1, body)
    assert answer.status_code == 200
    [row] = cases.rows(Case)
    assert (row.contact_name, row.contact_email) == tuple(body.values())
    assert (row.contact_phone, row.version) == (None, 2)
    assert [(each.action, each.subject) for each in cases.rows(AuditEntry)] == [
        ("case.correct", str(case.id))
    ]


@pytest.mark.parametrize(
    "body", [{}, {"contact_name": ""}, {"contact_name": "Kim", "contact_email": "kim"}]
)
def test_a_contact_that_nobody_could_ask_is_refused(cases, machine, kim, body):
    case = cases.given(a_case(machine))
    assert kim.change("PUT", f"/cases/{case.id}/contact", 1, body).status_code == 422
    assert cases.rows(Case)[0].contact_name == "Kim Sample"


def test_telephone_and_mail_of_the_contact_may_be_left_out(machine, kim):
    report = a_report(machine.id)
    del report["contact_phone"], report["contact_email"], report["channel"]
    answer = kim.post("/cases", report)
    assert answer.status_code == 201
    assert (answer.json["contact_phone"], answer.json["contact_email"]) == (None, None)
    assert answer.json["channel"] == "portal"


def test_text_is_kept_exactly_as_it_was_written(machine, kim):
    text = "Ünïcode ✓ 漢字 🔧\n\tindented\r\nand <b>not</b> HTML"
    answer = kim.post("/cases", a_report(machine.id, description=text, title="x" * 120))
    assert answer.json["description"] == text
    assert kim.get(answer.headers["Location"]).json == answer.json


def test_a_colleague_sees_a_case(cases, machine, kim):  # S62
    case = kim.post("/cases", a_report(machine.id)).json
    colleague = cases.sign_in(Role.USER_MANAGER, organisation_id=machine.organisation_id)
    answer = colleague.get(f"/cases/{case['id']}")
    assert answer.json == case
    assert answer.headers["ETag"] == '"1"'
    assert colleague.get("/cases").json == [case]


@pytest.mark.parametrize("machine_id", ["foreign", "unknown"])
def test_a_case_of_a_machine_one_does_not_have_cannot_be_reported(cases, kim, machine_id):
    foreign = cases.given(a_machine())
    answer = kim.post("/cases", a_report(foreign.id if machine_id == "foreign" else uuid4()))
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")
    assert cases.rows(Case) == []
    assert cases.published() == []


def test_a_report_sent_twice_with_one_key_is_one_case(cases, machine, kim):
    headers = {"Idempotency-Key": "report-0001"}
    answers = [kim.post("/cases", a_report(machine.id), headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(cases.rows(Case)) == len(cases.published()) == 1


def test_a_report_with_the_key_of_another_is_refused(cases, machine, kim):
    headers = {"Idempotency-Key": "report-0001"}
    kim.post("/cases", a_report(machine.id), headers=headers)
    answer = kim.post("/cases", a_report(machine.id, title="Other"), headers=headers)
    assert answer.status_code == 422
    assert len(cases.rows(Case)) == 1


def test_cases_can_be_asked_for_by_state(cases, machine, kim):
    states = [CaseState.REPORTED, CaseState.SOLVED, CaseState.SOLVED]
    made = [cases.given(a_case(machine, state=state)) for state in states]
    found = kim.get("/cases?state=solved").json
    assert [each["id"] for each in found] == [str(case.id) for case in (made[2], made[1])]


def test_cases_come_in_pages_newest_first_and_keep_what_was_asked(cases, machine, kim):
    made = [str(cases.given(a_case(machine)).id) for _ in range(5)]
    cases.given(a_case(machine, state=CaseState.SOLVED))
    assert walk(kim, "/cases?state=reported&limit=2") == made[::-1]


def walk(caller, path):
    """Ids of a list, page by page."""
    found = []
    while path:
        answer = caller.get(path)
        found += [each["id"] for each in answer.json]
        link = answer.headers.get("Link", "")
        path = link.partition("<http://localhost")[2].partition(">")[0]
    return found


# --------------------------------------------------------------------------------------- states


@pytest.mark.parametrize(("state", "trigger"), TRANSITIONS)
def test_a_case_moves_as_the_table_says(cases, machine, support, state, trigger):
    case = cases.given(a_case(machine, state=state))
    answer = support.change("POST", f"/cases/{case.id}/state", 1, {"trigger": trigger})
    after = TRANSITIONS[state, trigger]
    assert (answer.status_code, answer.json["state"]) == (200, after)
    assert (answer.json["version"], answer.headers["ETag"]) == (2, '"2"')
    ids = {"case_id": case.id, "organisation_id": case.organisation_id}
    told = [CaseStateChanged(**ids, state=after)]
    closed = after is CaseState.CLOSED
    assert cases.published() == told + ([CaseClosed(**ids)] if closed else [])
    assert answer.json["closed_at"] == (
        cases.clock.now().isoformat().replace("+00:00", "Z") if closed else None
    )
    assert [each.action for each in cases.rows(AuditEntry)] == [f"case.{trigger}"]


ELSE = [
    (state, trigger)
    for state in CaseState
    for trigger in Trigger
    if (state, trigger) not in TRANSITIONS
]


@pytest.mark.parametrize(("state", "trigger"), ELSE)
def test_a_step_that_the_table_does_not_have_is_refused(cases, machine, support, state, trigger):
    at = cases.clock.now() if state is CaseState.CLOSED else None
    case = cases.given(a_case(machine, state=state, closed_at=at))
    answer = support.change("POST", f"/cases/{case.id}/state", 1, {"trigger": trigger})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/illegal-transition")
    assert [(row.state, row.version) for row in cases.rows(Case)] == [(state, 1)]
    assert cases.published() == []


def test_a_change_without_if_match_is_refused(cases, machine, support):
    case = cases.given(a_case(machine))
    answer = support.post(f"/cases/{case.id}/state", {"trigger": "take"})
    assert answer.status_code == 428
    assert cases.rows(Case)[0].state is CaseState.REPORTED


def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(cases, machine, support):
    path = f"/cases/{cases.given(a_case(machine)).id}/state"
    assert support.change("POST", path, 1, {"trigger": "take"}).status_code == 200
    answer = support.change("POST", path, 1, {"trigger": "solve"})
    assert (answer.status_code, answer.json["type"]) == (412, "/problems/stale")
    assert cases.rows(Case)[0].state is CaseState.IN_PROGRESS


# ------------------------------------------------------------------------------------- messages


def test_a_message_is_stored_told_and_answered(cases, machine, kim):  # S58
    case = cases.given(a_case(machine))
    answer = kim.post(f"/cases/{case.id}/messages", {"text": "It\nhappened again."})
    assert answer.status_code == 201
    assert answer.json == {
        "id": answer.json["id"],
        "case_id": str(case.id),
        "author_id": str(kim.person.account_id),
        "side": "customer",
        "text": "It\nhappened again.",
        "written_at": cases.clock.now().isoformat().replace("+00:00", "Z"),
    }
    assert kim.get(f"/cases/{case.id}/messages").json == [answer.json]
    assert cases.published() == [
        CaseMessageAdded(
            case_id=case.id,
            organisation_id=case.organisation_id,
            account_id=kim.person.account_id,
            reporter_id=case.account_id,
        )
    ]


def test_a_customers_answer_takes_a_waiting_case_up_again(cases, machine, kim):
    case = cases.given(a_case(machine, state=CaseState.WAITING_FOR_CUSTOMER))
    kim.post(f"/cases/{case.id}/messages", {"text": "Nitrogen."})
    assert kim.get(f"/cases/{case.id}").json["state"] == "in_progress"
    assert [type(event) for event in cases.published()] == [CaseMessageAdded, CaseStateChanged]


def test_a_message_of_support_leaves_a_waiting_case_waiting(cases, machine, support):
    case = cases.given(a_case(machine, state=CaseState.WAITING_FOR_CUSTOMER))
    answer = support.post(f"/cases/{case.id}/messages", {"text": "Still there?"})
    assert answer.json["side"] == "support"
    assert cases.rows(Case)[0].state is CaseState.WAITING_FOR_CUSTOMER
    assert cases.published(CaseStateChanged) == []


def test_a_closed_case_takes_no_message(cases, machine, kim):
    case = cases.given(a_case(machine, closed_at=cases.clock.now()))
    answer = kim.post(f"/cases/{case.id}/messages", {"text": "One more thing."})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/case-is-closed")
    assert cases.rows(CaseMessage) == []
    assert cases.published() == []


def test_a_message_sent_twice_with_one_key_is_one_message(cases, machine, kim):
    path = f"/cases/{cases.given(a_case(machine)).id}/messages"
    headers = {"Idempotency-Key": "message-0001"}
    answers = [kim.post(path, {"text": "Hello."}, headers=headers) for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert len(cases.rows(CaseMessage)) == len(cases.published()) == 1


def test_messages_come_in_pages_and_only_those_of_the_case(cases, machine, kim):
    case = cases.given(a_case(machine))
    cases.given(a_message(cases.given(a_case(machine))))
    made = [str(cases.given(a_message(case)).id) for _ in range(5)]
    assert walk(kim, f"/cases/{case.id}/messages?limit=2") == made[::-1]


# ----------------------------------------------------------------------------------------- all


def test_every_event_of_this_service_is_told_by_something_that_happens(
    cases, machine, kim, support
):
    case = kim.post("/cases", a_report(machine.id)).json
    kim.post(f"/cases/{case['id']}/messages", {"text": "Hello."})
    support.change("POST", f"/cases/{case['id']}/state", 1, {"trigger": "close"})
    cases.when(ErasureRequested(account_id=kim.person.account_id, request_id=uuid4()))
    own = {
        kind.__name__
        for kind in catalogue.events()
        if "service-cases" in catalogue.kind_of(kind).owners
    }
    chain.seal(cases.runtime)
    chain.anchor(cases.runtime)
    assert {type(event).__name__ for event in cases.published()} == own


@pytest.mark.parametrize("language", LANGUAGES)
def test_refusals_are_said_in_the_readers_language(cases, machine, kim, language):
    case = cases.given(a_case(machine, closed_at=cases.clock.now()))
    headers = {"Accept-Language": language}
    answer = kim.post(f"/cases/{case.id}/messages", {"text": "x"}, headers=headers)
    assert (
        answer.json["title"]
        == {
            "en": "This case is closed",
            "nl": "Deze servicecase is gesloten",
            "de": "Dieser Servicefall ist geschlossen",
        }[language]
    )


def test_what_people_write_stands_in_no_log_line_no_event_and_no_error(cases, machine, kim, capfd):
    canary = "Canary-4711"
    fields = {
        "title": canary,
        "description": canary,
        "contact_name": canary,
        "contact_email": f"{canary}@customer.example",
    }
    case = kim.post("/cases", a_report(machine.id, **fields))
    assert canary in case.text
    refused = [
        kim.post("/cases", a_report(machine.id, **fields, channel=canary)),
        kim.post("/cases", a_report(machine.id, **fields, contact_phone=canary)),
        kim.post("/cases", a_report(canary, **fields)),
        kim.post("/cases", a_report(uuid4(), **fields)),
        kim.get(f"/cases?state={canary}"),
        kim.get(f"/cases?cursor={canary}"),
    ]
    kim.post(f"/cases/{case.json['id']}/messages", {"text": canary})
    assert [each.status_code // 100 for each in refused] == [4] * 6
    assert not any(canary in each.text for each in refused)
    output = capfd.readouterr()
    assert "request answered" in output.out + output.err
    assert canary not in output.out + output.err
    assert canary not in json.dumps([str(event) for event in cases.published()])
