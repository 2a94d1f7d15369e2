"""What is kept, why and until when; who is erased leaves nothing but the organisation's case."""

import dataclasses
import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from common.events.catalogue import (
    ErasureRequested,
    HoldScope,
    LegalHoldPlaced,
    LegalHoldReleased,
    PersonalDataErased,
    TableErased,
)
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.privacy.erasure import ErasureReceipt, is_genuine
from common.privacy.personal import declared
from common.privacy.sweeps import BATCH, RetentionReport, sweep
from common.texts import LANGUAGES
from common.web import Role
from service_cases import retention
from service_cases.models import Base, Case, CaseMessage, Machine

from .factories import REPORTED_AT, a_case, a_machine, a_message, a_report

SWEEP = "sweep-retention"


def erase(cases, account_id):
    """Ask for a person's erasure; return the receipt's tables by name and reason."""
    cases.when(ErasureRequested(account_id=account_id, request_id=uuid4()))
    receipt = cases.published(PersonalDataErased)[-1]
    assert is_genuine(cases.runtime.keys, "service-cases", receipt)
    return {(each.table, each.reason): each for each in receipt.tables}


def run_sweep(cases):
    return cases.service.jobs[SWEEP].run(cases.runtime)


def test_every_rule_that_a_table_names_is_there():
    named = {facts.keep for facts in declared(Base).values()}
    ruled = {rule.record_class for rule in retention.RULES}
    assert named == ruled == set(retention.KEPT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_are_told_the_period_that_is_kept(language):
    told = re.findall(r"\d+", retention.KEPT["case"].say(language))
    assert told == [retention.RULES[0].period[1:-1]]


def test_contact_details_go_with_the_reporter_and_the_case_stays(any_cases):
    machine = any_cases.given(a_machine())
    kim = uuid4()
    any_cases.given(a_case(machine, account_id=kim))
    erase(any_cases, kim)
    (case,) = any_cases.rows(Case)
    assert (case.contact_name, case.contact_phone, case.contact_email) == ("—", None, None)
    assert (case.title, case.description) == ("Cutting head stops", "It stops after two minutes.")
    assert case.account_id == kim


def test_contact_details_of_a_closed_case_go_too(cases):
    kim = uuid4()
    cases.given(a_case(cases.given(a_machine()), account_id=kim, closed_at=REPORTED_AT))
    erase(cases, kim)
    assert cases.rows(Case)[0].contact_name == "—"


def test_the_erasure_of_one_reporter_leaves_a_colleagues_case(cases):
    machine = cases.given(a_machine())
    kim = uuid4()
    mine = cases.given(a_case(machine, account_id=kim))
    other = cases.given(a_case(machine))
    erase(cases, kim)
    names = {row.id: row.contact_name for row in cases.rows(Case)}
    assert names == {mine.id: "—", other.id: "Kim Sample"}


def test_messages_stay_as_the_organisations_with_the_authors_id(cases):  # S58, S60
    case = cases.given(a_case(cases.given(a_machine())))
    message = cases.given(a_message(case))
    tables = erase(cases, message.author_id)
    assert cases.rows(CaseMessage)[0].text == message.text
    assert cases.rows(CaseMessage)[0].author_id == message.author_id
    assert tables["case_messages", "process-open"] == TableErased(
        table="case_messages", kept=1, reason="process-open"
    )
    assert cases.rows(Case)[0].contact_name == "Kim Sample"


def test_the_receipt_names_no_date_while_a_case_is_open(cases):  # S64
    machine = cases.given(a_machine())
    kim = uuid4()
    cases.given(a_case(machine, account_id=kim, closed_at=REPORTED_AT))
    cases.given(a_case(machine, account_id=kim))
    tables = erase(cases, kim)
    assert tables["cases", None] == TableErased(table="cases", pseudonymised=2)
    assert tables["cases", "process-open"] == TableErased(
        table="cases", kept=2, reason="process-open"
    )


def test_the_receipt_names_the_day_on_which_the_last_closed_case_goes(any_cases):  # S64
    machine = any_cases.given(a_machine())
    kim = uuid4()
    for days in (0, 30, 10):
        closed_at = REPORTED_AT + timedelta(days=days)
        case = any_cases.given(a_case(machine, account_id=kim, closed_at=closed_at))
        any_cases.given(a_message(case, author_id=kim))
    tables = erase(any_cases, kim)
    reason, until = "process-in-retention", date(2029, 4, 1)
    assert tables["cases", None] == TableErased(table="cases", pseudonymised=3)
    assert tables["cases", reason] == TableErased(table="cases", kept=3, reason=reason, until=until)
    assert tables["case_messages", reason].until == until


def test_a_held_case_keeps_its_contact_and_says_for_which_hold(cases):  # art. 17(3)(e)
    machine, kim, hold_id = cases.given(a_machine()), uuid4(), uuid7()
    held, free = (cases.given(a_case(machine, account_id=kim)) for _ in range(2))
    named = {"hold_id": hold_id, "scope": HoldScope.CASE, "subject": str(held.id)}
    cases.when(LegalHoldPlaced(**named))
    tables = erase(cases, kim)
    names = {row.id: row.contact_name for row in cases.rows(Case)}
    assert names == {held.id: "Kim Sample", free.id: "—"}
    assert tables["cases", "legal-hold"].kept == 1
    assert cases.published(PersonalDataErased)[-1].holds == (hold_id,)
    cases.when(LegalHoldReleased(**named))
    erase(cases, kim)
    assert {row.contact_name for row in cases.rows(Case)} == {"—"}
    assert cases.published(PersonalDataErased)[-1].holds == ()


def test_a_held_case_outlasts_its_period_with_its_messages(cases):
    case = cases.given(a_case(cases.given(a_machine()), closed_at=REPORTED_AT))
    cases.given(a_message(case))
    named = {"hold_id": uuid7(), "scope": HoldScope.CASE, "subject": str(case.id)}
    cases.when(LegalHoldPlaced(**named))
    cases.clock.advance("P9Y")
    assert sweep(cases.runtime) == 0
    cases.when(LegalHoldReleased(**named))
    cases.run_steps()
    assert cases.rows(Case) == cases.rows(CaseMessage) == []


def test_a_second_request_finds_nothing_more_to_take_away(cases):
    kim = uuid4()
    cases.given(a_case(cases.given(a_machine()), account_id=kim))
    first, second = erase(cases, kim), erase(cases, kim)
    assert first == second
    assert len(cases.rows(ErasureReceipt)) == 2


def test_the_same_request_gets_the_same_receipt_however_often_it_comes(cases):
    kim, request = uuid4(), uuid4()
    cases.given(a_case(cases.given(a_machine()), account_id=kim))
    for _ in range(2):
        cases.when(ErasureRequested(account_id=kim, request_id=request))
        cases.clock.advance("P1D")
    receipts = cases.published(PersonalDataErased)
    assert receipts == [receipts[0]] * 2
    assert len(cases.rows(ErasureReceipt)) == 1


def test_no_answer_that_was_stored_for_repeating_outlives_the_person(cases):
    machine = cases.given(a_machine())
    kim = cases.sign_in(organisation_id=machine.organisation_id)
    assert kim.post("/cases", a_report(machine.id)).status_code == 201
    assert erase(cases, kim.person.account_id)["idempotency_keys", None].deleted == 1


def test_nothing_that_names_the_person_is_left_in_any_row(cases):
    machine = cases.given(a_machine())
    kim = cases.sign_in(organisation_id=machine.organisation_id)
    canaries = {
        "contact_name": "Kim Canary",
        "contact_phone": "+49 711 4711",
        "contact_email": "canary@customer.example",
    }
    kim.post("/cases", a_report(machine.id, **canaries))
    found = [each for each in canaries.values() if each.encode() in everything(cases)]
    assert found == list(canaries.values())
    erase(cases, kim.person.account_id)
    assert [each for each in canaries.values() if each.encode() in everything(cases)] == []


def everything(cases):
    """All values of all tables, as one text."""
    with cases.runtime.db.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        rows = [connection.execute(sa.text(f"SELECT * FROM {name}")).all() for name in tables]
    return repr(rows).encode()


def test_a_case_goes_with_its_messages_when_its_period_is_over(any_cases):  # S64
    machine = any_cases.given(a_machine())
    case = any_cases.given(a_case(machine, closed_at=REPORTED_AT))
    any_cases.given(a_message(case))
    any_cases.clock.advance("P3Y")
    assert run_sweep(any_cases) == 1
    assert any_cases.rows(Case) == []
    assert any_cases.rows(CaseMessage) == []
    (report,) = any_cases.rows(RetentionReport, RetentionReport.record_class == "case")
    assert (report.looked_at, report.erased, report.ended_at) == (1, 1, any_cases.clock.now())
    assert [(each.action, each.subject) for each in any_cases.rows(AuditEntry)] == [
        ("retention.erase", str(report.id))
    ]
    assert len(any_cases.rows(Machine)) == 1


def test_a_case_stays_until_the_last_second_of_its_period(any_cases):
    machine = any_cases.given(a_machine())
    any_cases.given(a_message(any_cases.given(a_case(machine, closed_at=REPORTED_AT))))
    any_cases.clock.advance("P3Y")
    any_cases.clock.advance(timedelta(seconds=-1))
    assert run_sweep(any_cases) == 0
    assert len(any_cases.rows(CaseMessage)) == 1


def test_an_open_case_stays_however_old_it_is(cases):
    cases.given(a_case(cases.given(a_machine())))
    cases.clock.advance("P30Y")
    assert run_sweep(cases) == 0
    assert len(cases.rows(Case)) == 1


def test_only_what_is_due_goes_and_all_of_it_whatever_the_batch(any_cases):
    machine = any_cases.given(a_machine())
    many = BATCH + 1
    with any_cases.runtime.transaction() as session:
        for days in (1, 0):
            closed_at = REPORTED_AT + timedelta(days=days)
            session.add_all(a_case(machine, closed_at=closed_at) for _ in range(many))
            session.flush()
    any_cases.clock.advance("P3Y")
    assert run_sweep(any_cases) == many
    left = {row.closed_at for row in any_cases.rows(Case)}
    assert (left, len(any_cases.rows(Case))) == ({REPORTED_AT + timedelta(days=1)}, many)
    assert run_sweep(any_cases) == 0


def test_the_period_runs_from_the_closing_and_not_from_the_report(cases):
    machine = cases.given(a_machine())
    case = cases.given(a_case(machine))
    cases.clock.advance("P2Y")
    support = cases.sign_in(Role.SUPPORT)
    answer = support.change("POST", f"/cases/{case.id}/state", 1, {"trigger": "close"})
    assert answer.status_code == 200
    cases.clock.advance("P2Y")
    assert run_sweep(cases) == 0
    cases.clock.advance("P1Y")
    assert run_sweep(cases) == 1


def test_another_period_is_another_row_of_data(cases, monkeypatch):
    cases.given(a_case(cases.given(a_machine()), closed_at=REPORTED_AT))
    (rule,) = retention.RULES
    monkeypatch.setattr(retention, "RULES", (dataclasses.replace(rule, period="P1M"),))
    cases.clock.advance("P1M")
    assert run_sweep(cases) == 1
