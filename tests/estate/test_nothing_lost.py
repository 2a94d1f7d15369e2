"""Nothing lost, nothing twice: accounts register while processes and servers are killed."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pika
import pytest
import sqlalchemy as sa

from common.db import Database
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.ids import uuid7
from common.messaging import topology
from common.testing.server import free_ports
from common.testing.servers import Server, start_postgres, start_rabbit
from deploy.local import seed, stack, wiring
from deploy.local.development import read
from deploy.local.portal import Person, Portal, Unexpected, over_http
from tests.estate.conftest import Running, started

ACCOUNTS = int(os.environ.get("PORTAL_TEST_ACCOUNTS", "2000"))
KILL_EVERY_SECONDS = 4.0
"""Longer than a process needs to start, so that the estate works in between."""
FOLLOWERS = [name for name in OWNERS_OF_PERSONAL_DATA if name != "identity"]


class Chaos:
    """Kills every web process and worker of the estate once, in random order, and each server."""

    def __init__(self, running: Running, postgres: Server, rabbit: Server, number: int) -> None:
        self._running = running
        self._processes = [
            (service, kind) for service in OWNERS_OF_PERSONAL_DATA for kind in ("web", "worker")
        ]
        random.Random(number).shuffle(self._processes)
        self._servers = [("RabbitMQ", rabbit), ("PostgreSQL", postgres)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chaos")
        self.killed: Counter[str] = Counter()
        self.errors: list[BaseException] = []

    def __enter__(self) -> Chaos:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for product, server in self._servers:
            self._restart(product, server)

    def _run(self) -> None:
        kills = 0
        try:
            while self._processes and not self._stop.wait(KILL_EVERY_SECONDS):
                kills += 1
                if kills % 4 == 0 and self._servers:
                    self._restart(*self._servers.pop(0))
                service, kind = self._processes.pop()
                self._running.processes.kill(service, kind)
                self.killed[kind] += 1
        except BaseException as error:
            self.errors.append(error)

    def _restart(self, product: str, server: Server) -> None:
        server.restart()
        self.killed[product] += 1


class Registrations:
    """Many people who register, confirm and are approved, each trying again until it is done."""

    def __init__(self, portal: Portal, count: int) -> None:
        self.portal, self.count = portal, count
        self.accepted: list[str] = []
        self._tokens: dict[str, str] = {}
        self._read: set[str] = set()
        self._lock = threading.Lock()

    def register_all(self) -> None:
        """Register all; at the end every one was accepted with 2xx."""
        with ThreadPoolExecutor(6) as pool:
            self.accepted = list(pool.map(self._register, range(self.count)))

    def confirm_all(self) -> None:
        """Confirm every address with the mailed token."""
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(self._confirm, self.accepted))

    def _register(self, number: int) -> str:
        email = f"person{number}@customer.example"
        body = {
            "given_name": f"Quirin{_letters(number)}", "family_name": f"Mostobst{_letters(number)}",
            "email": email, "company": seed.CUSTOMERS[0][0], "country": "DE", "language": "de",
            "password": seed.PASSWORD,
        }  # fmt: skip
        _insist(self.portal.anybody(), "identity", "registrations", body, str(uuid7()))
        return email

    def _confirm(self, email: str) -> None:
        """Confirm with the newest link: a crash while sending has the mail sent a minute later."""
        deadline = time.monotonic() + 240
        tried: set[str] = set()
        while time.monotonic() < deadline:
            self._read_mails()
            token = self._tokens.get(email)
            if token is None or token in tried:
                time.sleep(0.2)
                continue
            answer = self._send_token(token)
            if answer.is_success:
                return
            tried.add(token)
        raise Unexpected("a mail did not come")

    def _send_token(self, token: str) -> httpx.Response:
        return _insist(
            self.portal.anybody(), "identity", "registrations/confirmation", {"token": token},
            str(uuid7()), final={404},
        )  # fmt: skip

    def _read_mails(self) -> None:
        with self._lock:
            for file in sorted((self.portal.folder / "mail").glob("*.eml")):
                if file.name not in self._read:
                    self._read.add(file.name)
                    mail = read(file)
                    if token := re.search(r"/confirm\?token=(\S+)", mail["text"]):
                        self._tokens[mail["to"]] = token[1]


def _insist(
    person: Person,
    service: str,
    path: str,
    body: dict[str, Any],
    key: str,
    final: set[int] = frozenset(),  # type: ignore[assignment]
) -> httpx.Response:
    """Send until it is answered: 503, 409 (in flight) and broken connections are tried again."""
    for _ in range(600):
        try:
            answer = person.send(
                "POST", service, path, None, json=body, headers={"Idempotency-Key": key}
            )
        except httpx.HTTPError:
            time.sleep(0.1)
            continue
        if answer.is_success or answer.status_code in final:
            return answer
        if answer.status_code not in (409, 503):
            raise Unexpected(f"{path}: {answer.status_code} {answer.text[:200]}")
        time.sleep(0.1)
    raise Unexpected(f"{path} was never answered")


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}")


@contextmanager
def own_servers() -> Iterator[tuple[Server, Server]]:
    """Servers that this test may stop."""
    with start_postgres() as postgres, start_rabbit() as rabbit:
        if postgres.data_dir is None or rabbit.data_dir is None:
            pytest.skip("servers given by the environment are not ours to stop")
        yield postgres, rabbit


@pytest.mark.rabbit
@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_every_accepted_account_has_one_outcome_everywhere_whatever_is_killed(
    tmp_path: Path, environment: Callable[[dict[str, str]], None]
) -> None:
    with own_servers() as (postgres, rabbit):
        port = free_ports(8)
        where = stack.servers(postgres.url, rabbit.url, port + 2)
        with started(tmp_path, environment, where, port) as running:
            seed.fill(running.portal, None)
            people = Registrations(running.portal, ACCOUNTS)
            with Chaos(running, postgres, rabbit, number=1) as chaos:
                people.register_all()
                people.confirm_all()
            assert chaos.errors == []
            assert chaos.killed["RabbitMQ"] == chaos.killed["PostgreSQL"] == 1
            assert chaos.killed["worker"] >= 3
            assert chaos.killed["worker"] + chaos.killed["web"] >= 4
            databases = {name: Database(url) for name, url in where.databases.items()}
            accounts = wait_for_outcomes(databases, ACCOUNTS)
            assert len(people.accepted) == ACCOUNTS
            check_outcomes(databases, accounts)
            assert parked(rabbit.url) == {}


def wait_for_outcomes(databases: dict[str, Database], count: int) -> list[Any]:
    """Wait until every account is screened and every service has heard of it."""
    deadline = time.monotonic() + 240
    query = sa.text(
        "SELECT id FROM accounts WHERE email LIKE 'person%' AND state = 'awaiting_approval'"
    )
    while True:
        with databases["identity"].engine.connect() as connection:
            accounts = connection.execute(query).scalars().all()
        behind = [
            name
            for name in FOLLOWERS
            if _scalar(databases[name], "SELECT count(*) FROM account_standing") < count
        ]
        waiting = [
            name for name, each in databases.items() if _scalar(each, "SELECT count(*) FROM outbox")
        ]
        if len(accounts) == count and not behind and not waiting:
            return list(accounts)
        assert time.monotonic() < deadline, (len(accounts), behind, waiting)
        time.sleep(0.5)


def check_outcomes(databases: dict[str, Database], accounts: list[Any]) -> None:
    """Each account was registered once, screened once, and every event was applied once."""
    ids = {_id(each) for each in accounts}
    acts = _rows(
        databases["identity"],
        "SELECT subject, action, count(*) FROM audit_entries GROUP BY subject, action",
    )
    per_account = Counter(count for subject, _, count in acts if subject in ids)
    assert set(per_account) == {1}, "an act was done twice"
    runs = _rows(
        databases["screening"],
        "SELECT account_id, count(*) FROM screening_runs GROUP BY account_id",
    )
    screened = {_id(account): count for account, count in runs if _id(account) in ids}
    assert screened == dict.fromkeys(ids, 1), "screened never, or twice"
    sequences = dict(
        _rows(databases["identity"], "SELECT subject, sequence FROM subject_sequences")
    )
    for name in FOLLOWERS:
        heard = _rows(databases[name], "SELECT account_id, state, sequence FROM account_standing")
        known = {_id(account): (state, sequence) for account, state, sequence in heard}
        assert {each: known[each] for each in ids} == {
            each: ("pending", sequences[each]) for each in ids
        }, f"{name} missed an event"


def the_check_sees_a_lost_event(databases: dict[str, Database], accounts: list[Any]) -> None:
    """Negative control: an event that one service missed, then a comparison that was lost."""
    with databases["shop"].engine.begin() as connection:
        connection.execute(sa.text("UPDATE account_standing SET sequence = sequence - 1"))
    with pytest.raises(AssertionError, match="shop missed an event"):
        check_outcomes(databases, accounts)
    with databases["screening"].engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM screening_runs"))
    with pytest.raises(AssertionError, match="screened never, or twice"):
        check_outcomes(databases, accounts)


def parked(url: str) -> dict[str, int]:
    """Parked queues that hold anything."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        counts = {
            name: channel.queue_declare(
                topology.parked_queue(name), passive=True
            ).method.message_count
            for name in topology.estate()
        }
    return {name: count for name, count in counts.items() if count}


def _id(column: Any) -> str:
    """An id as text, also from SQLite, which keeps it without hyphens."""
    return str(UUID(str(column)))


def _scalar(database: Database, statement: str) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(sa.text(statement)).scalar_one())


def _rows(database: Database, statement: str) -> list[Any]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


# ------------------------------------------------------------------------- the embedded estate


def start_embedded(folder: Path, port: int) -> subprocess.Popen[str]:
    """Start `make run`'s estate and wait until it says what to open."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "deploy.local.embedded", "--port", str(port),
            "--data-dir", str(folder),
        ],
        env={**os.environ, "IDENTITY_BCRYPT_COST": "4"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C" in line:
            return process
    raise AssertionError("the estate did not start")


def test_a_killed_embedded_estate_goes_on_where_it_was(
    tmp_path: Path, environment: Callable[[dict[str, str]], None]
) -> None:
    environment({})
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    estate = start_embedded(tmp_path, port)
    environment(wiring.remembered(tmp_path))
    people = Registrations(over_http(url, tmp_path, seed.operate), 60)
    try:
        people.register_all()
        killer = threading.Timer(0.3, lambda: os.killpg(estate.pid, signal.SIGKILL))
        killer.start()
        estate.wait()
        estate = start_embedded(tmp_path, port)
        people.confirm_all()
        databases = {
            name: Database(each) for name, each in wiring.embedded(tmp_path).databases.items()
        }
        accounts = wait_for_outcomes(databases, 60)
        check_outcomes(databases, accounts)
        the_check_sees_a_lost_event(databases, accounts)
    finally:
        os.killpg(estate.pid, signal.SIGTERM)
        estate.wait(timeout=20)
