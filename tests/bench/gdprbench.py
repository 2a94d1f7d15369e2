"""The four roles of GDPRbench (Shastri et al., VLDB 2020) on our HTTP API, on PostgreSQL.

Its operations are about records with metadata; here is what they are in the portal:

* a record is an order with its contact (shop), or the voluntary profile of an account (identity);
* its metadata are consents, objections and what goes when (identity, told by all services);
* by user: oneself; by purpose: a consent's; by objection: `/internal/advertising`; by TTL a sweep
  deletes, which the bench `sweeps` measures;
* system logs: who read what of whom (art. 33); to verify a deletion: the erasure's certificate.

One client calls; a wrong status ends the run.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.ids import uuid7
from common.service import Runtime
from common.web.access import Principal, Role, access_token, service_token
from identity import erasures
from identity.models import Account, ErasureRequest
from identity.rules.states import State
from shop.models import Product
from shop.rules import Currency
from tests.bench.estate import Client, Estate, enter_people, running, until
from tests.bench.report import milliseconds

PEOPLE, ORDERS_EACH, ERASED = 300, 5, 20
OPERATIONS = 1_000
SKU, PRICE = "NOZZLE-15", {"amount": "24.90", "currency": "EUR"}

# fmt: off
MIXES: dict[str, dict[str, int]] = {
    "controller": {"create record": 25, "delete record": 25, "update metadata": 50},
    "customer":   {"read own data": 20, "read own metadata": 20, "update own data": 20,
                   "update own metadata": 20, "delete record": 20},
    "processor":  {"read by key": 80, "read by purpose": 10, "read by objection": 10},
    "regulator":  {"read metadata of a user": 46, "read system logs": 31, "verify deletion": 23},
}
# fmt: on
"""Per cent of the operations of each role, as GDPRbench has them."""


@dataclass
class World:
    """Who is there, what there is, and who calls."""

    estate: Estate
    people: list[Principal]
    orders: list[str]
    erasures: list[str]
    clients: dict[str, Client]
    chance: random.Random

    def anybody(self) -> Principal:
        """One of the people."""
        return self.chance.choice(self.people)

    def call(
        self, service: str, token: str, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """A call that must succeed; its answer."""
        client = self.clients[service]
        client.token = token
        sent = None if body is None else json.dumps(body).encode()
        status, answer = client.send(method, path, sent, **headers)
        assert status < 300, (status, method, path, answer)
        return json.loads(answer) if answer and answer[:1] in b"[{" else answer

    def by(self, person: Principal, role: Role | None = None) -> str:
        """A token of a person, or of staff with a role."""
        roles = frozenset({role}) if role else person.roles
        keys = self.estate.runtimes["identity"].keys
        return access_token(keys, replace(person, roles=roles), datetime.now(UTC))

    def as_peer(self, caller: str, callee: str, scope: str) -> str:
        """A token of a service."""
        keys = self.estate.runtimes[caller].keys
        return service_token(keys, callee, scope, datetime.now(UTC))


def _order(world: World) -> None:
    body = {
        "lines": [{"sku": SKU, "quantity": 1}], "expected_total": PRICE,
        "contact": {"name": "Kim Sample", "email": "kim@customer.example", "phone": "+49 1"},
        "delivery": {
            "street": "Hauptstraße 1", "postal_code": "71254", "city": "Ditzingen", "country": "DE",
        },
        "channel": "portal", "notice_version": "1",
    }  # fmt: skip
    key = {"Idempotency-Key": str(uuid7())}
    made = world.call("shop", world.by(world.anybody()), "POST", "/orders", body, **key)
    world.orders.append(made["id"])


def _withdraw(world: World) -> None:
    own = world.by(world.anybody())
    world.call("identity", own, "DELETE", "/accounts/me/consents/voluntary_profile")


def _agree(world: World) -> None:
    body = {"purpose": "voluntary_profile", "text_id": "voluntary-profile-1"}
    world.call("identity", world.by(world.anybody()), "POST", "/accounts/me/consents", body)


def _object(world: World) -> None:
    method = world.chance.choice(("PUT", "DELETE"))
    own = world.by(world.anybody())
    world.call("identity", own, method, "/accounts/me/advertising-objection")


def _read_own(world: World) -> None:
    world.call("identity", world.by(world.anybody()), "GET", "/accounts/me")


def _outlook(world: World) -> None:
    world.call("identity", world.by(world.anybody()), "GET", "/accounts/me/retention")


def _correct(world: World) -> None:
    person = world.anybody()
    with world.estate.runtimes["identity"].reading() as session:
        version = session.get_one(Account, person.account_id).version
    body = {"company": f"Blechwerk {world.chance.randrange(1000)} GmbH"}
    match = {"If-Match": f'"{version}"'}
    world.call("identity", world.by(person), "PATCH", "/accounts/me", body, **match)


def _by_key(world: World) -> None:
    order_id = world.chance.choice(world.orders)
    world.call("shop", world.by(world.people[0], Role.SHOP), "GET", f"/orders/{order_id}")


def _by_purpose(world: World) -> None:
    asked = {"account_ids": [str(world.anybody().account_id) for _ in range(20)]}
    token = world.as_peer("screening", "identity", "names:read")
    world.call("identity", token, "POST", "/internal/names", asked)


def _by_objection(world: World) -> None:
    asked = {"account_ids": [str(world.anybody().account_id) for _ in range(20)]}
    token = world.as_peer("shop", "identity", "advertising:read")
    world.call("identity", token, "POST", "/internal/advertising", asked)


def _stated(world: World) -> None:
    token = world.as_peer("identity", "shop", "personal-data:read")
    world.call("shop", token, "GET", f"/internal/personal-data/{world.anybody().account_id}")


def _logs(world: World) -> None:
    path = f"/audit/reads?person={world.anybody().account_id}&limit=20"
    world.call("shop", world.by(world.people[0], Role.DPO), "GET", path)


def _certificate(world: World) -> None:
    path = f"/erasures/{world.chance.choice(world.erasures)}/certificate"
    world.call("identity", world.by(world.people[0], Role.DPO), "GET", path)


DOES: dict[str, tuple[Callable[[World], None], ...]] = {
    "create record": (_order,),
    "delete record": (_withdraw,),
    "update metadata": (_agree, _object),
    "read own data": (_read_own,),
    "read own metadata": (_outlook,),
    "update own data": (_correct,),
    "update own metadata": (_agree, _object),
    "read by key": (_by_key,),
    "read by purpose": (_by_purpose,),
    "read by objection": (_by_objection,),
    "read metadata of a user": (_stated,),
    "read system logs": (_logs,),
    "verify deletion": (_certificate,),
}


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Each role does its mix, in a random order that is the same every time."""
    processes = [
        (name, kind) for name in OWNERS_OF_PERSONAL_DATA for kind in ("web", "worker")
    ]  # fmt: skip
    with running(folder, postgres_url, rabbit_url, *processes) as estate:
        world = _filled(estate)
        found = {role: _done(world, mix) for role, mix in MIXES.items()}
    said = ", ".join(f"{role} {each['per_second']:,}/s" for role, each in found.items())
    return {
        "what": f"GDPRbench: four roles, {OPERATIONS:,} operations each over HTTP, one client, "
        f"{PEOPLE} people with {PEOPLE * ORDERS_EACH:,} orders",
        "by_role": found,
        "measured": said,
        "aim": "every answer right",
        "met": True,
    }


def _done(world: World, mix: dict[str, int]) -> dict[str, Any]:
    took: dict[str, list[float]] = {}
    world.clients = _clients(world.estate)
    began = time.perf_counter()
    for name in _shuffled(world.chance, mix):
        does = world.chance.choice(DOES[name])
        before = time.perf_counter()
        does(world)
        took.setdefault(name, []).append(time.perf_counter() - before)
    seconds = time.perf_counter() - began
    return {
        "seconds": round(seconds, 1),
        "per_second": round(OPERATIONS / seconds),
        "by_operation": {name: milliseconds(each) for name, each in sorted(took.items())},
    }


def _shuffled(chance: random.Random, mix: dict[str, int]) -> Iterator[str]:
    assert sum(mix.values()) == 100
    names = [name for name, share in mix.items() for _ in range(share * OPERATIONS // 100)]
    chance.shuffle(names)
    yield from names


def _filled(estate: Estate) -> World:
    """People known everywhere, a product, orders, and erasures that are complete."""
    identity, shop = estate.runtimes["identity"], estate.runtimes["shop"]
    people = enter_people(identity, PEOPLE)
    leaving = enter_people(identity, ERASED)
    world = World(estate, people, [], [], {}, random.Random(7))
    with shop.transaction() as session:
        session.add(
            Product(
                sku=SKU, name_en="Nozzle", name_nl="Mondstuk", name_de="Düse", available=True,
                unit_amount=Decimal(PRICE["amount"]), currency=Currency.EUR,
            )
        )  # fmt: skip
    world.erasures = _erased(identity, leaving)
    world.clients = _clients(estate)
    for _ in range(PEOPLE * ORDERS_EACH):
        _order(world)
    return world


def _clients(estate: Estate) -> dict[str, Client]:
    """Fresh connections: a server closes one that is idle for long."""
    return {name: Client(url) for name, url in estate.web_urls.items() if name != "gateway"}


def _erased(identity: Runtime, leaving: list[Principal]) -> list[str]:
    """Ids of erasures that all owners have carried out."""
    ids = [each.account_id for each in leaving]
    with identity.transaction() as session:
        gone = sa.update(Account).where(Account.id.in_(ids))
        session.execute(gone.values(state=State.DEACTIVATED, deactivated_at=datetime.now(UTC)))
    with identity.transaction() as session:
        accounts = session.scalars(sa.select(Account).where(Account.id.in_(ids)).with_for_update())
        for account in accounts.all():
            erasures.begin(session, account)

    def completed() -> list[str]:
        done = sa.select(ErasureRequest.id).where(ErasureRequest.completed_at.is_not(None))
        with identity.reading() as session:
            found = [str(each) for each in session.scalars(done)]
        return found if len(found) == len(ids) else []

    until(completed, "everybody is erased", seconds=120)
    return completed()
