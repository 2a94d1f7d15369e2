"""What the audit costs: requests a second that are noted and sealed, against the same unnoted."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from common.ids import uuid7
from common.keys import Keys
from common.privacy.chain import AuditSeal, AuditUnsealed
from common.service import Runtime
from common.web.access import Principal, Role, access_token
from common.web.standing import AccountStanding, Standing
from shop.models import Order, OrderLine
from shop.rules import Channel, Currency, State
from tests.bench.estate import Client, Estate, running, until

ROUNDS, ROUND_SECONDS = 30, 0.5
ORDERS = 20
AIM = 15.0


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """One client reads orders: by turns its own, which nothing notes, and a colleague's.

    The worker seals meanwhile. Turns are short, so that other work on the machine meets both.
    """
    with running(folder, postgres_url, rabbit_url, ("shop", "web"), ("shop", "worker")) as estate:
        runtime = estate.runtimes["shop"]
        own, colleague = _people(runtime)
        order_id = {person.account_id: _orders(runtime, person)[0] for person in (own, colleague)}
        reader = _client(estate, own)
        one = _compared(
            reader,
            f"/orders/{order_id[own.account_id]}",
            f"/orders/{order_id[colleague.account_id]}",
        )
        [alone] = _people(runtime, 1)
        _orders(runtime, colleague)  # the newest 20 that the reader sees are all the colleague's
        _orders(runtime, alone)
        many = _compared_lists(_client(estate, alone), reader)
        until(lambda: _waiting(runtime) == 0, "everything is sealed", 120)
        with runtime.reading() as session:
            sealed = session.scalar(sa.select(sa.func.count()).select_from(AuditSeal))
    return {
        "what": "audit: an order read by a colleague, noted and sealed, against one's own",
        "one_order": one,
        "list_of_20": many,
        "sealed": sealed,
        "measured": f"{one['cost_percent']} % of requests/s",
        "aim": f"below {AIM:.0f} %",
        "met": one["cost_percent"] < AIM,
    }


def _compared(client: Client, own: str, noted: str) -> dict[str, float]:
    return _by_turns(lambda: _per_second(client, own), lambda: _per_second(client, noted))


def _compared_lists(unnoted: Client, noted: Client) -> dict[str, float]:
    path = f"/orders?limit={ORDERS}"
    return _by_turns(lambda: _per_second(unnoted, path), lambda: _per_second(noted, path))


def _by_turns(without: Any, with_audit: Any) -> dict[str, float]:
    pairs = [(without(), with_audit()) for _ in range(ROUNDS)]
    ratio = median(noted / unnoted for unnoted, noted in pairs)
    return {
        "without_per_second": round(median(each for each, _ in pairs), 1),
        "with_per_second": round(median(each for _, each in pairs), 1),
        "cost_percent": round(100 * (1 - ratio), 1),
    }


def _per_second(client: Client, path: str) -> float:
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < ROUND_SECONDS:
        status, answer = client.send("GET", path)
        assert status == 200, answer
        count += 1
    return count / (time.perf_counter() - began)


def _client(estate: Estate, person: Principal) -> Client:
    keys = Keys(Path(estate.environment["PORTAL_KEYS_DIR"]), "identity")
    return Client(estate.web_urls["shop"], access_token(keys, person, datetime.now(UTC)))


def _people(runtime: Runtime, count: int = 2) -> list[Principal]:
    """People of one customer."""
    organisation_id, people = uuid7(), []
    with runtime.transaction() as session:
        for _ in range(count):
            person = Principal(
                uuid7(), organisation_id, frozenset({Role.MEMBER}), "DE", 1, str(uuid7())
            )
            people.append(person)
            session.add(
                AccountStanding(
                    account_id=person.account_id, organisation_id=organisation_id,
                    state=Standing.ACTIVE, epoch=1, sequence=0,
                )
            )  # fmt: skip
    return people


def _orders(runtime: Runtime, person: Principal) -> list[UUID]:
    ids = [uuid7() for _ in range(ORDERS)]
    with runtime.transaction() as session:
        for order_id in ids:
            session.add(
                Order(
                    id=order_id, number=f"B-{order_id.hex[-12:]}",
                    organisation_id=person.organisation_id, account_id=person.account_id,
                    state=State.CONFIRMED, contact_name="Kim Sample",
                    contact_email="kim@customer.example", delivery_street="Hauptstraße 1",
                    delivery_postal_code="71254", delivery_city="Ditzingen", delivery_country="DE",
                    channel=Channel.PORTAL, notice_version="1", net_amount=Decimal(10),
                    currency=Currency.EUR, placed_at=datetime.now(UTC),
                )
            )  # fmt: skip
            session.flush()
            session.add(
                OrderLine(
                    order_id=order_id, position=1, sku="A", name="Nozzle", quantity=1,
                    unit_amount=Decimal(10), currency=Currency.EUR,
                )
            )  # fmt: skip
    return ids


def _waiting(runtime: Runtime) -> int:
    with runtime.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(AuditUnsealed)) or 0
