"""Rows and requests for the tests of service-cases."""

from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

from common.events.catalogue import CaseState
from common.ids import uuid7
from service_cases.models import Case, CaseMessage, Channel, Machine
from service_cases.rules import Side

REPORTED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_serials = count(1)


def a_machine(**facts):
    return Machine(
        **{
            "id": uuid7(),
            "organisation_id": uuid4(),
            "product": "Laser 3030",
            "serial_number": f"L{next(_serials):06}",
            **facts,
        }
    )


def a_case(machine, **facts):
    """A case of a machine; closed where a time of closing is given."""
    closed = facts.get("closed_at") is not None
    return Case(
        **{
            "id": uuid7(),
            "organisation_id": machine.organisation_id,
            "account_id": uuid7(),
            "machine_id": machine.id,
            "title": "Cutting head stops",
            "description": "It stops after two minutes.",
            "contact_name": "Kim Sample",
            "contact_phone": "+49 711 000",
            "contact_email": "kim@customer.example",
            "channel": Channel.PORTAL,
            "notice_version": "2026-01",
            "state": CaseState.CLOSED if closed else CaseState.REPORTED,
            "reported_at": REPORTED_AT,
            **facts,
        }
    )


def a_message(case, **facts):
    return CaseMessage(
        **{
            "id": uuid7(),
            "case_id": case.id,
            "organisation_id": case.organisation_id,
            "author_id": uuid7(),
            "side": Side.CUSTOMER,
            "text": "It happened again.",
            "written_at": REPORTED_AT,
            **facts,
        }
    )


def a_report(machine_id, **fields):
    """Body of POST /cases."""
    return {
        "machine_id": str(machine_id),
        "title": "Cutting head stops",
        "description": "It stops after two minutes.\nSince Monday.",
        "contact_name": "Kim Sample",
        "contact_phone": "+49 711 000",
        "contact_email": "kim@customer.example",
        "channel": "portal",
        "notice_version": "2026-01",
        **fields,
    }


def a_registration(**fields):
    """Body of POST /machines."""
    return {
        "organisation_id": str(uuid4()),
        "product": "Bend 5",
        "serial_number": f"B-{next(_serials)}/7.2",
        **fields,
    }


def stored(harness):
    """How much there is, how the cases stand, and what was told."""
    states = [(row.id, row.state, row.version) for row in harness.rows(Case)]
    messages, machines = len(harness.rows(CaseMessage)), len(harness.rows(Machine))
    return machines, states, messages, len(harness.published())
