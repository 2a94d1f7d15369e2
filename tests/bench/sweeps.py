"""The retention sweep: records a second in a service that answers requests meanwhile (S64, S67)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.events.catalogue import CaseState
from common.ids import uuid7
from common.keys import Keys
from common.privacy.sweeps import RetentionReport
from common.service import Runtime
from common.texts import Text
from common.web.access import Principal, Role, access_token
from common.web.standing import AccountStanding, Standing
from identity import models as identity
from identity.rules.states import State as AccountState
from service_cases import models as cases
from service_cases.rules import Side
from shop import models as shop
from shop.rules import Channel, Currency, State
from tests.bench.estate import Client, Estate, running
from tests.bench.report import milliseconds
from training import models as training
from training.rules import BookingState, SessionState

ROWS = 30_000
LONG_AGO = datetime(2010, 5, 1, tzinfo=UTC)
AIM_PER_SECOND, AIM_P99_MS = 5_000, 100.0
PACE_SECONDS = 0.01


@dataclass(frozen=True)
class Swept:
    """A service whose rows are swept. enter: store so many of a person that are long due."""

    name: str
    record_class: str
    path: str
    enter: Callable[[Session, Principal, int], None]


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Sweep by the job that a CronJob runs, while one client reads a list; by the job's report."""
    found = {}
    for each in SWEPT:
        (folder / each.name).mkdir()
        with running(folder / each.name, postgres_url, rabbit_url, (each.name, "web")) as estate:
            found[each.name] = _measured(estate, each)
    slowest = min(each["per_second"] for each in found.values())
    p99 = max(each["requests"]["p99_ms"] for each in found.values())
    return {
        "what": f"sweep: {ROWS:,} due orders, cases, participants and sign-ins, beside requests",
        "by_service": found,
        "measured": f"{slowest:,.0f}/s in the slowest of four services, requests p99 {p99} ms",
        "aim": f"{AIM_PER_SECOND:,}/s, p99 below {AIM_P99_MS:.0f} ms",
        "met": slowest >= AIM_PER_SECOND and p99 < AIM_P99_MS,
    }


def _measured(estate: Estate, swept: Swept) -> dict[str, Any]:
    runtime = estate.runtimes[swept.name]
    client = _signed_in(estate, runtime, swept)
    before = _requests(client, swept.path, lambda: 1.0)
    job = subprocess.Popen(
        [sys.executable, "-m", swept.name.replace("-", "_"), "job", "sweep-retention"],
        env=estate.environment,
        stderr=subprocess.DEVNULL,
    )
    during = _requests(client, swept.path, lambda: None if job.poll() is None else 0.0)
    client.close()
    with runtime.reading() as session:
        report = session.scalars(
            sa.select(RetentionReport).where(
                RetentionReport.record_class == swept.record_class, RetentionReport.erased > 0
            )
        ).one()
    assert (job.returncode, report.erased) == (0, ROWS)
    seconds = (report.ended_at - report.begun_at).total_seconds()
    return {
        "per_second": round(ROWS / seconds),
        "requests": milliseconds(during),
        "requests_without": milliseconds(before),
    }


def _signed_in(estate: Estate, runtime: Runtime, swept: Swept) -> Client:
    """Somebody of the customer whose rows are due, with one that is not."""
    person = Principal(uuid7(), uuid7(), frozenset({Role.MEMBER}), "DE", 1, str(uuid7()))
    with runtime.transaction() as session:
        session.add(
            AccountStanding(
                account_id=person.account_id, organisation_id=person.organisation_id,
                state=Standing.ACTIVE, epoch=1, sequence=0,
            )
        )  # fmt: skip
        swept.enter(session, person, ROWS)
    with runtime.db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("ANALYZE"))
    keys = Keys(Path(estate.environment["PORTAL_KEYS_DIR"]), "identity")
    return Client(estate.web_urls[swept.name], access_token(keys, person, datetime.now(UTC)))


def _requests(client: Client, path: str, lasts: Callable[[], float | None]) -> list[float]:
    """Seconds that each request took, until so many are over; None: as long as it is None."""
    took, began = [], time.monotonic()
    while (seconds := lasts()) is None or time.monotonic() - began < seconds:
        before = time.perf_counter()
        status, answer = client.send("GET", f"{path}?limit=20")
        took.append(time.perf_counter() - before)
        assert status == 200, answer
        time.sleep(PACE_SECONDS)
    return took


def _orders(session: Session, person: Principal, count: int) -> None:
    ids = [uuid7() for _ in range(count)]
    session.execute(
        sa.insert(shop.Order),
        [
            {
                "id": order_id, "number": f"B-{number}", "organisation_id": person.organisation_id,
                "account_id": person.account_id, "state": State.CONFIRMED,
                "contact_name": "Kim Sample", "contact_email": "kim@customer.example",
                "delivery_street": "Hauptstraße 1", "delivery_postal_code": "71254",
                "delivery_city": "Ditzingen", "delivery_country": "DE",
                "channel": Channel.PORTAL, "notice_version": "1", "net_amount": Decimal(10),
                "currency": Currency.EUR, "placed_at": LONG_AGO,
            }
            for number, order_id in enumerate(ids)
        ],
    )  # fmt: skip
    session.execute(
        sa.insert(shop.OrderLine),
        [
            {"order_id": order_id, "position": 1, "sku": "A", "name": "Nozzle", "quantity": 1,
             "unit_amount": Decimal(10), "currency": Currency.EUR}
            for order_id in ids
        ],
    )  # fmt: skip


def _cases(session: Session, person: Principal, count: int) -> None:
    ids: list[UUID] = [uuid7() for _ in range(count)]
    machine = cases.Machine(
        organisation_id=person.organisation_id, product="Laser", serial_number="B-1"
    )
    session.add(machine)
    session.flush()
    session.execute(
        sa.insert(cases.Case),
        [
            {
                "id": case_id, "organisation_id": person.organisation_id,
                "account_id": person.account_id, "machine_id": machine.id, "title": "It stops",
                "description": "After two minutes.", "contact_name": "Kim Sample",
                "channel": cases.Channel.PORTAL, "notice_version": "1", "state": CaseState.CLOSED,
                "reported_at": LONG_AGO, "closed_at": LONG_AGO,
            }
            for case_id in ids
        ],
    )  # fmt: skip
    session.execute(
        sa.insert(cases.CaseMessage),
        [
            {"case_id": case_id, "organisation_id": person.organisation_id,
             "author_id": person.account_id, "side": Side.CUSTOMER, "text": "Still so.",
             "written_at": LONG_AGO}
            for case_id in ids
        ],
    )  # fmt: skip


def _participants(session: Session, person: Principal, count: int) -> None:
    held = training.TrainingSession(
        title=Text("Bending", "Buigen", "Biegen"), place="Ditzingen", starts_at=LONG_AGO,
        ends_at=LONG_AGO + timedelta(days=1), capacity=count, seats_taken=count,
        state=SessionState.PLANNED,
    )  # fmt: skip
    session.add(held)
    session.flush()
    booking = training.Booking(
        session_id=held.id, organisation_id=person.organisation_id, account_id=person.account_id,
        state=BookingState.CONFIRMED, seats=count, booked_at=LONG_AGO,
    )  # fmt: skip
    session.add(booking)
    session.flush()
    session.execute(
        sa.insert(training.Participant),
        [
            {"booking_id": booking.id, "organisation_id": person.organisation_id,
             "name": "Kim Sample", "email": "kim@customer.example", "language": "en"}
            for _ in range(count)
        ],
    )  # fmt: skip


def _sign_ins(session: Session, person: Principal, count: int) -> None:
    customer = identity.Organisation(
        id=person.organisation_id, name="Muster AG", country="DE",
        kind=identity.OrganisationKind.CUSTOMER, registered_at=LONG_AGO,
    )  # fmt: skip
    account = identity.Account(
        id=person.account_id, organisation_id=customer.id, given_name="Kim", family_name="Sample",
        email="kim@customer.example", email_key="kim@customer.example", country="DE",
        language="en", state=AccountState.ACTIVE, registered_at=LONG_AGO,
    )  # fmt: skip
    for each in (customer, account):
        session.add(each)
        session.flush()
    session.execute(
        sa.insert(identity.SignInTry),
        [
            {"account_id": account.id, "at": LONG_AGO, "outcome": identity.Outcome.OK,
             "network": "192.0.2.0/24", "client": "Browser"}
            for _ in range(count)
        ],
    )  # fmt: skip


SWEPT = (
    Swept("shop", "order", "/orders", _orders),
    Swept("service-cases", "case", "/cases", _cases),
    Swept("training", "participants", "/sessions", _participants),
    Swept("identity", "sign-in", "/directory", _sign_ins),
)
