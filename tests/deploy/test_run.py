"""`make run`: the first start, the second one, Ctrl-C, a taken port; and processes that wait."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from common.testing.server import free_ports
from common.testing.servers import start_postgres, start_rabbit
from deploy.local import seed, stack, wiring
from deploy.local.portal import over_http
from tests.estate.conftest import environment

__all__ = ["environment"]


class Embedded:
    """`make run` as a newcomer starts it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> list[str]:
        """Start and return the lines it prints until it says how to stop it."""
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "deploy.local.embedded", "--port", str(self.port),
                "--data-dir", str(self.folder),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                return lines
        raise AssertionError(self.process.communicate()[1])

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; return exit code and what was said on stderr."""
        self.process.send_signal(signal.SIGINT)
        _, talk = self.process.communicate(timeout=60)
        return self.process.returncode, talk


@pytest.fixture
def embedded(tmp_path: Path, environment: Callable[[dict[str, str]], None]) -> Iterator[Embedded]:
    environment({})
    estate = Embedded(tmp_path, free_ports(1))
    yield estate
    if estate.process.poll() is None:
        estate.process.kill()
        estate.process.wait()


def test_the_first_start_says_what_to_open_and_the_second_finds_its_data(
    embedded: Embedded,
) -> None:
    said = "".join(embedded.start())
    assert f"http://localhost:{embedded.port}" in said
    assert seed.address("admin") in said
    assert seed.PASSWORD in said
    for service in wiring.WEB_PORTS:
        assert httpx.get(f"{embedded.url}/api/{service}/docs/").is_success, service
        assert "paths" in httpx.get(f"{embedded.url}/api/{service}/openapi.json").json()
    assert "Mailbox" in httpx.get(f"{embedded.url}/development/").text
    before = customers(embedded)
    assert embedded.interrupt() == (0, seed.FIRST_START + "\n")
    embedded.start()
    assert customers(embedded) == before
    assert embedded.interrupt() == (0, "")


def customers(embedded: Embedded) -> list[str]:
    portal = over_http(embedded.url, embedded.folder, seed.operate)
    admin = portal.sign_in(seed.address("admin"), seed.PASSWORD)
    return sorted(each["name"] for each in admin.get("identity", "organisations"))


def test_what_services_say_to_each_other_is_not_to_be_had_from_outside(
    embedded: Embedded,
) -> None:
    embedded.start()
    answer = httpx.post(f"{embedded.url}/api/identity/internal/names", json={"account_ids": []})
    assert answer.status_code == 404


def test_a_taken_port_is_one_clear_sentence(embedded: Embedded) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", embedded.port))
        taken.listen()
        with pytest.raises(AssertionError) as refused:
            embedded.start()
    said = str(refused.value).strip()
    assert said == f"Port {embedded.port} is taken; choose another one: make run PORT=8081"
    assert embedded.process.wait() == 1


@pytest.mark.rabbit
@pytest.mark.postgres
def test_a_worker_started_before_its_servers_waits_says_so_and_carries_on(
    tmp_path: Path, environment: Callable[[dict[str, str]], None]
) -> None:
    with start_postgres(tmp_path / "pg") as postgres, start_rabbit(tmp_path / "mq") as rabbit:
        port = free_ports(2)
        where = stack.servers(postgres.url, rabbit.url, port)
        told = wiring.environment(tmp_path, where, "http://portal.test")
        estate = {**os.environ, **told, "SHOP_METRICS_PORT": str(port + 1)}
        subprocess.run([sys.executable, "-m", "shop", "migrate"], env=estate, check=True)
        postgres.stop()
        rabbit.stop()
        worker = subprocess.Popen(
            [sys.executable, "-m", "shop", "worker"], env=estate, stderr=subprocess.PIPE, text=True
        )
        said = Said(worker)
        try:
            said.wait_for("waiting for the database", "SHOP_DATABASE_URL")
            assert ready(port + 1) == 503
            postgres.restart()
            said.wait_for("waiting for the broker", "PORTAL_BROKER_URL")
            rabbit.restart()
            deadline = time.monotonic() + 60
            while ready(port + 1) != 200:
                assert time.monotonic() < deadline, said.lines[-5:]
                time.sleep(0.2)
        finally:
            worker.terminate()
            assert worker.wait(timeout=30) == 0


class Said:
    """Log lines of a process, read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.lines.append(line)

    def wait_for(self, message: str, setting: str) -> None:
        """Wait for a line that says this and names the setting that mends it."""
        deadline = time.monotonic() + 60
        while not any(message in line and setting in line for line in self.lines):
            assert time.monotonic() < deadline, self.lines[-5:]
            time.sleep(0.1)


def ready(port: int) -> int:
    """Status of /readyz on a worker's metrics port, 0 while nobody listens."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code
    except httpx.HTTPError:
        return 0
