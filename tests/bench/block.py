"""Block: from the block of an account to its refusal by all six services, token still valid."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.service import Runtime
from common.web.access import Principal, Role, access_token
from common.web.standing import AccountStanding
from deploy.local.story import READS
from identity.models import Account
from identity.rules.states import BlockReason
from tests.bench.estate import WAIT_SECONDS, Client, Estate, enter_people, running, until
from tests.bench.load import RATE, Load
from tests.bench.report import milliseconds

BLOCKS, WARM_UP, SPACING_SECONDS = 80, 3, 0.1
LEAST_BLOCKS, AT_MOST_SECONDS = 60, 50.0
POLL_SECONDS = 0.02
AIM_P99_MS = 1_000


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Block one account after the other under load, while six pollers use the account's token.

    The time is from PostgreSQL's commit timestamp of the block to the last of the six first
    refusals; polling makes it longer by up to its interval, never shorter.
    """
    processes = [(name, kind) for name in OWNERS_OF_PERSONAL_DATA for kind in ("web", "worker")]
    with running(folder, postgres_url, rabbit_url, *processes) as estate:
        identity = estate.runtimes["identity"]
        officer, *people = enter_people(identity, 1 + WARM_UP + BLOCKS)
        for name, runtime in estate.runtimes.items():
            until(lambda own=runtime: _known(own) > WARM_UP + BLOCKS, f"{name} knows everybody")
        officer = replace(officer, roles=frozenset({Role.COMPLIANCE}))
        with _Portal(estate, officer) as portal:
            for person in people[:WARM_UP]:
                portal.block(person)
            with Load(estate.environment, seconds=AT_MOST_SECONDS + WAIT_SECONDS) as load:
                refused = _block_all(portal, people[WARM_UP:])
            committed = _committed(identity, list(refused))
    seconds = {
        name: [refused[account][name] - committed[account] for account in refused]
        for name in OWNERS_OF_PERSONAL_DATA
    }
    last = milliseconds([max(each) for each in zip(*seconds.values(), strict=True)])
    return {
        "what": f"block: commit to the last of six services refusing, with {RATE} events/s",
        "last_of_six": last,
        "by_service": {name: milliseconds(each) for name, each in seconds.items()},
        "load": load.found,
        "measured": f"p50 {last['p50_ms']} ms, p99 {last['p99_ms']} ms of {last['count']} blocks",
        "aim": f"p99 below {AIM_P99_MS} ms",
        "met": last["p99_ms"] < AIM_P99_MS and last["count"] >= LEAST_BLOCKS,
    }


class _Portal:
    """Six pollers, each with a connection of its own, and an officer who blocks."""

    def __init__(self, estate: Estate, officer: Principal) -> None:
        self._keys = estate.runtimes["identity"].keys
        self._clients = {name: Client(url) for name, url in estate.web_urls.items()}
        self._office = Client(estate.web_urls["identity"], self._token(officer))
        self._pollers = ThreadPoolExecutor(len(self._clients))

    def __enter__(self) -> _Portal:
        return self

    def __exit__(self, *_: object) -> None:
        self._pollers.shutdown()
        for client in (*self._clients.values(), self._office):
            client.close()

    def block(self, person: Principal) -> dict[str, float]:
        """When each service first refused the person, in seconds since 1970."""
        token = self._token(person)
        for client in self._clients.values():
            client.token = token
        before = list(self._pollers.map(self._ask, self._clients))
        assert all(status in (200, 403) for status, _ in before), before
        refusals = {name: self._pollers.submit(self._refused_at, name) for name in self._clients}
        body = json.dumps({"reason": BlockReason.SECURITY.value}).encode()
        status, answer = self._office.send(
            "POST", f"/accounts/{person.account_id}/block", body, **{"If-Match": '"1"'}
        )
        assert status == 200, answer
        return {name: refusal.result() for name, refusal in refusals.items()}

    def _ask(self, name: str) -> tuple[int, bytes]:
        return self._clients[name].send("GET", f"/{READS[name]}")

    def _refused_at(self, name: str) -> float:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            status, body = self._ask(name)
            if status == 401:
                assert json.loads(body)["type"].endswith("account-not-active"), body
                return time.time()
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{name} still lets a blocked account in")

    def _token(self, person: Principal) -> str:
        return access_token(self._keys, person, datetime.now(UTC))


def _block_all(portal: _Portal, people: list[Principal]) -> dict[UUID, dict[str, float]]:
    """Each person's refusals; fewer people when the time is over."""
    deadline, refused = time.monotonic() + AT_MOST_SECONDS, {}
    for person in people:
        if time.monotonic() > deadline:
            break
        refused[person.account_id] = portal.block(person)
        time.sleep(SPACING_SECONDS)
    return refused


def _known(runtime: Runtime) -> int:
    with runtime.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(AccountStanding)) or 0


def _committed(identity: Runtime, accounts: list[UUID]) -> dict[UUID, float]:
    """When the accounts' rows were last committed, in seconds since 1970, by the server's clock."""
    committed_at = sa.literal_column(
        "extract(epoch FROM pg_xact_commit_timestamp(accounts.xmin))::float8"
    )
    rows = sa.select(Account.id, committed_at).where(Account.id.in_(accounts))
    with identity.reading() as session:
        return dict(session.execute(rows).all())  # type: ignore[arg-type]
