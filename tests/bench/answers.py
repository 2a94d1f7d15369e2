"""Answers: whoever may not sign in waits as long, whatever the reason (S30, ASVS 6.3.8)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from common.service import Runtime
from identity.models import Account
from identity.passwords import Passwords
from identity.rules.states import Screening, State
from tests.bench.estate import PASSWORD, Client, address_of, enter_people, running
from tests.bench.report import milliseconds

TRIES, WARM_UP = 400, 10
KINDS = ("unknown", "wrong", "blocked", "deactivated", "unverified")
AIM_SHARE = 0.05
Try = tuple[str, str, str]
"""What kind of try it is, and the address and password that are sent."""


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Try once with each of many addresses, in random order, each from a network of its own.

    The difference is that of the slowest kind's median to the quickest kind's.
    """
    with running(folder, postgres_url, rabbit_url, ("identity", "web")) as estate:
        identity = estate.runtimes["identity"]
        tries = _tries(identity, TRIES + WARM_UP)
        client, seconds = Client(estate.web_urls["identity"]), {kind: [] for kind in KINDS}
        for number, one in enumerate(tries):
            took = _refused(client, one, number)
            if number >= WARM_UP:
                seconds[one[0]].append(took)
        client.close()
    medians = {kind: median(each) for kind, each in seconds.items()}
    share = max(medians.values()) / min(medians.values()) - 1
    return {
        "what": f"answers: {TRIES} refused sign-ins of {len(KINDS)} kinds",
        "by_kind": {kind: milliseconds(each) for kind, each in seconds.items()},
        "measured": (
            f"medians {min(medians.values()) * 1000:.1f} to {max(medians.values()) * 1000:.1f} ms, "
            f"{share:.1%} apart"
        ),
        "aim": f"below {AIM_SHARE:.0%} apart",
        "met": share < AIM_SHARE,
    }


def _tries(identity: Runtime, count: int) -> Sequence[Try]:
    """As many tries of each kind, shuffled."""
    people = enter_people(identity, count, identity.resource(Passwords).make(PASSWORD))
    tries, at = [], datetime.now(UTC)
    states: dict[str, list[UUID]] = {kind: [] for kind in KINDS}
    for number, person in enumerate(people):
        kind = KINDS[number % len(KINDS)]
        states[kind].append(person.account_id)
        address = address_of(person.account_id)
        tries.append((
            kind,
            f"nobody.{address}" if kind == "unknown" else address,
            "this is not the password" if kind == "wrong" else PASSWORD,
        ))  # fmt: skip
    changes: dict[str, dict[str, Any]] = {
        "blocked": {"state": State.BLOCKED, "screening": Screening.BLOCKED},
        "deactivated": {"state": State.DEACTIVATED, "deactivated_at": at},
        "unverified": {"state": State.REGISTERED, "screening": Screening.PENDING},
    }
    with identity.transaction() as session:
        for kind, values in changes.items():
            session.execute(sa.update(Account).where(Account.id.in_(states[kind])).values(values))
    random.Random(1).shuffle(tries)
    return tries


def _refused(client: Client, one: Try, number: int) -> float:
    """Seconds until a try is refused."""
    _, address, password = one
    body = json.dumps({"email": address, "password": password}).encode()
    network = f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"
    started = time.perf_counter()
    status, answer = client.send("POST", "/sessions", body, **{"X-Forwarded-For": network})
    took = time.perf_counter() - started
    assert status == 401, answer
    return took
