"""The processes of a service: web, worker, migrate, job NAME."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event, Thread
from typing import Any
from uuid import UUID

import click
import prometheus_client
import structlog
import waitress

from common import logs
from common.db import is_lost
from common.jobs import Work
from common.logs import log
from common.messaging.brokers import BrokerUnavailable, embedded
from common.metrics import JOBS
from common.privacy import restores
from common.settings import ProcessSettings
from common.web.peers import PeerUnavailable

WAIT_SECONDS = 1.0
LATE_SECONDS = 30.0


def command_line(service: Any, commands: Sequence[click.Command]) -> click.Group:
    """Build a service's command line."""

    @click.group(help=f"Processes and operator commands of {service.name}.")
    def group() -> None:
        pass

    @group.command()
    @_CHECK
    def web(check: bool) -> None:
        """Answer HTTP requests."""
        runtime = service.runtime()
        if check:
            _report(runtime)
        else:
            serve(f"{service.package}.app:create_app", runtime.settings)

    @group.command()
    @_CHECK
    def worker(check: bool) -> None:
        """Relay the outbox, consume events, run the steps (and jobs if PORTAL_SCHEDULER)."""
        runtime = service.runtime()
        if check:
            _report(runtime)
        else:
            run_worker(runtime)

    @group.command()
    @click.option("--wait", default=60.0, show_default=True, help="Seconds for the database.")
    @click.option("--draft", metavar="SLUG", help="Write a new migration from the models instead.")
    @click.option("--grant-to", metavar="ROLE", help="Let this role, which owns no table, serve.")
    def migrate(wait: float, draft: str | None, grant_to: str | None) -> None:
        """Bring the database to the newest migration."""
        from common import migrations  # and alembic, which no other process needs

        runtime = service.runtime()
        logs.configure(runtime.settings.log_level)
        if draft:
            click.echo(migrations.draft(runtime, draft))
        else:
            wait_for_database(runtime, Event(), wait)
            try:
                migrations.upgrade(runtime)
            except migrations.UnfitDatabase as error:
                raise click.ClickException(str(error)) from error
            click.echo(f"{service.name}: the database is at the newest migration.", err=True)
            if grant_to:
                migrations.grant(runtime, grant_to)
                click.echo(f"{service.name}: {grant_to} may serve.", err=True)

    @group.command()
    @click.argument("name", type=click.Choice(sorted(service.jobs)))
    def job(name: str) -> None:
        """Run one scheduled job now."""
        runtime = service.runtime()
        logs.configure(runtime.settings.log_level)
        click.echo(service.jobs[name].run(runtime))

    @group.command()
    def restored() -> None:
        """Say that the database was restored: who was erased since is erased again at once.

        PostgreSQL restored by pg_restore or to a point in time is noticed without it.
        """
        runtime = service.runtime()
        logs.configure(runtime.settings.log_level)
        with runtime.transaction() as session:
            restores.call_restored(session)
        click.echo(f"{service.name}: not ready until the worker has settled it.", err=True)

    group.add_command(_parked_commands(service))
    for command in commands:
        group.add_command(command)
    return group


_CHECK = click.option(
    "--check", is_flag=True, help="Look at settings, keys, database and broker, and do not start."
)


def _report(runtime: Any) -> None:
    """Print a line for each thing that the process needs; exit code 1 where one is missing.

    Settings and keys have been read by then: a fault in them is one sentence and exit code 2.
    """
    lacking = {"database": runtime.not_ready(), "broker": None}
    try:
        runtime.broker.publish([])
    except BrokerUnavailable as error:
        lacking["broker"] = f"The broker is out of reach ({error}): look at PORTAL_BROKER_URL."
    runtime.close()
    click.echo("settings and keys: ok")
    for name, fault in lacking.items():
        click.echo(f"{name}: {fault or 'ok'}")
    if any(lacking.values()):
        raise SystemExit(1)


def _parked_commands(service: Any) -> click.Group:
    @click.group()
    def parked() -> None:
        """Parked messages of an embedded estate; with RabbitMQ it is `portalctl parked`."""

    @parked.command("list")
    def list_parked() -> None:
        """Show id, subscription, type, class of the failure and when it was parked."""
        for each in embedded.parked(service.runtime()):
            at = each.parked_at.isoformat(timespec="seconds")
            click.echo(f"{each.id}\t{each.subscription}\t{each.type}\t{each.error}\t{at}")

    @parked.command()
    @click.argument("message_id", type=click.UUID)
    def show(message_id: UUID) -> None:
        """Show the envelope; it holds ids only."""
        for each in embedded.parked(service.runtime()):
            if each.id == message_id:
                click.echo(each.body.decode(errors="replace"))

    @parked.command()
    @click.argument("message_id", type=click.UUID)
    def replay(message_id: UUID) -> None:
        """Have the message handled again, after the fault is mended."""
        if error := _known(embedded.replay, service.runtime(), message_id):
            raise click.ClickException(f"It failed again: {error}. It stays parked.")

    @parked.command()
    @click.argument("message_id", type=click.UUID)
    @click.confirmation_option(prompt="Forget this message for good?")
    def drop(message_id: UUID) -> None:
        """Forget the message."""
        _known(embedded.drop, service.runtime(), message_id)

    return parked


def _known(act: Callable[[Any, UUID], str | None], runtime: Any, message_id: UUID) -> str | None:
    logs.configure(runtime.settings.log_level)
    try:
        return act(runtime, message_id)
    except embedded.NotParked as error:
        raise click.ClickException(str(error)) from error


def serve(factory: str, settings: ProcessSettings) -> None:
    """Answer HTTP requests with the app that `module:function` makes, until SIGTERM or SIGINT.

    This process becomes Granian's, which watches over one that answers; it then holds nothing of
    the service in its memory.
    """
    options = ["--interface=wsgi", "--factory", "--workers=1", "--no-log", "--no-ws"]
    listen = [f"--host={settings.host}", f"--port={settings.port}"]
    threads = f"--blocking-threads={settings.threads}"
    command = [sys.executable, "-m", "granian", factory, *options, *listen, threads]
    os.execv(sys.executable, command)  # noqa: S606


def run_worker(runtime: Any) -> None:
    """Work until SIGTERM or SIGINT; what is begun is finished first."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runtime.begin_process("worker")
    log.info("worker started", service=runtime.name)
    threads = start_loops(runtime, stop)
    stop.wait()
    runtime.wake()
    for thread in threads:
        thread.join(timeout=20)
    runtime.close()
    log.info("worker stopped", service=runtime.name)


def start_loops(runtime: Any, stop: Event) -> list[Thread]:
    """Start relay, consumer, steps and, where it is on, the scheduler, each in a thread."""
    runtime.broker.subscribe(runtime, runtime.consumer.handle)
    loops: dict[str, Callable[[Event], None]] = {
        "relay": runtime.relay.run,
        "consumer": runtime.broker.consume,
        "steps": lambda until: run_steps(runtime, until),
    }
    if runtime.settings.scheduler:
        loops["scheduler"] = lambda until: run_jobs(runtime, until)
    threads = [
        Thread(target=supervise, args=(runtime, name, loop, stop), name=f"{runtime.name} {name}")
        for name, loop in loops.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def supervise(runtime: Any, name: str, loop: Callable[[Event], None], stop: Event) -> None:
    """Keep a loop going: wait, and say so, when the broker or the database is away."""
    structlog.contextvars.bind_contextvars(service=runtime.name, process=name)
    own = runtime.name.replace("-", "_").upper()
    while not stop.is_set():
        try:
            wait_for_database(runtime, stop)
            restores.settle(runtime)
            loop(stop)
        except PeerUnavailable as error:
            log.warning("restored, and waiting for a service to ask", error=str(error))
        except BrokerUnavailable as error:
            log.warning("waiting for the broker", setting="PORTAL_BROKER_URL", error=str(error))
        except Exception as error:
            if is_lost(error):
                log.warning("waiting for the database", setting=f"{own}_DATABASE_URL")
            else:
                log.error("a loop failed and starts again", exc_info=error)
        stop.wait(WAIT_SECONDS)


def wait_for_database(runtime: Any, stop: Event, at_most: float = float("inf")) -> None:
    """Wait until the database answers, saying so every few seconds."""
    own = runtime.name.replace("-", "_").upper()
    until, said = time.monotonic() + at_most, 0.0
    while not stop.is_set():
        try:
            with runtime.db.engine.connect():
                return
        except Exception as error:
            if time.monotonic() > until:
                raise
            if time.monotonic() - said > 5:
                said = time.monotonic()
                log.warning(
                    "waiting for the database",
                    setting=f"{own}_DATABASE_URL",
                    error=type(error).__name__,
                )
        stop.wait(WAIT_SECONDS)


def run_steps(runtime: Any, stop: Event) -> None:
    """Repeat every step while any finds work; then wait for a wake-up, at most a second."""
    while not stop.is_set():
        seen = runtime.wakeups.count
        done = sum(run_step(runtime, each) for each in runtime.service.steps)
        runtime.tick("steps")
        if not done:
            runtime.wakeups.wait(seen, WAIT_SECONDS)


def run_step(runtime: Any, work: Work) -> int:
    """Run one step; a failure is logged, counted and tried again, and stops no other step."""
    try:
        done = work(runtime)
    except Exception as error:
        if is_lost(error):
            raise
        JOBS.labels(runtime.name, work.__name__, "failed").inc()
        log.warning("step failed", step=work.__name__, exc_info=error)
        return 0
    if done:
        JOBS.labels(runtime.name, work.__name__, "ok").inc(done)
    return done


def run_jobs(runtime: Any, stop: Event) -> None:
    """Run every job at the start and whenever its interval has passed by the service's clock."""
    last: dict[str, datetime] = {}
    while not stop.is_set():
        for each in runtime.service.jobs.values():
            at = runtime.clock.now()
            if each.name not in last or at - last[each.name] >= each.every:
                last[each.name] = at
                done = run_step(runtime, each.run)
                log.info("job done", job=each.name, count=done)
        runtime.tick("scheduler")
        stop.wait(WAIT_SECONDS)


def serve_metrics(settings: ProcessSettings, not_ready: Callable[[], str | None]) -> None:
    """Answer /metrics, /healthz and /readyz on the metrics port, where there is one."""
    if not settings.metrics_port:
        return
    metrics = prometheus_client.make_wsgi_app()

    def answer(environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        missing = not_ready() if path == "/readyz" else None
        status = "503 Service Unavailable" if missing else "200 OK"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [(missing or "ok").encode()]

    server = waitress.create_server(
        answer, host=settings.host, port=settings.metrics_port, threads=2
    )
    threading.Thread(target=server.run, daemon=True, name="metrics").start()


def not_ready(runtime: Any, process: str) -> str | None:
    """Sentence on what a process still lacks: its loops have to run, its database to be there."""
    if process == "worker":
        for loop in ("relay", "consumer"):
            at = runtime.ticks.get(loop)
            if at is None or (runtime.clock.now() - at).total_seconds() > LATE_SECONDS:
                return f"The {loop} has not run lately: look at PORTAL_BROKER_URL and the log."
    missing: str | None = runtime.not_ready()
    return missing
