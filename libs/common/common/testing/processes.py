"""PostgreSQL and RabbitMQ as private processes, from the programs that this machine has."""

from __future__ import annotations

import atexit
import contextlib
import functools
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from common.testing.server import (
    Server,
    ServerFailed,
    connect_port,
    connect_postgres,
    connect_rabbit,
    free_port,
    wait_until,
)

POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"
RABBIT_FOLDER = "/usr/lib/rabbitmq/bin"
EPMD_FOLDERS = "/usr/lib*/erlang/erts-*/bin"


@dataclass(frozen=True)
class Program:
    """A server as a process in the foreground, and how it is asked to end."""

    argv: list[str]
    ready: Callable[[], object]
    environment: dict[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM


class PrivateServer(Server):
    """Processes of our own, each under a guard that outlives us just long enough to end it."""

    def __init__(self, url: str, folder: Path, throwaway: bool, programs: list[Program]) -> None:
        super().__init__(url, folder / "data")
        self._folder = folder
        self._throwaway = throwaway
        self._programs = programs
        self._guards: list[subprocess.Popen[bytes]] = []
        atexit.register(self.close)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """End all processes in good order and wait until they are gone."""
        while self._guards:
            _order(self._guards.pop(), b"stop")

    def kill(self) -> None:
        """End the server by SIGKILL and wait until it is gone."""
        _order(self._guards.pop(), b"kill")

    def restart(self) -> None:
        """Stop what still runs, then start on the same ports and data."""
        self.stop()
        self._start()

    def close(self) -> None:
        """Stop, and remove a throwaway folder."""
        self.stop()
        if self._throwaway:
            shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.close)

    def _start(self) -> None:
        log = self._folder / "server.log"
        for program in self._programs:
            order = {
                "argv": program.argv,
                "stop_signal": program.stop_signal,
                "throwaway": str(self._folder) if self._throwaway else None,
            }
            guard = Path(__file__).with_name("guard.py")
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [sys.executable, "-IS", guard, json.dumps(order)],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    cwd=self._folder,
                    env=program.environment or None,
                    start_new_session=True,
                )
            self._guards.append(process)
            wait_until(program.ready, functools.partial(_runs, process), log.read_text)


def private_postgres(programs: Path, folder: Path | None) -> Server:
    """PostgreSQL from the folder with its programs; without a folder for data it is throwaway."""
    home = _home("postgres", folder)
    data, port = home / "data", free_port()
    if os.getuid() == 0:
        shutil.chown(home, "postgres", "postgres")
    if not (data / "PG_VERSION").exists():
        _make_cluster(programs, data)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",  # a path of more than 107 bytes would not start
        "max_connections": 300,
    }
    if folder is None:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    options = [f"--{name}={value}" for name, value in settings.items()]
    server = Program(
        [*_never_root(), str(programs / "postgres"), "-D", str(data), *options],
        lambda: connect_postgres(url),
        stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
    )
    return PrivateServer(url, home, folder is None, [server])


def private_rabbit(programs: tuple[Path, Path], folder: Path | None) -> Server:
    """RabbitMQ from rabbitmq-server and epmd; without a folder for data it is throwaway."""
    rabbit, epmd = programs
    home = _home("rabbit", folder)
    port, dist_port, epmd_port = free_port(), free_port(), free_port()
    (home / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\ndisk_free_limit.absolute = 50MB\n"
    )
    (home / "enabled_plugins").write_text("[].\n")
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")
    }
    environment = inherited | {
        "HOME": str(home),  # the cookie of this node lies there
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_CRASH_DUMP": str(home / "erl_crash.dump"),
        "RABBITMQ_NODENAME": "portal@localhost",  # unique, since its epmd knows no other
        "RABBITMQ_DIST_PORT": str(dist_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
    }
    url = f"amqp://guest:guest@127.0.0.1:{port}/%2F"
    # RabbitMQ would start an epmd that outlives it; one of our own is ended with it.
    names = Program([str(epmd)], lambda: connect_port(epmd_port), environment)
    server = Program([str(rabbit)], lambda: connect_rabbit(url), environment)
    return PrivateServer(url, home, folder is None, [names, server])


def postgres_programs() -> Path | None:
    """Folder with initdb and postgres: in PATH, else the newest where Debian puts them."""
    by_version = sorted(glob.glob(POSTGRES_FOLDERS), key=lambda path: float(path.split("/")[-2]))
    found = _search("initdb", os.environ["PATH"], *reversed(by_version))
    return found.parent if found and (found.parent / "postgres").exists() else None


def rabbit_programs() -> tuple[Path, Path] | None:
    """rabbitmq-server and epmd; first the real program, since Debian's wrapper wants to be root."""
    rabbit = _search("rabbitmq-server", RABBIT_FOLDER, os.environ["PATH"], "/usr/sbin")
    epmd = _search("epmd", os.environ["PATH"], *glob.glob(EPMD_FOLDERS))
    return (rabbit, epmd) if rabbit and epmd else None


def _search(program: str, *folders: str) -> Path | None:
    found = shutil.which(program, path=os.pathsep.join(folders))
    return Path(found) if found else None


def _home(product: str, folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix=f"portal-{product}-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _never_root() -> list[str]:
    """Start of a command for PostgreSQL, which refuses to run as root: root becomes `postgres`.

    It keeps the right to pass closed folders, so that the data may lie below one of root's.
    """
    if os.getuid() != 0:
        return []
    right = "+dac_override"
    names = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", *names, f"--inh-caps={right}", f"--ambient-caps={right}", "--"]


def _make_cluster(programs: Path, data: Path) -> None:
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    made = subprocess.run(
        [*_never_root(), str(programs / "initdb"), "--pgdata", str(data), *options],
        capture_output=True,
        text=True,
        cwd=data.parent,
    )
    if made.returncode:
        raise ServerFailed(f"PostgreSQL could not make {data}.\n{made.stderr}")


def _runs(guard: subprocess.Popen[bytes]) -> bool:
    return guard.poll() is None


def _order(guard: subprocess.Popen[bytes], word: bytes) -> None:
    """Give a guard its order, if it has not ended by itself, and wait until its server is gone."""
    assert guard.stdin is not None
    with contextlib.suppress(BrokenPipeError), guard.stdin:
        if _runs(guard):
            guard.stdin.write(word)
    guard.wait()
