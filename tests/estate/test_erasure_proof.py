"""The proof of an erasure: a mark in every declared field of a person, and none of them afterwards.

Kept is what is declared as kept, in the service that declares it, and nothing else anywhere: not in
databases, the broker's files, objects, mails, logs or metrics. Source: S26, art. 17 GDPR.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import prometheus_client
import psycopg
import pytest

from common import logs
from common.db import Database
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.keys import read_public
from common.messaging.brokers.embedded import EmbeddedBroker
from common.privacy.certificates import verify
from common.privacy.erasure import Erasure, ErasureIncomplete
from common.privacy.grounds import Ground
from common.testing.clock import StandingClock
from common.testing.processes import postgres_programs
from common.testing.server import free_ports
from common.testing.servers import Server, start_postgres, start_rabbit
from deploy.local import seed, stack
from deploy.local.portal import Portal
from tests.estate.conftest import FaultyBroker, Running, SettledEstate, started
from tests.estate.planting import Mark, Planted, plant
from tests.estate.scenario import Scenario, a_scenario, a_settled_estate


class EveryHandlerFailsOnce(SettledEstate):
    """Each handler is rolled back once after it has done its work."""

    def __init__(self, folder: Path, broker: EmbeddedBroker, clock: StandingClock, _: bool) -> None:
        super().__init__(folder, broker, clock, fail_once=True)


def a_person_in_use(portal: Portal) -> tuple[Scenario, Planted]:
    """Somebody who has used every service and has closed the account, marked all over."""
    scenario = a_scenario(portal)
    scenario.people_come()
    scenario.use_every_service()
    scenario.staff_and_customers_change_things()
    scenario.the_account_has_a_history()
    scenario.the_account_is_closed()
    return scenario, Planted(UUID(scenario.made[scenario.person.email]))


def erased(scenario: Scenario) -> dict[str, Any]:
    """The certificate, a year later; raises where the erasure does not complete."""
    scenario.portal.advance_by("P1Y")
    account_id, dpo = scenario.made[scenario.person.email], scenario.staff["dpo"]

    def completed() -> str | None:
        dpo.sign_in()
        for each in dpo.get("identity", "erasures?limit=100"):
            if each["account_id"] == account_id and len(each["receipts"]) == 6:
                return str(each["request_id"]) if each["state"] == "completed" else None
        return None

    request_id = scenario.portal.by_some_night(completed)
    return dict(dpo.get("identity", f"erasures/{request_id}/certificate"))


def holds_offline(certificate: Mapping[str, Any], jwks: Path) -> list[str]:
    """What does not hold in a certificate, from the public keys alone."""
    return [f"{each.what}: {each.fault}" for each in verify(certificate, read_public(jwks))
            if each.fault]  # fmt: skip


def nobody_is_shown(scenario: Scenario) -> None:
    """Every route about the person leads nowhere; who looks for a colleague finds nobody."""
    account_id = scenario.made[scenario.person.email]
    for who, service, path in (
        ("support", "identity", f"accounts/{account_id}"),
        ("compliance", "screening", f"screenings/{account_id}"),
    ):
        scenario.staff[who].sign_in()
        assert scenario.staff[who].send("GET", service, path, None).status_code == 404, path
    scenario.colleague.sign_in()
    seen = scenario.colleague.get("identity", f"directory/{account_id}")
    assert seen["display_name"] == "Former user"


def faults(planted: Planted, contents: Mapping[str, bytes], services: bool) -> list[str]:
    """Marks where none may be: kept ones only in the database of their own service."""
    return [
        f"{mark} in {where}"
        for where, content in contents.items()
        for mark in planted.found_in(content)
        if not (services and mark.kept and mark.service == where)
    ]


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name there."""
    found = {}
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a server's own files come and go
            if file.is_file():
                found[str(file.relative_to(folder))] = file.read_bytes()
    return found


# ------------------------------------------------------------------------- embedded, with faults


def databases_of(portal: Portal) -> dict[str, bytes]:
    """Each service's database file, rebuilt so that nothing is left of what was deleted."""
    found = {}
    for name, runtime in portal.estate.runtimes.items():
        with runtime.db.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        found[name] = Path(runtime.db.engine.url.database).read_bytes()
    return found


@contextlib.contextmanager
def a_marked_person(folder: Path, number: int) -> Iterator[tuple[Scenario, Planted]]:
    """An embedded estate with duplicates, reordering and every handler failing once."""
    with a_settled_estate(folder, FaultyBroker(number), EveryHandlerFailsOnce) as portal:
        scenario, planted = a_person_in_use(portal)
        portal.settle()
        for name, runtime in portal.estate.runtimes.items():
            plant(planted, name, runtime.db.engine)
        yield scenario, planted


def tables_said(certificate: Mapping[str, Any]) -> dict[str, Any]:
    """What each owner says it did, without instants and signatures."""
    return {each["owner"]: each["tables"] for each in certificate["receipts"]}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile."""
    stream = io.StringIO()
    logs.configure("debug", stream)
    yield stream
    logs.configure("info")


def test_every_declared_field_is_marked_and_nothing_but_what_is_kept_is_left(
    tmp_path: Path, lines: io.StringIO
) -> None:
    said = {}
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        with a_marked_person(folder, number) as (scenario, planted):
            portal = scenario.portal
            assert faults(planted, databases_of(portal), services=True), "nothing was planted"
            certificate = erased(scenario)
            assert holds_offline(certificate, folder / "keys" / "jwks.json") == []
            nobody_is_shown(scenario)
            databases = databases_of(portal)
            assert faults(planted, databases, services=True) == []
            assert kept_in(planted, databases) == {each for each in planted.marks if each.kept}
            elsewhere = {
                **files_of(folder / "objects"),
                **files_of(folder / "mail"),
                "log": lines.getvalue().encode(),
                "metrics": prometheus_client.generate_latest(),
            }
            assert faults(planted, elsewhere, services=False) == []
            said[number] = tables_said(certificate)
    assert said[1] == said[2], "repeated, interrupted and reordered steps give the same receipts"


def kept_in(planted: Planted, databases: Mapping[str, bytes]) -> set[Mark]:
    """Marks that a service still holds."""
    return {mark for content in databases.values() for mark in planted.found_in(content)}


def test_fields_that_take_no_mark_are_ids_closed_words_numbers_and_times(tmp_path: Path) -> None:
    with a_marked_person(tmp_path, 1) as (_, planted):
        assert len(planted.marks) > 50
        services = {each.service for each in planted.marks}
        assert services == set(OWNERS_OF_PERSONAL_DATA)
        assert {str(each) for each in planted.marks}.isdisjoint(planted.without)


def test_an_eraser_that_forgets_a_table_does_not_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the recount of one service alone keeps the certificate from coming."""
    retention = importlib.import_module("screening.retention")
    with a_marked_person(tmp_path, 1) as (scenario, _):
        monkeypatch.setattr(retention, "erase", lambda person: None)
        with pytest.raises(ErasureIncomplete, match="still name the person"):
            erased(scenario)


def test_an_eraser_that_lies_is_found_out_by_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: one service's eraser keeps what it declares to delete, and gives a reason."""
    retention, models = (
        importlib.import_module(f"screening.{each}") for each in ("retention", "models")
    )

    def keep_all(person: Erasure) -> None:
        for mapper in models.Base.registry.mappers:
            if hasattr(mapper.class_, "account_id"):
                theirs = mapper.class_.account_id == person.account_id
                person.keep(mapper.class_, theirs, reason=Ground.ACCOUNTABILITY)

    with a_marked_person(tmp_path, 1) as (scenario, planted):
        monkeypatch.setattr(retention, "erase", keep_all)
        assert holds_offline(erased(scenario), tmp_path / "keys" / "jwks.json") == []
        found = faults(planted, databases_of(scenario.portal), services=True)
    assert found
    assert all(each.startswith("screening.") for each in found), found


# --------------------------------------------------------------- separate processes, real servers


def dumped(databases: Mapping[str, str]) -> dict[str, bytes]:
    """A dump of every database, as a backup would take it."""
    programs = postgres_programs()
    assert programs is not None
    pg_dump = (programs / "initdb").resolve().with_name("pg_dump")
    return {
        name: subprocess.run([pg_dump, "--inserts", url], check=True, capture_output=True).stdout
        for name, url in databases.items()
    }


def rebuilt(databases: Mapping[str, str]) -> None:
    """Have PostgreSQL write every table anew, and what is deleted be gone from its files."""
    for url in databases.values():
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM FULL")


class Faults:
    """Kills every worker once, restarts the broker, and keeps one service away for a day."""

    AWAY = "training"

    def __init__(self, running: Running, rabbit: Server) -> None:
        self._running, self._rabbit = running, rabbit
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults")
        self.killed: list[str] = []

    def __enter__(self) -> Faults:
        self._signal(signal.SIGSTOP)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._signal(signal.SIGCONT)

    def come_back(self) -> None:
        """The service that was away works on."""
        self._signal(signal.SIGCONT)

    def _run(self) -> None:
        for name in OWNERS_OF_PERSONAL_DATA:
            if name == self.AWAY:
                self._rabbit.restart()
            elif not self._stop.wait(1.5):
                self._running.processes.kill(name, "worker")
            self.killed.append(name)

    def _signal(self, number: signal.Signals) -> None:
        process = self._running.processes._processes[self.AWAY, "worker"]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


@pytest.mark.rabbit
@pytest.mark.postgres
def test_nothing_is_left_of_a_person_on_real_servers_whatever_fails_meanwhile(
    tmp_path: Path,
    environment: Callable[[dict[str, str]], None],
    record_property: Callable[[str, Any], None],
) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    with (
        start_postgres(tmp_path / "postgres") as postgres,
        start_rabbit(tmp_path / "rabbit") as rabbit,
    ):
        port = free_ports(8)
        where = stack.servers(postgres.url, rabbit.url, port + 2)
        with started(folder, environment, where, port) as running:
            seed.fill(running.portal, None)
            scenario, planted = a_person_in_use(running.portal)
            for name, url in where.databases.items():
                database = Database(url)
                plant(planted, name, database.engine)
                database.close()
            assert faults(planted, dumped(where.databases), services=True), "nothing was planted"
            with Faults(running, rabbit) as wild:
                waits_for_who_is_away(scenario, wild)
                certificate = erased(scenario)
            assert len(wild.killed) == 6
            nobody_is_shown(scenario)
        assert holds_offline(certificate, folder / "keys" / "jwks.json") == []
        backups = dumped(where.databases)
        assert faults(planted, backups, services=True) == []
        assert kept_in(planted, backups) == {each for each in planted.marks if each.kept}
        elsewhere = {**files_of(tmp_path / "rabbit"), **files_of(folder)}
        assert len(elsewhere) > 20
        assert faults(planted, elsewhere, services=False) == []
        heap, log = left_in_files(planted, tmp_path / "postgres", postgres)
        rebuilt(where.databases)
        heap_after, log_after = left_in_files(planted, tmp_path / "postgres", postgres)
    for name, count in (
        ("marks in heap files after the erasure", len(heap)),
        ("in the write-ahead log", len(log)),
        ("in heap files after VACUUM FULL", len(heap_after)),
        ("in the write-ahead log after it", len(log_after)),
    ):
        record_property(name, count)
        print(f"{name}: {count} of {len(planted.marks)}")
    told = {place["place"] for each in certificate["receipts"] for place in each["residue"]}
    assert told == {"tables", "write-ahead-log", "backups"}, "all that may be left is told"
    assert heap_after == set(), "what PostgreSQL keeps of deleted rows goes with VACUUM FULL"
    assert log, "the write-ahead log keeps what was written until it is recycled"


def waits_for_who_is_away(scenario: Scenario, wild: Faults) -> None:
    """A year later all have answered but one; a week later that is overdue; then it comes back."""
    scenario.portal.advance_by("P1Y")
    account_id, dpo = scenario.made[scenario.person.email], scenario.staff["dpo"]

    def waits(state: str) -> Callable[[], bool]:
        def so() -> bool:
            dpo.sign_in()
            return any(
                each["account_id"] == account_id
                and (each["state"], each["missing"]) == (state, [wild.AWAY])
                for each in dpo.get("identity", "erasures?limit=100")
            )

        return so

    scenario.portal.until(waits("requested"))
    scenario.portal.advance_by("P8D")
    scenario.portal.until(waits("overdue"))
    wild.come_back()


def left_in_files(planted: Planted, folder: Path, postgres: Server) -> tuple[set[Mark], set[Mark]]:
    """Marks that are not to be kept, in PostgreSQL's tables and in its write-ahead log."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    found: dict[bool, set[Mark]] = {True: set(), False: set()}
    for name, content in files_of(folder).items():
        if "/base/" in f"/{name}" or "pg_wal" in name:
            going = {each for each in planted.found_in(content) if not each.kept}
            found["pg_wal" in name] |= going
    return found[False], found[True]
