"""Login: sign-ins a second through identity's web process, against the machine's bare bcrypt."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any

from common.web.access import access_token
from identity.passwords import Passwords
from tests.bench.ceiling import per_second
from tests.bench.estate import PASSWORD, Client, address_of, enter_people, running
from tests.bench.report import milliseconds

ROUNDS, SECONDS, WARM_UP_SECONDS = 9, 4.0, 2.0
CLIENTS, PEOPLE, READ_EVERY_SECONDS = 4, 60, 0.5
AIM, AIM_READ_P99_MS = 0.95, 100


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Alternate: bare checks in a process of their own, then sign-ins by more clients than cores.

    Meanwhile somebody reads the own account at a steady pace. That and the clients' own work are
    done by the same cores, and count against us.
    """
    with running(folder, postgres_url, rabbit_url, ("identity", "web")) as estate:
        identity = estate.runtimes["identity"]
        people = enter_people(identity, PEOPLE, identity.resource(Passwords).make(PASSWORD))
        token = access_token(identity.keys, people[0], datetime.now(UTC))
        reader = Client(estate.web_urls["identity"], token)
        clients = [Client(estate.web_urls["identity"]) for _ in range(CLIENTS)]
        addresses = cycle([address_of(person.account_id) for person in people])
        works = [partial(sign_in, client, addresses) for client in clients]
        per_second(works, WARM_UP_SECONDS)
        bare, sign_ins, reads = [], [], []
        for _ in range(ROUNDS):
            bare.append(_ceiling(identity.settings.bcrypt_cost))
            with _reading(reader, reads):
                sign_ins.append(per_second(works, SECONDS))
        for client in (reader, *clients):
            client.close()
    ratio, others = median(sign_ins) / median(bare), milliseconds(reads)
    ratios = [ours / theirs for ours, theirs in zip(sign_ins, bare, strict=True)]
    return {
        "what": f"login: sign-ins through identity by {CLIENTS} clients, against bare bcrypt",
        "sign_ins_per_second": [round(each, 2) for each in sign_ins],
        "bare_per_second": [round(each, 2) for each in bare],
        "ratio_of_medians": round(ratio, 3),
        "ratios": [round(each, 2) for each in ratios],
        "own_account_meanwhile": others,
        "measured": (
            f"{median(sign_ins):.1f}/s, ratio {ratio:.2f}; meanwhile GET /accounts/me "
            f"p50 {others['p50_ms']} ms, p99 {others['p99_ms']} ms"
        ),
        "aim": f"ratio at least {AIM}, reads' p99 below {AIM_READ_P99_MS} ms",
        "met": ratio >= AIM and others["p99_ms"] < AIM_READ_P99_MS,
    }


def _ceiling(cost: int) -> float:
    """Bare checks a second of passwords hashed at this cost."""
    command = [sys.executable, "-m", "tests.bench.ceiling", str(cost), str(SECONDS)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def sign_in(client: Client, addresses: Iterator[str]) -> dict[str, Any]:
    """Sign the next person in; return the tokens."""
    body = json.dumps({"email": next(addresses), "password": PASSWORD}).encode()
    status, answer = client.send("POST", "/sessions", body)
    assert status == 201, answer
    tokens: dict[str, Any] = json.loads(answer)
    return tokens


@contextmanager
def _reading(client: Client, seconds: list[float]) -> Iterator[None]:
    """Read the own account again and again while the block lasts; note how long each read takes."""
    stop = Event()

    def read() -> None:
        while not stop.wait(READ_EVERY_SECONDS):
            started = time.perf_counter()
            status, answer = client.send("GET", "/accounts/me")
            seconds.append(time.perf_counter() - started)
            assert status == 200, answer

    with ThreadPoolExecutor(1) as pool:
        reads = pool.submit(read)
        try:
            yield
        finally:
            stop.set()
        reads.result()
