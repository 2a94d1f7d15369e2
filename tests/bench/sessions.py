"""Sessions: refreshes a second, and what 100,000 accounts in the database cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from common.service import Runtime
from common.web.standing import AccountStanding
from identity.models import Account
from identity.passwords import Passwords
from tests.bench.ceiling import per_second
from tests.bench.estate import PASSWORD, Client, address_of, enter_people, running
from tests.bench.login import sign_in

CLIENTS, ROUNDS, SECONDS, WARM_UP_SECONDS = 4, 5, 3.0, 1.0
MANY = 100_000
AIM_PER_SECOND, AIM_RATIO = 300, 0.9


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Alternate between an identity with few accounts and one with many, on the same servers."""
    with ExitStack() as closing:
        few, many = (
            closing.enter_context(_identity(folder / name, postgres_url, rabbit_url, count))
            for name, count in (("few", 0), ("many", MANY))
        )
        found: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for size, each in (("few", few), ("many", many)):
                for what, works in (("refresh", each.refreshes), ("sign_in", each.sign_ins)):
                    found.setdefault(f"{what}_{size}", []).append(per_second(works, SECONDS))
    medians = {name: round(median(rates), 1) for name, rates in found.items()}
    ratios = {
        what: round(medians[f"{what}_many"] / medians[f"{what}_few"], 3)
        for what in ("refresh", "sign_in")
    }
    return {
        "what": f"sessions: refreshes by {CLIENTS} clients, with 20 and with {MANY:,} accounts",
        "per_second": medians,
        "rounds": {name: [round(each, 1) for each in rates] for name, rates in found.items()},
        "ratios_many_to_few": ratios,
        "measured": (
            f"{medians['refresh_few']:.0f}/s; with {MANY:,} accounts {ratios['refresh']:.2f} of it,"
            f" sign-ins {ratios['sign_in']:.2f}"
        ),
        "aim": f"at least {AIM_PER_SECOND}/s; with many accounts at least {AIM_RATIO} of it",
        "met": medians["refresh_few"] >= AIM_PER_SECOND and min(ratios.values()) >= AIM_RATIO,
    }


@dataclass
class _Identity:
    refreshes: list[Any]
    sign_ins: list[Any]


@contextmanager
def _identity(folder: Path, postgres_url: str, rabbit_url: str, more: int) -> Iterator[_Identity]:
    """An identity with 20 people who are measured, and so many more who are only there."""
    folder.mkdir()
    with running(folder, postgres_url, rabbit_url, ("identity", "web")) as estate:
        identity = estate.runtimes["identity"]
        people = enter_people(identity, 20, identity.resource(Passwords).make(PASSWORD))
        _add(identity, more)
        clients = [Client(estate.web_urls["identity"]) for _ in range(CLIENTS)]
        addresses = cycle([address_of(person.account_id) for person in people])
        sign_ins = [partial(sign_in, client, addresses) for client in clients[:2]]
        refreshes = [_Refreshing(client, sign_in(client, addresses)) for client in clients]
        per_second(refreshes, WARM_UP_SECONDS)
        yield _Identity(refreshes, sign_ins)
        for client in clients:
            client.close()


class _Refreshing:
    """One signed-in client that exchanges its refresh token at every call."""

    def __init__(self, client: Client, tokens: dict[str, Any]) -> None:
        self._client, self._token = client, tokens["refresh_token"]

    def __call__(self) -> None:
        body = json.dumps({"refresh_token": self._token}).encode()
        status, answer = self._client.send("POST", "/sessions/refresh", body)
        assert status == 200, answer
        self._token = json.loads(answer)["refresh_token"]


_COPYING = (
    "INSERT INTO {table} SELECT copied.* FROM (SELECT * FROM {table} LIMIT 1) one, new_ids,"
    " LATERAL jsonb_populate_record(NULL::{table},"
    " to_jsonb(one) || jsonb_build_object({changes})) copied"
)


def _add(identity: Runtime, count: int) -> None:
    """Copies of one account with ids and addresses of their own."""
    own = "new_ids.id || '@customer.example'"
    copies = {
        Account: f"'id', new_ids.id, 'email', {own}, 'email_key', {own}",
        AccountStanding: "'account_id', new_ids.id",
    }
    ids = sa.text(
        "CREATE TEMPORARY TABLE new_ids ON COMMIT DROP AS"
        " SELECT gen_random_uuid() AS id FROM generate_series(1, :count)"
    )
    with identity.transaction() as session:
        session.execute(ids, {"count": count})
        for model, changes in copies.items():
            session.execute(sa.text(_COPYING.format(table=model.__tablename__, changes=changes)))
    with identity.db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("ANALYZE"))
