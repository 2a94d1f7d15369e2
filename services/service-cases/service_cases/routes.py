"""HTTP of service-cases: machines, cases and their messages."""

from __future__ import annotations

import sqlalchemy as sa
from flask import url_for

from common.clock import now
from common.db import insert
from common.events.catalogue import CaseMessageAdded, CaseReported, CaseState
from common.messaging import publish
from common.privacy.audit import audit
from common.refusals import next_state
from common.web import (
    Blueprint,
    Page,
    authorise,
    idempotent,
    page,
    principal,
    reader_language,
    reading,
    transaction,
)
from common.web.forms import described
from service_cases.models import Case, CaseMessage, Machine
from service_cases.queries import visible
from service_cases.retention import KEPT
from service_cases.rules import (
    TRANSITIONS,
    SerialNumberTaken,
    after_message,
    moved,
    refuse_after_the_end,
    side_of,
)
from service_cases.schemas import (
    WARNING,
    CaseContact,
    CaseFormView,
    CaseQuery,
    CaseView,
    MachineView,
    MessageView,
    NewCase,
    NewMachine,
    NewMessage,
    OrganisationQuery,
    Step,
)

bp = Blueprint("service-cases", __name__)


@bp.get("/machines")
@bp.arguments(OrganisationQuery, location="query")
@bp.response(200, MachineView(many=True))
def list_machines(asked):
    """List the machines of one's own organisation; support sees all."""
    with reading() as session:
        person = authorise(session, "machine.list")
        rows = visible(Machine, person, asked["organisation_id"])
        found, headers = page(session, rows, Machine.id, asked)
    return found, 200, headers


@bp.post("/machines")
@idempotent
@bp.arguments(NewMachine)
@bp.response(201, MachineView)
def register_machine(body):
    """Register a delivered machine for a customer."""
    with transaction() as session:
        authorise(session, "machine.register")
        free = insert(session, Machine).values(body).on_conflict_do_nothing()
        machine = session.scalar(free.returning(Machine))
        if machine is None:
            raise SerialNumberTaken("Look for the machine in the list.")
        audit(session, "machine.register", machine.id)
    return machine


@bp.get("/cases/schema")
@bp.response(200, CaseFormView)
def describe_form():
    """Say which fields a case has, which are required, and what becomes of each (S59, S60)."""
    language = reader_language()
    form = {
        "warning": WARNING.say(language),
        "fields_": described(NewCase(), KEPT, language),
        "message_fields": described(NewMessage(), KEPT, language),
    }
    return form, 200, {"Content-Language": language}


@bp.post("/cases")
@idempotent
@bp.arguments(NewCase)
@bp.response(201, CaseView)
def report_case(body):
    """Report a fault of a machine of one's own organisation (S57)."""
    with transaction() as session:
        machine = authorise(session, "case.report", Machine, body["machine_id"])
        refuse_after_the_end(machine.relation_ended_at)
        case = Case(
            **body,
            machine=machine,
            organisation_id=machine.organisation_id,
            account_id=principal().account_id,
            state=CaseState.REPORTED,
            reported_at=now(session),
        )
        session.add(case)
        session.flush()
        publish(
            session,
            CaseReported(
                case_id=case.id,
                organisation_id=case.organisation_id,
                account_id=case.account_id,
            ),
        )
    return case, 201, {"Location": url_for(".read_case", case_id=case.id)}


@bp.get("/cases")
@bp.arguments(CaseQuery, location="query")
@bp.response(200, CaseView(many=True))
def list_cases(asked):
    """List the cases of one's own organisation, newest first; support sees all (S62)."""
    with reading() as session:
        person = authorise(session, "case.list")
        rows = visible(Case, person, asked["organisation_id"])
        if asked["state"] is not None:
            rows = rows.where(Case.state == asked["state"])
        found, headers = page(session, rows, Case.id, asked)
    return found, 200, headers


@bp.get("/cases/<uuid:case_id>")
@bp.response(200, CaseView)
def read_case(case_id):
    """Show a case (S62)."""
    with reading() as session:
        return authorise(session, "case.read", Case, case_id)


@bp.put("/cases/<uuid:case_id>/contact")
@bp.arguments(CaseContact)
@bp.response(200, CaseView)
def correct_contact(body, case_id):
    """Correct whom to ask about a case; the contact needs no account (S57, art. 16)."""
    with transaction() as session:
        case = authorise(session, "case.correct", Case, case_id)
        for name, value in body.items():
            setattr(case, name, value)
        audit(session, "case.correct", case.id)
        session.flush()
    return case


@bp.post("/cases/<uuid:case_id>/state")
@bp.arguments(Step)
@bp.response(200, CaseView)
def move_case(body, case_id):
    """Move a case on: take, ask_customer, answer, solve, reopen or close it (S61)."""
    trigger = body["trigger"]
    with transaction() as session:
        case = authorise(session, f"case.{trigger}", Case, case_id)
        case.move(next_state(TRANSITIONS, case.state, trigger), now(session))
        for news in moved(case.id, case.organisation_id, case.state):
            publish(session, news)
        audit(session, f"case.{trigger}", case.id)
    return case


@bp.get("/cases/<uuid:case_id>/messages")
@bp.arguments(Page, location="query")
@bp.response(200, MessageView(many=True))
def list_messages(asked, case_id):
    """List what was written in a case, newest first (S58)."""
    with reading() as session:
        authorise(session, "case.read", Case, case_id)
        rows = sa.select(CaseMessage).where(CaseMessage.case_id == case_id)
        found, headers = page(session, rows, CaseMessage.id, asked)
    return found, 200, headers


@bp.post("/cases/<uuid:case_id>/messages")
@idempotent
@bp.arguments(NewMessage)
@bp.response(201, MessageView)
def write_message(body, case_id):
    """Write in a case; a customer's answer takes a waiting one up again (S58)."""
    with transaction() as session:
        case = authorise(session, "case.write", Case, case_id)
        person, at = principal(), now(session)
        side = side_of(person.organisation_id, case.organisation_id)
        state = after_message(case.state, side)
        message = CaseMessage(
            case_id=case.id,
            organisation_id=case.organisation_id,
            author_id=person.account_id,
            side=side,
            text=body["text"],
            written_at=at,
        )
        session.add(message)
        publish(
            session,
            CaseMessageAdded(
                case_id=case.id,
                organisation_id=case.organisation_id,
                account_id=person.account_id,
                reporter_id=case.account_id,
            ),
        )
        if state is not case.state:
            case.move(state, at)
            for news in moved(case.id, case.organisation_id, state):
                publish(session, news)
    return message
