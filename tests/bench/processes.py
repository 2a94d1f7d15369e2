"""Processes: how soon each is ready, and its memory after 10,000 requests or events."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.testing.server import free_port
from common.web.access import access_token
from common.web.standing import AccountStanding
from deploy.local import wiring
from tests.bench.estate import Client, Estate, enter_people, prepared, until

TIMES, CLIENTS = 10_000, 4
AIM_MEGABYTES, AIM_SECONDS = 120, 3.0
PATHS = {
    "identity": "/accounts/me",
    "screening": "/objections",
    "uploads": "/documents",
    "service-cases": "/cases",
    "shop": "/orders",
    "training": "/sessions",
}
"""A request of a person with a token, of each service, that reads the database."""
ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""As the images set it."""


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Start every process by itself; then let each work, one service after the other."""
    running: dict[str, _Process] = {}
    with prepared(folder, postgres_url, rabbit_url, OWNERS_OF_PERSONAL_DATA) as estate:
        try:
            _Process(estate, "identity", "worker").end()  # makes the queues, once in their life
            for service in OWNERS_OF_PERSONAL_DATA:
                for kind in ("web", "worker"):
                    running[f"{service} {kind}"] = _Process(estate, service, kind)
            _send_events(estate)
            _send_requests(estate)
            found = {
                name: {"ready_seconds": round(each.ready, 2), "megabytes": each.megabytes()}
                for name, each in running.items()
            }
        finally:
            for each in running.values():
                each.end()
    most = max(found, key=lambda name: found[name]["megabytes"])
    slowest = max(found, key=lambda name: found[name]["ready_seconds"])
    heaviest, latest = found[most]["megabytes"], found[slowest]["ready_seconds"]
    return {
        "what": f"processes: memory (RSS) after {TIMES:,} requests or events, and start",
        "processes": found,
        "measured": f"at most {heaviest} MB ({most}), ready in {latest} s ({slowest})",
        "aim": f"at most {AIM_MEGABYTES} MB and {AIM_SECONDS} s",
        "met": heaviest <= AIM_MEGABYTES and latest <= AIM_SECONDS,
    }


class _Process:
    """One process of a service, started and ready."""

    def __init__(self, estate: Estate, service: str, kind: str) -> None:
        metrics, own = free_port(), wiring.prefix(service)
        port = urlsplit(estate.web_urls[service]).port
        told = {f"{own}_METRICS_PORT": str(metrics), f"{own}_PORT": str(port), **ARENAS}
        begun = time.monotonic()
        self._popen = subprocess.Popen(
            [sys.executable, "-m", service.replace("-", "_"), kind],
            env={**estate.environment, **told},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port if kind == 'web' else metrics}"
        until(partial(_is_ready, url), f"{service} {kind}", every=0.02)
        self.ready = time.monotonic() - begun

    def megabytes(self) -> int:
        """Resident memory of the process that works: the web server's is a child."""
        ids = [self._popen.pid, *_children(self._popen.pid)]
        return max(_resident(each) for each in ids) // 1024

    def end(self) -> None:
        """End it in good order."""
        self._popen.terminate()
        self._popen.wait()


def _send_events(estate: Estate) -> None:
    """Activate accounts; every other service's worker hears of each."""
    enter_people(estate.runtimes["identity"], TIMES)
    for name in OWNERS_OF_PERSONAL_DATA:
        runtime = estate.runtimes[name]
        until(partial(_knows_all, runtime), f"{name} has heard of all", seconds=120)


def _knows_all(runtime: Any) -> bool:
    with runtime.reading() as session:
        known: int = session.query(AccountStanding).count()
    return known >= TIMES


def _send_requests(estate: Estate) -> None:
    [person] = enter_people(estate.runtimes["identity"], 1)
    token = access_token(estate.runtimes["identity"].keys, person, datetime.now(UTC))
    for name, path in PATHS.items():
        until(partial(_answers, estate.web_urls[name], path, token), f"{name} knows the person")
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda _: _read(estate.web_urls[name], path, token), range(CLIENTS)))  # noqa: B023


def _read(url: str, path: str, token: str) -> None:
    client = Client(url, token)
    for _ in range(TIMES // CLIENTS):
        status, _ = client.send("GET", path)
        if status != 200:
            raise AssertionError(f"{url}{path}: {status}")
    client.close()


def _answers(url: str, path: str, token: str) -> bool:
    return Client(url, token).send("GET", path)[0] == 200


def _is_ready(url: str) -> bool:
    try:
        return Client(url).send("GET", "/readyz")[0] == 200
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in found.split()]


def _resident(pid: int) -> int:
    """Kilobytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024
