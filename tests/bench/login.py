"""Login: sign-ins a second through identity's web process, against the machine's bare bcrypt."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any

from common.web.access import Principal, access_token
from identity.passwords import Passwords
from tests.bench.ceiling import THREADS
from tests.bench.estate import PASSWORD, Client, Estate, address_of, enter_people, running
from tests.bench.report import milliseconds

ROUNDS, LOGINS, PEOPLE = 5, 30, 20
READ_SECONDS = 0.1
AIM = 0.9


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Alternate: bare checks of a process of their own, then sign-ins by as many clients.

    Meanwhile somebody reads the own account at a steady pace; that reader's work and the clients'
    are on the same cores, and count against us.
    """
    with running(folder, postgres_url, rabbit_url, ("identity", "web")) as estate:
        identity = estate.runtimes["identity"]
        people = enter_people(identity, PEOPLE, identity.resource(Passwords).make(PASSWORD))
        _sign_in(estate, people, 2 * THREADS)
        bare, sign_ins, reads = [], [], []
        for _ in range(ROUNDS):
            bare.append(_ceiling(LOGINS))
            with ThreadPoolExecutor(1) as pool:
                stop = Event()
                reading = pool.submit(_read, estate, people[0], stop)
                try:
                    sign_ins.append(_sign_in(estate, people, LOGINS))
                finally:
                    stop.set()
                reads += reading.result()
    ratio, others = median(sign_ins) / median(bare), milliseconds(reads)
    return {
        "what": f"login: sign-ins through identity by {THREADS} clients, against bare bcrypt",
        "sign_ins_per_second": [round(each, 2) for each in sign_ins],
        "bare_per_second": [round(each, 2) for each in bare],
        "ratio_of_medians": round(ratio, 3),
        "own_account_meanwhile": others,
        "measured": (
            f"{median(sign_ins):.1f}/s, ratio {ratio:.2f}; meanwhile GET /accounts/me "
            f"p50 {others['p50_ms']} ms, p99 {others['p99_ms']} ms"
        ),
        "aim": f"ratio at least {AIM}",
        "met": ratio >= AIM,
    }


def _ceiling(count: int) -> float:
    """Bare checks a second."""
    command = [sys.executable, "-m", "tests.bench.ceiling", str(count)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def _sign_in(estate: Estate, people: list[Principal], count: int) -> float:
    """Sign-ins a second; each client begins the next when the last is answered."""
    waiting = iter(
        [address_of(person.account_id) for person, _ in zip(cycle(people), range(count))]
    )

    def client() -> None:
        connection = Client(estate.web_urls["identity"])
        for address in waiting:
            body = json.dumps({"email": address, "password": PASSWORD}).encode()
            status, answer = connection.send("POST", "/sessions", body)
            assert status == 201, answer
        connection.close()

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(client) for _ in range(THREADS)]:
            each.result()
    return count / (time.perf_counter() - started)


def _read(estate: Estate, person: Principal, stop: Event) -> list[float]:
    """Seconds of each read of the own account, until stop is set."""
    token = access_token(estate.runtimes["identity"].keys, person, datetime.now(UTC))
    client, seconds = Client(estate.web_urls["identity"], token), []
    while not stop.wait(READ_SECONDS):
        started = time.perf_counter()
        status, answer = client.send("GET", "/accounts/me")
        seconds.append(time.perf_counter() - started)
        assert status == 200, answer
    client.close()
    return seconds
