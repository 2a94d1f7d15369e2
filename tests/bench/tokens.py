"""Tokens: how long one verification of an access token takes, as each request needs one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Flask

from common.events.catalogue import SERVICES
from common.keys import Keys, generate
from common.web.access import Principal, Role, access_token, person_behind
from tests.bench.report import milliseconds

WARM_UP, COUNT = 200, 5_000
AIM_MS = 0.5


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Verify one person's token again and again, by the shop's keys, in a request of Flask's own.

    Each verification looks whether jwks.json was replaced, checks the signature and reads the
    claims; nothing is kept from one to the next.
    """
    generate(folder / "keys", SERVICES)
    shop, at = Keys(folder / "keys", "shop"), datetime.now(UTC)
    person = Principal(uuid4(), uuid4(), frozenset({Role.MEMBER}), "DE", 1, str(uuid4()))
    token = access_token(Keys(folder / "keys", "identity"), person, at)
    taken = []
    with Flask("bench").test_request_context(headers={"Authorization": f"Bearer {token}"}):
        for _ in range(WARM_UP + COUNT):
            started = time.perf_counter()
            found = person_behind(shop, at)
            taken.append(time.perf_counter() - started)
            assert found == person
    took = milliseconds(taken[WARM_UP:])
    return {
        "what": "tokens: one verification of an access token in a service",
        "took": took,
        "measured": f"p50 {took['p50_ms']} ms, p99 {took['p99_ms']} ms",
        "aim": f"median under {AIM_MS} ms",
        "met": took["p50_ms"] < AIM_MS,
    }
