"""The estate under test: in one process on SQLite, with and without faults, or on real servers."""

from __future__ import annotations

import dataclasses
import importlib
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx
import pika
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from common.clock import Clock
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.messaging import topology
from common.messaging.brokers import Message
from common.messaging.brokers.embedded import EmbeddedBroker
from common.messaging.outbox import OutboxRow
from common.processes import run_step
from common.service import Runtime
from common.testing.clock import RunningClock, StandingClock
from common.testing.server import free_ports
from common.testing.servers import Server
from deploy.local import seed, stack, wiring
from deploy.local.development import mails
from deploy.local.estate import Estate
from deploy.local.portal import Portal, over_http
from tests.estate.collector import Collector, collecting

URL = "http://portal.test"
LADDER = "PT0.2S,PT1S,PT3S,PT5S"


class InjectedFault(Exception):
    """A handler failed because the test said so."""


class FaultyBroker(EmbeddedBroker):
    """Delivers every message twice and in shuffled order."""

    def __init__(self, seed_number: int) -> None:
        super().__init__()
        self._random = random.Random(seed_number)
        self.delivered = 0

    def publish(self, messages: Sequence[Message]) -> list[str | None]:
        places = [n for n in range(len(messages)) for _ in range(2)]
        self._random.shuffle(places)
        self.delivered += len(places)
        answers: list[str | None] = [None] * len(messages)
        for place, answer in zip(
            places, super().publish([messages[n] for n in places]), strict=True
        ):
            answers[place] = answers[place] or answer
        return answers


class SettledEstate(Estate):
    """An estate that works only when told to, until nothing is left to do."""

    def __init__(
        self, folder: Path, broker: EmbeddedBroker, clock: StandingClock, fail_once: bool
    ) -> None:
        super().__init__(folder, lambda _: broker, clock)
        self.clock, self.broker = clock, broker
        self.failures: list[BaseException] = []
        self.failed_once: set[str] = set()
        self._fail_once = fail_once
        self._jobs_ran: datetime | None = None
        for runtime in self.runtimes.values():
            runtime.subscriptions = tuple(
                dataclasses.replace(each, function=self._watched(each))
                for each in runtime.subscriptions
            )
        self.subscribe()

    def settle(self) -> None:
        """Run relays, steps and due jobs until quiet; raises what a handler raised."""
        while True:
            done = sum(runtime.relay.send_all() for runtime in self.runtimes.values())
            for runtime in self.runtimes.values():
                done += sum(each(runtime) for each in runtime.service.steps)
            done += self._run_due_jobs()
            if self.failures:
                raise self.failures[0]
            if not done and not self._move_to_next_try():
                return

    def _run_due_jobs(self) -> int:
        now = self.clock.now()
        if self._jobs_ran is not None and now - self._jobs_ran < timedelta(hours=1):
            return 0
        self._jobs_ran = now
        return sum(
            run_step(runtime, each.run)
            for runtime in self.runtimes.values()
            for each in runtime.service.jobs.values()
        )

    def _move_to_next_try(self) -> bool:
        waiting = []
        for runtime in self.runtimes.values():
            with runtime.reading() as session:
                waiting += session.scalars(sa.select(OutboxRow.next_try_at)).all()
        if not waiting:
            return False
        self.clock.instant = max(self.clock.instant, min(waiting))
        return True

    def _watched(self, subscription: Any) -> Callable[[Any, Any], Any]:
        def call(event: Any, session: Any) -> Any:
            try:
                answer = subscription.function(event, session)
            except Exception as error:
                self.failures.append(error)
                raise
            if self._fail_once and subscription.name not in self.failed_once:
                session.flush()
                self.failed_once.add(subscription.name)
                raise InjectedFault(subscription.name)
            return answer

        call.__name__ = subscription.function.__name__
        return call


def operate_here(runtime: Runtime, *arguments: str, stdin: str = "") -> str:
    """Run an operator command in this process, on this runtime instead of one of its own."""
    service: Any = runtime.service
    operators = importlib.import_module(f"{service.package}.operators")
    service.runtime = lambda: runtime
    try:
        done = CliRunner().invoke(getattr(operators, arguments[0]), arguments[1:], input=stdin)
    finally:
        del service.runtime
    if done.exit_code:
        raise AssertionError(f"{service.name} {arguments}: {done.output}") from done.exception
    return done.stdout


def in_this_process(estate: Estate, clock: Clock, advance: Callable[[str], None]) -> Portal:
    """The portal of an estate whose services run in the test's own process."""

    def operate(service: str, *arguments: str, stdin: str = "") -> str:
        return operate_here(estate.runtimes[service], *arguments, stdin=stdin)

    client = httpx.Client(transport=httpx.WSGITransport(app=estate.wsgi), base_url=URL)
    return Portal(client, estate.folder, partial(mails, estate.folder), operate, clock, advance)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Set what the services are told, for this test."""

    def tell(told: dict[str, str]) -> None:
        for name in list(os.environ):
            if name.startswith("PORTAL_") and not name.startswith("PORTAL_TEST_"):
                monkeypatch.delenv(name)
        for name, value in {**told, "IDENTITY_BCRYPT_COST": "4"}.items():
            monkeypatch.setenv(name, value)

    return tell


@pytest.fixture
def settled(
    tmp_path: Path, environment: Callable[[dict[str, str]], None]
) -> Iterator[Callable[..., Portal]]:
    """Function that makes an embedded estate on SQLite and returns its portal."""
    made: list[Estate] = []

    def make(broker: EmbeddedBroker | None = None, fail_once: bool = False) -> Portal:
        told = wiring.environment(tmp_path, wiring.embedded(tmp_path), URL)
        environment({**told, "PORTAL_CLOCK_FILE": ""})
        clock = StandingClock()
        estate = SettledEstate(tmp_path, broker or EmbeddedBroker(), clock, fail_once)
        made.append(estate)
        portal = in_this_process(estate, clock, clock.advance)
        portal.settle = estate.settle
        portal.estate = estate
        return portal

    yield make
    for estate in made:
        estate.close()


@pytest.fixture
def estate(settled: Callable[..., Portal]) -> Portal:
    """An embedded estate with sample lists, staff, customers and products."""
    portal = settled()
    seed.fill(portal, None)
    return portal


@pytest.fixture
def servers(
    postgres_server: Server, rabbit_server: Server
) -> Iterator[Callable[[int], wiring.Servers]]:
    """Function that makes new databases and empties the queues, for an estate of this test."""
    names: list[str] = []

    def make(first_port: int) -> wiring.Servers:
        empty_queues(rabbit_server.url)
        names.append(f"test_{uuid4().hex[:8]}")
        return stack.servers(postgres_server.url, rabbit_server.url, first_port, names[-1])

    yield make
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        for name in names:
            for service in OWNERS_OF_PERSONAL_DATA:
                own = f"{name}_{service.replace('-', '_')}"
                connection.execute(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)')
                connection.execute(f'DROP ROLE IF EXISTS "{own}"')


@pytest.fixture
def on_servers(
    tmp_path: Path,
    environment: Callable[[dict[str, str]], None],
    servers: Callable[[int], wiring.Servers],
) -> Iterator[Callable[[], Portal]]:
    """Function that starts the six services as threads on PostgreSQL and RabbitMQ."""
    stop = Event()
    threads: list[Thread] = []
    made: list[Estate] = []

    def make() -> Portal:
        told = wiring.environment(tmp_path, servers(1), URL)
        environment({**told, "PORTAL_CLOCK_FILE": "", "PORTAL_RETRY_LADDER": LADDER})
        clock = RunningClock()
        estate = Estate(tmp_path, lambda _: None, clock)
        made.append(estate)
        threads.extend(estate.start(stop))
        return in_this_process(estate, clock, clock.advance)

    yield make
    stop.set()
    for thread in threads:
        thread.join(timeout=10)
    for estate in made:
        estate.close()


@dataclasses.dataclass
class Running:
    """An estate of separate processes, and the portal in front of it."""

    portal: Portal
    processes: stack.Stack
    collector: Collector


@pytest.fixture
def running(
    tmp_path: Path,
    environment: Callable[[dict[str, str]], None],
    servers: Callable[[int], wiring.Servers],
) -> Iterator[Running]:
    """Every service as its own web and worker process on PostgreSQL and RabbitMQ."""
    port = free_ports(8)
    with started(tmp_path, environment, servers(port + 2), port) as estate:
        yield estate


@contextmanager
def started(
    folder: Path,
    environment: Callable[[dict[str, str]], None],
    where: wiring.Servers,
    port: int,
) -> Iterator[Running]:
    """Start every process of the stack, and end them all."""
    url = f"http://127.0.0.1:{port}"
    with collecting() as collector:
        told = {
            **wiring.environment(folder, where, url),
            "PORTAL_RETRY_LADDER": LADDER,
            "PORTAL_TRACES_URL": collector.url,
            "IDENTITY_BCRYPT_COST": "4",
        }
        environment(told)
        processes = stack.Stack(folder, told, port)
        processes.migrate()
        processes.start()
        try:
            processes.wait_until_ready()
            yield Running(over_http(url, folder, processes.command), processes, collector)
        finally:
            processes.stop()


def empty_queues(url: str) -> None:
    """Delete the estate's queues, so that nothing of another test is in them."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for queue in topology.queues(topology.estate(), topology.Ladder.parse(LADDER)):
            channel.queue_delete(queue.name)
