"""`make run-stack`: every service as its own web and worker process, on PostgreSQL and RabbitMQ."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Lock

import psycopg
from psycopg import sql

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.testing.servers import start_postgres, start_rabbit
from deploy.local import seed, wiring

ROOT = Path(__file__).parents[2]
RESTART_SECONDS = 0.5
Key = tuple[str, str]


class Stack:
    """The processes of the full stack; one that ends is started again, as Kubernetes would."""

    def __init__(self, folder: Path, environment: Mapping[str, str], port: int) -> None:
        self.folder, self.port = folder, port
        self._environment = {**os.environ, **environment}
        self._processes: dict[Key, subprocess.Popen[bytes]] = {}
        self._lock, self._stopping = Lock(), Event()
        self._lifeline = subprocess.Popen(
            [sys.executable, "-IS", Path(__file__).with_name("lifeline.py")],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._keeper = threading.Thread(target=self._keep, name="keeper")

    def migrate(self) -> None:
        """Bring every database to its newest migration; raises CalledProcessError."""
        running = [self._spawn((name, "migrate"), "migrate") for name in OWNERS_OF_PERSONAL_DATA]
        for process in running:
            failed = process.wait() != 0
            self._note("-", process)
            if failed:
                raise subprocess.CalledProcessError(process.returncode, process.args)

    def start(self, *chosen: Key) -> None:
        """Start these processes, by default every one; they wait for each other."""
        keys: list[Key] = [("gateway", "web"), ("development", "pages")]
        keys += [(name, kind) for name in OWNERS_OF_PERSONAL_DATA for kind in ("web", "worker")]
        with self._lock:
            for key in chosen or keys:
                self._processes[key] = self._spawn(key, key[1])
        self._keeper.start()

    def kill(self, service: str, kind: str) -> None:
        """End a process at once, as a crash would; its children too."""
        with self._lock:
            _kill(self._processes[service, kind], signal.SIGKILL)

    def restart(self, service: str, kind: str) -> int:
        """Ask a process to end as an upgrade does, start its successor; return the exit code.

        Returns when the successor of a web process says that it is ready.
        """
        key = service, kind
        with self._lock:
            ending = self._processes[key]
            ending.terminate()
            code = ending.wait(timeout=60)
            self._note("-", ending)
            self._processes[key] = self._spawn(key, kind)
        if kind == "web":
            path = "healthz" if service == "gateway" else f"api/{service}/readyz"
            seed.wait_for(f"http://127.0.0.1:{self.port}/{path}")
        return code

    def stop(self) -> None:
        """Ask every process to end, and wait."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join()
        for process in self._processes.values():
            _kill(process, signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                _kill(process, signal.SIGKILL)
                process.wait()
            self._note("-", process)
        self._lifeline.communicate()

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Wait until every service says through the gateway that it is ready."""
        for name in OWNERS_OF_PERSONAL_DATA:
            seed.wait_for(f"http://127.0.0.1:{self.port}/api/{name}/readyz", seconds)

    def command(self, service: str, *arguments: str, stdin: str = "") -> str:
        """Run an operator command of a service and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", service.replace("-", "_"), *arguments],
            env=self._environment,
            cwd=ROOT,
            input=stdin,
            text=True,
            capture_output=True,
            check=True,
        )
        return done.stdout

    def _spawn(self, key: Key, argument: str) -> subprocess.Popen[bytes]:
        service, _ = key
        module = service.replace("-", "_")
        arguments = [sys.executable, "-m", module, argument]
        own = {}
        if service == "gateway":
            own = {"GATEWAY_PORT": str(self.port)}
        elif service == "development":
            arguments = [
                sys.executable, "-m", "deploy.local.development", str(self.folder),
                str(self.port + 1),
            ]  # fmt: skip
        elif argument == "web":
            own = {f"{wiring.prefix(service)}_PORT": str(self._port_of(service))}
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        with (logs / f"{service}-{argument}.log").open("ab") as log:
            process = subprocess.Popen(
                arguments,
                env={**self._environment, **own},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._note("+", process)
        return process

    def _note(self, sign: str, process: subprocess.Popen[bytes]) -> None:
        """Tell the lifeline what runs and what has ended."""
        assert self._lifeline.stdin is not None
        self._lifeline.stdin.write(f"{sign}{process.pid}\n".encode())
        self._lifeline.stdin.flush()

    def _port_of(self, service: str) -> int:
        urls = dict(
            pair.split("=", 1) for pair in self._environment["GATEWAY_UPSTREAMS"].split(",")
        )
        return int(urls[service].rsplit(":", 1)[1])

    def _keep(self) -> None:
        while not self._stopping.wait(RESTART_SECONDS):
            with self._lock:
                for key, process in self._processes.items():
                    if process.poll() is not None:
                        self._note("-", process)
                        self._processes[key] = self._spawn(key, key[1])


def servers(
    postgres_url: str, broker_url: str, first_port: int, name: str = "portal"
) -> wiring.Servers:
    """A database and a role for each service on one PostgreSQL, the broker, and web ports."""
    databases = {
        service: _database(postgres_url, f"{name}_{service.replace('-', '_')}")
        for service in OWNERS_OF_PERSONAL_DATA
    }
    web_urls = {
        service: f"http://127.0.0.1:{first_port + n}"
        for n, service in enumerate(OWNERS_OF_PERSONAL_DATA)
    }
    return wiring.Servers(databases, broker_url, web_urls)


def _database(server_url: str, name: str) -> str:
    """Make database and role unless they are there; return the URL with that role."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        known = "SELECT 1 FROM pg_roles WHERE rolname = %s"
        if connection.execute(known, [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(known, [name]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name))
            )
    place = psycopg.conninfo.conninfo_to_dict(server_url)
    return f"postgresql://{name}@{place['host']}:{place['port']}/{name}"


def _kill(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def main() -> int:
    """Start servers and processes, seed at the first start, stop everything on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.stack", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--data-dir", type=Path, default=Path("var/stack"))
    parser.add_argument("--lists", type=Path, help="folder with official lists; default: a sample")
    options = parser.parse_args()
    folder = options.data_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    url = f"http://localhost:{options.port}"
    print("Starting PostgreSQL and RabbitMQ …", file=sys.stderr)
    with start_postgres(folder / "postgres") as postgres, start_rabbit(folder / "rabbit") as rabbit:
        where = servers(postgres.url, rabbit.url, options.port + 10)
        environment = wiring.environment(folder, where, url)
        os.environ.update(environment)
        stack = Stack(folder, environment, options.port)
        stack.migrate()
        stack.start()
        try:
            stack.wait_until_ready()
            seed.first_start(folder, url, options.lists)
            mailbox = f"http://localhost:{options.port + 1}/ shows all mail, moves the clock"
            print(seed.welcome(folder, url, mailbox), flush=True)
            stop.wait()
        finally:
            stack.stop()
    print("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
