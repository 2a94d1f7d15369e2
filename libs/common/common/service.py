"""A service: its modules become a web application, a worker and commands."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Condition
from types import ModuleType
from typing import Any, TypeVar

import click
import httpx
import prometheus_client
from flask import Flask

from common import jobs, logs, metrics, revisions, tracing
from common.clock import Clock, ShiftedClock, SystemClock
from common.db import Database
from common.keys import KeyMissing, Keys
from common.messaging.brokers import Broker
from common.messaging.brokers.embedded import EmbeddedBroker
from common.messaging.brokers.rabbit import RabbitBroker
from common.messaging.consumer import Consumer
from common.messaging.outbox import Cause
from common.messaging.relay import Relay
from common.messaging.subscribe import subscriptions
from common.messaging.topology import Ladder
from common.metrics import TICKS
from common.privacy import (
    erasure,  # noqa: F401 - its tables belong to every service
    restores,
)
from common.privacy import routes as privacy
from common.settings import Settings, SettingsError, load
from common.web.app import create_app
from common.web.peers import Peer, PeerUnavailable

T = TypeVar("T")
Transports = Mapping[str, httpx.BaseTransport]
PEER_SECONDS = 5


class Service:
    """What a service is made of; nothing runs until a Runtime is made of it."""

    def __init__(self, name: str, *modules: ModuleType) -> None:
        self.name = name
        self.parts = {module.__name__.rsplit(".", 1)[-1]: module for module in modules}
        self.package = modules[0].__name__.split(".", 1)[0]
        self.folder = Path(str(modules[0].__file__)).parents[1]
        self.subscriptions = subscriptions(name, self.parts["handlers"])
        own = [self.parts[part] for part in ("jobs", "retention") if part in self.parts]
        self.jobs = jobs.jobs_of(jobs, *own)
        self.steps = jobs.steps_of(jobs, *own)
        self.gauges = metrics.gauges_of(jobs, *own)

    @property
    def settings_class(self) -> type[Settings]:
        """The service's own Settings."""
        kind: type[Settings] = self.parts["settings"].Settings
        return kind

    def runtime(
        self,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        broker: Broker | None = None,
        transports: Transports | None = None,
    ) -> Runtime:
        """Bind the service to settings, by default those of the environment."""
        told = settings or load(self.settings_class, self.name)
        return Runtime(self, told, clock, broker, {} if transports is None else transports)

    def create_app(self, runtime: Runtime | None = None) -> Flask:
        """Make the web application; without a runtime, that of this process's environment."""
        if runtime is None:
            runtime = self.runtime()
            runtime.begin_process("web")
        return create_app(runtime, privacy)

    def main(self, *commands: click.Command) -> None:
        """Run `web | worker | migrate | job NAME` and the service's own operator commands."""
        from common import processes

        group = processes.command_line(self, commands)
        try:
            group(prog_name=f"python -m {self.package}")
        except (SettingsError, KeyMissing) as error:
            click.echo(str(error), err=True)
            sys.exit(2)


class Runtime:
    """A service at work: its settings, clock, database, keys, broker and peers."""

    def __init__(
        self,
        service: Service,
        settings: Settings,
        clock: Clock | None,
        broker: Broker | None,
        transports: Transports,
    ) -> None:
        self.service, self.settings, self._broker = service, settings, broker
        self.name, self.parts = service.name, service.parts
        self.subscriptions = service.subscriptions
        shifted = ShiftedClock(Path(settings.clock_file)) if settings.clock_file else None
        self.clock: Clock = clock or shifted or SystemClock()
        self.db = Database(settings.database_url, settings.database_pool)
        self.keys = Keys(settings.keys_dir, self.name)
        self.ladder = Ladder.parse(settings.retry_ladder)
        self.ticks: dict[str, datetime] = {}
        self.wakeups = Wakeups()
        self._resources: dict[Any, Any] = {}
        self._transports = transports
        self._peers: dict[str, Peer] = {}

    @cached_property
    def broker(self) -> Broker:
        """RabbitMQ, or what was given for one process."""
        if self._broker is not None:
            return self._broker
        if self.settings.broker_url == "embedded:":
            return EmbeddedBroker()
        return RabbitBroker(self.settings.broker_url, self.ladder)

    @cached_property
    def relay(self) -> Relay:
        """Sender of this service's outbox."""
        return Relay(self, self.broker, self.ladder)

    @cached_property
    def consumer(self) -> Consumer:
        """Handler of what comes for this service."""
        return Consumer(self, self.ladder)

    def peer(self, name: str) -> Peer:
        """Another service, to be called; its client is made at the first call.

        Raises PeerUnavailable where the settings do not say its address.
        """
        if name not in self._peers:
            if name not in self.settings.peer_urls:
                raise PeerUnavailable(f"{self.name} is not told where {name} is.")
            url, transport = self.settings.peer_urls[name], self._transports.get(name)
            client = httpx.Client(base_url=url, timeout=PEER_SECONDS, transport=transport)
            self._peers[name] = Peer(self, name, client)
        return self._peers[name]

    def resource(self, open_it: Callable[[Runtime], T]) -> T:
        """Something a service keeps open (a mailer, an object store), made once per runtime."""
        if open_it not in self._resources:
            self._resources[open_it] = open_it(self)
        made: T = self._resources[open_it]
        return made

    def transaction(self, actor: str | None = None) -> Any:
        """One unit of work outside a request: a step, a job, a command."""
        cause = Cause(actor or f"service:{self.name}", os.urandom(8).hex())
        return self.db.transaction(runtime=self, cause=cause)

    def reading(self) -> Any:
        """Reads outside a request."""
        return self.db.reading(runtime=self)

    def begin_process(self, process: str) -> None:
        """Set logs, traces and the metrics port up for a process that is this service alone."""
        from common import processes

        logs.configure(self.settings.log_level)
        tracing.configure(self.name, self.settings.traces_url, self.settings.traces_share)
        if process == "worker":
            prometheus_client.REGISTRY.register(metrics.Observed(self))
        processes.serve_metrics(self.settings, lambda: processes.not_ready(self, process))

    def tick(self, loop: str) -> None:
        """Note that a loop of the worker is alive."""
        self.ticks[loop] = self.clock.now()
        TICKS.labels(self.name, loop).set_to_current_time()

    def wake(self) -> None:
        """Tell waiting loops that there may be work."""
        self.wakeups.wake()

    def not_ready(self) -> str | None:
        """Sentence on what is missing, None when everything is there."""
        try:
            missing = revisions.missing(self)
            restored = not missing and self._is_restored()
        except Exception:
            name = f"{self.name.replace('-', '_').upper()}_DATABASE_URL"
            return f"The database is out of reach: look at {name}."
        if missing:
            return f"Migrations are missing: run `python -m {self.service.package} migrate`."
        if restored:
            return "Restored from a backup: the worker asks other services what it forgot."
        return None

    def _is_restored(self) -> bool:
        with self.reading() as session:
            return restores.is_restored(session)

    def close(self) -> None:
        """Give back what is held open."""
        self.broker.close()
        self.db.close()


class Wakeups:
    """A count that loops wait for; a wake-up between looking and waiting is not missed."""

    def __init__(self) -> None:
        self._changed, self.count = Condition(), 0

    def wake(self) -> None:
        """Let everybody who waits look again."""
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """Wait until the count is not what was seen, or the seconds are over; return it."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, seconds)
            return self.count


def load_services(names: Sequence[str]) -> dict[str, Service]:
    """Import services by name; for the wiring of an estate, the documents and operators' tools."""
    return {
        name: importlib.import_module(f"{name.replace('-', '_')}.app").service for name in names
    }
