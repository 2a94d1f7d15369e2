"""The portal as users and operators reach it: HTTP, the mailbox, commands, the clock."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx

from common.clock import Clock, ShiftedClock, duration
from common.ids import uuid7
from deploy.local.development import mails

T = TypeVar("T")
WAIT_SECONDS, NIGHTS = 60.0, 3
SUCCESS = 2
"""First digit of a status that is expected."""


class Unexpected(Exception):
    """An answer or a state is not what the story says."""


class Operate(Protocol):
    """Runs an operator command of a service and returns what it prints."""

    def __call__(self, service: str, *arguments: str, stdin: str = "") -> str:
        """Run it; raises when it fails."""


@dataclass
class Portal:
    """One estate, wherever it runs.

    settle: lets an estate that only works when told to come to rest; None where it works alone.
    """

    client: httpx.Client
    folder: Path
    mails: Callable[[], list[dict[str, str]]]
    operate: Operate
    clock: Clock
    advance_by: Callable[[str], None]
    settle: Callable[[], None] | None = None

    def anybody(self) -> Person:
        """Somebody who is not signed in."""
        return Person(self, "", "", None)

    def sign_in(self, email: str, password: str) -> Person:
        """Sign in; raises Unexpected when that is refused."""
        person = Person(self, email, password, None)
        person.sign_in()
        return person

    def until(self, fact: Callable[[], T | None], seconds: float = WAIT_SECONDS) -> T:
        """Wait until a fact is there and return it; raises Unexpected when it does not come."""
        deadline = time.monotonic() + seconds
        while True:
            if self.settle is not None:
                self.settle()
            found = fact()
            if found:
                return found
            if self.settle is not None or time.monotonic() > deadline:
                raise Unexpected(f"{getattr(fact, '__doc__', None) or fact} did not come true")
            time.sleep(0.05)

    def by_some_night(self, fact: Callable[[], T | None]) -> T:
        """Wait for what a daily sweep does: a row that is in use meanwhile is left to the next."""
        for _ in range(NIGHTS):
            with contextlib.suppress(Unexpected):
                return self.until(fact, WAIT_SECONDS / NIGHTS)
            self.advance_by("P1D")
        return self.until(fact)

    def link_in_mail(self, address: str, path: str, sent_before: int = 0) -> str:
        """Token of the newest mailed link of this kind, once it has come."""

        def found() -> str | None:
            texts = [each["text"] for each in self.mails() if each["to"] == address]
            tokens = re.findall(rf"/{path}\?token=(\S+)", "\n".join(texts))
            return tokens[-1] if len(tokens) > sent_before else None

        return self.until(found)


@dataclass
class Person:
    """Somebody with a browser: knows the password, holds a token, sends what people send."""

    portal: Portal
    email: str
    password: str
    token: str | None
    language: str = "en"

    def sign_in(self) -> None:
        """Get a new access token."""
        body = {"email": self.email, "password": self.password}
        answer = self.portal.anybody().post("identity", "sessions", body)
        self.token = answer.json()["access_token"]

    def get(self, service: str, path: str, expect: int = SUCCESS) -> Any:
        """Body of a GET."""
        return self.send("GET", service, path, expect=expect).json()

    def post(
        self, service: str, path: str, body: Any = None, expect: int = SUCCESS, **kwargs: Any
    ) -> httpx.Response:
        """POST with an Idempotency-Key of its own."""
        return self.send("POST", service, path, expect, json=body, **kwargs)

    def change(self, service: str, path: str, suffix: str, body: Any, expect: int = SUCCESS) -> Any:
        """Look at something, then change what was seen."""
        seen = self.send("GET", service, path)
        answer = self.send(
            "POST", service, f"{path}/{suffix}", expect, json=body,
            headers={"If-Match": seen.headers["ETag"]},
        )  # fmt: skip
        return answer.json() if answer.content else None

    def send(
        self, method: str, service: str, path: str, expect: int | None = SUCCESS, **kwargs: Any
    ) -> httpx.Response:
        """Send a request; raises Unexpected for another status than the expected one.

        expect: a status, the first digit of one, or None for whatever comes.
        """
        headers = {
            "Idempotency-Key": str(uuid7()),
            "Accept-Language": self.language,
            **kwargs.pop("headers", {}),
        }
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self.portal.client.request(
            method, f"/api/{service}/{path}", headers=headers, **kwargs
        )
        if expect not in (None, answer.status_code, answer.status_code // 100):
            raise Unexpected(
                f"{method} {service}/{path}: {answer.status_code} instead of {expect}: "
                f"{answer.text[:300]}"
            )
        return answer


def over_http(url: str, folder: Path, operate: Operate) -> Portal:
    """Portal of an estate that runs in other processes and keeps its data in a folder."""
    clock = ShiftedClock(folder / "clock.json")

    def advance(by: str) -> None:
        now = clock.now()
        clock.advance(now + duration(by) - now)

    client = httpx.Client(base_url=url, timeout=30)
    return Portal(client, folder, partial(mails, folder), operate, clock, advance)
