"""An upgrade under load: every process is replaced, and nobody notices more than a moment's 503.

Each service has one web process here, so its successor starts only when it has gone: worse than a
rolling update, which lets nobody go before.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.ids import uuid7
from common.service import Runtime, load_services
from common.web.access import Principal, access_token
from common.web.standing import AccountStanding
from deploy.local.story import NOTICE, READS
from service_cases.models import Case, Machine
from tests.bench.estate import enter_people
from tests.bench.load import ACCOUNTS, Load
from tests.estate.conftest import Running

FULL = os.environ.get("PORTAL_TEST_LOAD") == "full"
"""The full load keeps two cores so busy that replacing every process takes three minutes."""
REQUESTS_A_SECOND, EVENTS_A_SECOND = (100, 200) if FULL else (30, 60)
REPLACED = OWNERS_OF_PERSONAL_DATA if FULL else ("identity", "service-cases")
CLIENTS, PEOPLE = 10, 20
MUST_ANSWER_SECONDS = 60.0
PATHS = {**READS, "screening": "objections"}
FOLLOWERS = [name for name in OWNERS_OF_PERSONAL_DATA if name != "identity"]
PROCESSES = [
    ("gateway", "web"),
    *((name, kind) for name in REPLACED for kind in ("worker", "web")),
]


@pytest.mark.rabbit
@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_every_process_is_replaced_under_load_and_nothing_is_lost_or_doubled(
    running: Running,
) -> None:
    with runtimes() as services:
        people = enter_people(services["identity"], PEOPLE)
        machine = given_machine(services["service-cases"], people[0].organisation_id)
        url = str(running.portal.client.base_url)
        traffic = Traffic(url, services["identity"], people, machine)
        running.portal.until(lambda: all(known(each, people) for each in services.values()))
        with Load(os.environ, 240, EVENTS_A_SECOND) as events, traffic:
            codes = [running.processes.restart(service, kind) for service, kind in PROCESSES]
        assert codes == [0] * len(codes), "a process did not end in good order"
        assert events.found["events"] > 300
        assert len(traffic.statuses) > 150
        assert traffic.unexpected() == Counter()
        assert traffic.reported
        running.portal.until(lambda: missed(services, events.found["events"]) == {})
        check(services, traffic.reported)
        the_checks_see_what_is_lost_or_doubled(services, traffic, events.found["events"])


@dataclass
class Traffic:
    """Requests at a steady rate: reads of every service, and one report of a case in ten.

    A report is sent until it is answered, with the same key: what a client of the portal does.
    """

    url: str
    identity: Runtime
    people: list[Principal]
    machine: UUID
    statuses: list[tuple[int, bool]] = field(default_factory=list)
    """Of every answer, and whether it said when to come again."""
    reported: list[str] = field(default_factory=list)
    """Titles of the reports that were taken."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _failed: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Traffic:
        self._threads += [
            threading.Thread(target=self._client, args=(number,)) for number in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert self._failed == []

    def unexpected(self) -> Counter[tuple[int, bool]]:
        """Answers that are neither a success nor a 503 (or a conflict) that says when to come."""
        return Counter(
            (status, told)
            for status, told in self.statuses
            if status not in (200, 201) and not (status in (409, 503) and told)
        )

    def _client(self, number: int) -> None:
        try:
            with httpx.Client(base_url=self.url, timeout=30) as client:
                started = time.monotonic()
                for turn in range(100_000):
                    due = started + turn * CLIENTS / REQUESTS_A_SECOND
                    if self._stop.wait(max(0.0, due - time.monotonic())):
                        return
                    self._send(client, number, turn)
        except BaseException as error:
            self._failed.append(error)

    def _send(self, client: httpx.Client, number: int, turn: int) -> None:
        person = self.people[(number + turn) % len(self.people)]
        token = access_token(self.identity.keys, person, datetime.now(UTC))
        headers = {"Authorization": f"Bearer {token}"}
        if turn % CLIENTS == number:
            self._report(client, headers, f"Beam is off centre {number} {turn}")
            return
        service = OWNERS_OF_PERSONAL_DATA[turn % len(OWNERS_OF_PERSONAL_DATA)]
        # While the gateway itself is replaced, its balancer would ask another one.
        with contextlib.suppress(httpx.TransportError):
            self._note(client.get(f"/api/{service}/{PATHS[service]}", headers=headers))

    def _report(self, client: httpx.Client, headers: dict[str, str], title: str) -> None:
        body = {
            "machine_id": str(self.machine), "title": title, "description": "There is a burr.",
            "contact_name": "Roswitha Zwetschgenbaum", "contact_email": "r@customer.example",
            "notice_version": NOTICE,
        }  # fmt: skip
        headers = {**headers, "Idempotency-Key": str(uuid7())}
        give_up = time.monotonic() + MUST_ANSWER_SECONDS
        while time.monotonic() < give_up:
            try:
                answer = client.post("/api/service-cases/cases", json=body, headers=headers)
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            self._note(answer)
            if answer.is_success:
                self.reported.append(title)
                return
            time.sleep(0.2)
        raise AssertionError(f"never taken: {title}")

    def _note(self, answer: httpx.Response) -> None:
        self.statuses.append((answer.status_code, "Retry-After" in answer.headers))


@contextmanager
def runtimes() -> Iterator[dict[str, Runtime]]:
    """The services in this process, to enter and to look at what the estate holds."""
    made = {
        name: service.runtime() for name, service in load_services(OWNERS_OF_PERSONAL_DATA).items()
    }
    yield made
    for each in made.values():
        each.close()


def given_machine(service_cases: Runtime, organisation_id: UUID) -> UUID:
    """A machine of the people's customer, for cases to be about."""
    machine = Machine(organisation_id=organisation_id, serial_number="A1-0001", product="Laser 3")
    with service_cases.transaction() as session:
        session.add(machine)
    return machine.id


def known(service: Runtime, people: list[Principal]) -> bool:
    """Whether a service has heard of all these people."""
    ids = [each.account_id for each in people]
    with service.reading() as session:
        heard = sa.select(sa.func.count()).where(AccountStanding.account_id.in_(ids))
        return session.scalar(heard) == len(people)


def missed(services: dict[str, Runtime], events: int) -> dict[str, int]:
    """By service, accounts whose last event it has not heard."""
    last = Counter(number % ACCOUNTS for number in range(events))
    wanted = Counter(last.values())
    found = {}
    for name in FOLLOWERS:
        with services[name].reading() as session:
            counted = sa.select(AccountStanding.sequence, sa.func.count())
            per_sequence = dict(session.execute(counted.group_by(AccountStanding.sequence)).all())
        behind = sum(wanted.values()) - sum(per_sequence.get(each, 0) for each in wanted)
        if any(per_sequence.get(each, 0) < count for each, count in wanted.items()):
            found[name] = max(behind, 1)
    return found


def check(services: dict[str, Runtime], reported: list[str]) -> None:
    """Every report that was taken is one case, and there is no other."""
    with services["service-cases"].reading() as session:
        titles: list[Any] = list(session.scalars(sa.select(Case.title)))
    assert Counter(titles) == Counter(reported), "a report was lost or doubled"


def the_checks_see_what_is_lost_or_doubled(
    services: dict[str, Runtime], traffic: Traffic, events: int
) -> None:
    """Negative control: a report that was forgotten, an event that one service missed, a 500."""
    with pytest.raises(AssertionError, match="lost or doubled"):
        check(services, [*traffic.reported, traffic.reported[0]])
    with services["shop"].transaction() as session:
        session.execute(sa.update(AccountStanding).values(sequence=AccountStanding.sequence - 1))
    assert set(missed(services, events)) == {"shop"}
    traffic.statuses += [(500, False), (503, False)]
    assert traffic.unexpected() == Counter([(500, False), (503, False)])
