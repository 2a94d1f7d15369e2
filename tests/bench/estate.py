"""The estate under a benchmark: processes as `make run-stack` starts them, and people in it."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from common import migrations
from common.events.catalogue import AccountActivated
from common.ids import uuid7
from common.messaging import publish
from common.service import Runtime, load_services
from common.testing.server import free_port
from common.web.access import Principal, Role
from common.web.standing import AccountStanding, Standing
from deploy.local import stack, wiring
from identity.models import Account, Organisation, OrganisationKind
from identity.passwords import Hash
from identity.rules.states import Screening, State

PASSWORD = "correct horse battery staple"
WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Estate:
    """What runs. runtimes: for the benchmark's own process, to look into and to publish."""

    environment: dict[str, str]
    web_urls: dict[str, str]
    runtimes: dict[str, Runtime]


@contextmanager
def running(
    folder: Path, postgres_url: str, rabbit_url: str, *processes: stack.Key
) -> Iterator[Estate]:
    """Migrate the services of these (service, web or worker) processes, start them, end them."""
    with prepared(folder, postgres_url, rabbit_url, {name for name, _ in processes}) as estate:
        started = stack.Stack(folder, estate.environment, free_port())
        try:
            started.start(*processes)
            for name, kind in processes:
                if kind == "web":
                    until(lambda name=name: _is_ready(estate.web_urls[name]), f"{name} is ready")
            yield estate
        finally:
            started.stop()


@contextmanager
def prepared(
    folder: Path, postgres_url: str, rabbit_url: str, services: Iterable[str]
) -> Iterator[Estate]:
    """Migrate these services; none of their processes runs yet."""
    where = stack.servers(postgres_url, rabbit_url, 0, f"bench_{uuid4().hex[:8]}")
    web_urls = {name: f"http://127.0.0.1:{free_port()}" for name in where.web_urls}
    environment = {
        **wiring.environment(folder, replace(where, web_urls=web_urls), "http://portal.test"),
        "PORTAL_CLOCK_FILE": "",  # read at every look at the clock; for development only
        "PORTAL_SCHEDULER": "false",  # jobs would load lists from the internet
    }
    runtimes = {}
    with patch.dict(os.environ, environment):
        for name, service in load_services(sorted(services)).items():
            runtimes[name] = service.runtime()
            migrations.upgrade(runtimes[name])
    try:
        yield Estate({**os.environ, **environment}, web_urls, runtimes)
    finally:
        for runtime in runtimes.values():
            runtime.close()


class Client:
    """One connection to one service, kept open; as cheap as a client can be."""

    def __init__(self, url: str, token: str = "") -> None:
        self.token = token
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=WAIT_SECONDS)

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def enter_people(identity: Runtime, count: int, password: Hash | None = None) -> list[Principal]:
    """Active accounts of one customer, as approval leaves them; all services are told."""
    at, people = datetime.now(UTC), []
    with identity.transaction() as session:
        customer = Organisation(
            id=uuid7(), name="Blechwerk Nordlicht GmbH", country="DE",
            kind=OrganisationKind.CUSTOMER, registered_at=at,
        )  # fmt: skip
        session.add(customer)
        session.flush()
        for _ in range(count):
            account = _account(customer, at, password)
            session.add(account)
            known = {
                "account_id": account.id, "organisation_id": customer.id, "epoch": account.epoch
            }  # fmt: skip
            session.add(AccountStanding(**known, state=Standing.ACTIVE, sequence=0))
            publish(session, AccountActivated(**known))
            roles = frozenset({Role.MEMBER})
            people.append(Principal(**known, roles=roles, country="DE", session_id=str(uuid7())))
    return people


def address_of(account_id: UUID) -> str:
    """Mail address of one of these people."""
    return f"{account_id.hex}@customer.example"


def until(
    fact: Callable[[], object], what: str, seconds: float = WAIT_SECONDS, every: float = 0.1
) -> None:
    """Wait until something is so; raises TimeoutError. Nothing that is measured waits like this."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)


def _account(customer: Organisation, at: datetime, password: Hash | None) -> Account:
    number = uuid7()
    address = address_of(number)
    return Account(
        id=number, organisation_id=customer.id, role=Role.MEMBER, given_name="Roswitha",
        family_name="Zwetschgenbaum", email=address, email_key=address, company=customer.name,
        country="DE", language="en", state=State.ACTIVE, screening=Screening.CLEAR,
        registered_at=at, confirmed_at=at, approved_at=at, epoch=1,
        password_hash=password and password.value, password_scheme=password and password.scheme,
        pepper_id=password and password.pepper_id,
    )  # fmt: skip


def _is_ready(url: str) -> bool:
    client = Client(url)
    try:
        return client.send("GET", "/readyz")[0] == 200
    except OSError:
        return False
    finally:
        client.close()
