"""Two worker processes of screening share one database and one broker, and one of them is killed.

Identity is real, too, with a web process and a worker of its own. What a worker has in hand is made
to stay there by holding the lists still, as an import does: no comparison is written meanwhile.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pika
import pytest
import sqlalchemy as sa

from common import migrations
from common.clock import now
from common.events.catalogue import ScreeningCompleted, Verdict
from common.events.envelope import decode
from common.messaging import publish, topology
from common.service import Runtime, load_services
from common.testing.server import free_port, free_ports
from common.testing.servers import Server
from deploy.local import seed, stack, wiring
from deploy.local.portal import Portal, over_http
from identity import accounts
from identity.models import Account
from identity.rules.states import State
from screening import coverage, versions
from screening.models import EntryChange, Screening, ScreeningRun
from services.screening.tests.factories import list_of
from tests.estate.conftest import LADDER, operate_here
from tests.estate.test_nothing_lost import parked

pytestmark = [pytest.mark.rabbit, pytest.mark.postgres]

ACCOUNTS = 400
LISTED, CHANGED = 600, 500
"""Entries of the list, and how many of them name somebody else in its second version."""
HIT, CLEAR = Verdict.HIT, Verdict.CLEAR
STANDS_AT = {HIT: State.BLOCKED, CLEAR: State.AWAITING_APPROVAL}
"""Where identity has an account that is not approved yet."""

FullName = tuple[str, str]
Verdicts = dict[UUID, list[Verdict]]


class Worker:
    """A worker process of screening that nobody starts again when it ends."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._url = f"http://127.0.0.1:{free_port()}"
        port = self._url.rpartition(":")[2]
        with log.open("ab") as lines:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "screening", "worker"],
                env={**os.environ, **environment, "SCREENING_METRICS_PORT": port},
                cwd=stack.ROOT,
                stdout=lines,
                stderr=lines,
                stdin=subprocess.DEVNULL,
            )

    def wait_until_ready(self) -> None:
        """Wait until it relays and consumes."""
        seed.wait_for(f"{self._url}/readyz")

    def has_done(self, step: str) -> int:
        """Of how many names or entries this process says that it dealt with them."""
        counted = rf'portal_jobs_total{{job="{step}",outcome="ok",service="screening"}} (\S+)'
        found = re.search(counted, httpx.get(f"{self._url}/metrics").text)
        return int(float(found[1])) if found else 0

    def signal(self, number: signal.Signals) -> None:
        """Have it stopped where it is, or let it go on; nothing where it has ended."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=20)

    def stop(self) -> None:
        """Ask it to end, unless it has, and wait."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


class Witness:
    """A queue beside the estate's own that gets whatever is said about verdicts."""

    QUEUE = "test.witness"

    def __init__(self, url: str) -> None:
        self._url = url
        self._heard: dict[UUID, tuple[UUID, int, Verdict]] = {}
        with self._channel() as channel:
            channel.queue_delete(self.QUEUE)
            channel.queue_declare(self.QUEUE, durable=True)
            key = "screening.ScreeningCompleted.v1"
            channel.queue_bind(self.QUEUE, topology.EXCHANGE, key)

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        with pika.BlockingConnection(pika.URLParameters(self._url)) as connection:
            yield connection.channel()

    def close(self) -> None:
        """Take the queue off the broker."""
        with self._channel() as channel:
            channel.queue_delete(self.QUEUE)

    def verdicts(self) -> Verdicts:
        """What was said of each account so far, in order.

        The same message again, as a relay sends it that was killed before it noted that it had, is
        no news: its id tells.
        """
        with self._channel() as channel:
            while (answer := channel.basic_get(self.QUEUE, auto_ack=True))[0]:
                envelope, event = decode(answer[2])
                self._heard[envelope.id] = event.account_id, envelope.order, event.verdict
        found: Verdicts = {}
        for account_id, _, verdict in sorted(self._heard.values()):
            found.setdefault(account_id, []).append(verdict)
        return found


@dataclass(frozen=True)
class Work:
    """What is left to do: what nobody has taken yet, and the size of each batch that is in hand.

    A worker takes no other batch before it is done with one: so many batches, so many workers.
    """

    untaken: int
    batches: list[int]


NOTHING = Work(0, [])


@dataclass
class Scene:
    """Identity as processes, workers of screening, and both databases from within this process."""

    portal: Portal
    identity: Runtime
    screening: Runtime
    witness: Witness
    workers: list[Worker]
    start_worker: Callable[[], Worker]
    listed: list[set[FullName]] = field(default_factory=list)
    people: dict[UUID, FullName] = field(default_factory=dict)

    def import_list(self, day: str, names: Sequence[FullName]) -> None:
        """Bring a version of the UN list into force that names these people."""
        self.listed.append({*names})
        file = list_of(self.portal.folder / f"{day}.xml", day, *map(" ".join, names))
        operate_here(self.screening, "lists", "import", str(file))

    def register(self, names: Sequence[FullName]) -> None:
        """Have people of these names confirm their addresses, all in one moment."""
        with self.identity.transaction() as session:
            for number, (given, family) in enumerate(names):
                email = f"person{number}@customer.example"
                account = Account(
                    given_name=given,
                    family_name=family,
                    email=email,
                    email_key=email,
                    state=State.REGISTERED,
                    registered_at=now(session),
                )
                session.add(account)
                session.flush()
                accounts.confirm(session, account)
                self.people[account.id] = given, family

    @contextmanager
    def two_have_their_hands_full(
        self, work: Callable[[], Work], cause: Callable[[], None]
    ) -> Iterator[None]:
        """From when two workers have work in hand of what is caused, let nobody write the outcome.

        While it is caused no worker runs: none is done before the others begin.
        """
        for each in self.workers:
            each.signal(signal.SIGSTOP)
        cause()
        with self.screening.transaction() as session:
            versions.lock_lists(session)
            for each in self.workers:
                each.signal(signal.SIGCONT)
            self.portal.until(lambda: len(work().batches) == 2)
            yield

    def names(self) -> Work:
        """Names that are to be compared."""
        return self._work(Screening, Screening.next_try_at.is_not(None))

    def entries(self) -> Work:
        """Changed entries that everybody is to be compared with."""
        return self._work(EntryChange)

    def _work(self, table: Any, *waiting: sa.ColumnElement[bool]) -> Work:
        taken = (table.attempts > 0).label("taken")
        rows = sa.select(taken, sa.func.count()).where(*waiting).group_by(taken, table.next_try_at)
        with self.screening.reading() as session:
            found = session.execute(rows).all()
        return Work(
            sum(count for is_taken, count in found if not is_taken),
            [count for is_taken, count in found if is_taken],
        )

    def only_batch(self, work: Callable[[], Work]) -> int | None:
        """Size of the one batch that is in hand when there is no other work, None before."""
        with self.screening.reading() as session:
            known = session.scalar(sa.select(sa.func.count()).select_from(Screening))
        left = work()
        alone = known == len(self.people) and not left.untaken and len(left.batches) == 1
        return left.batches[0] if alone else None

    def is_compared(self) -> bool:
        """Whether everybody is compared with every change of the list in force."""
        with self.screening.reading() as session:
            return coverage.is_complete(session)

    def check_told_once(self) -> None:
        """Every verdict was said once and its comparison noted once; identity has heard the last.

        Waits for identity.
        """
        expected = {each: _verdicts(name, self.listed) for each, name in self.people.items()}
        stands_at = {each: STANDS_AT[verdicts[-1]] for each, verdicts in expected.items()}
        self.portal.until(lambda: self.states() == stands_at)
        assert self.witness.verdicts() == expected
        with self.screening.reading() as session:
            runs = Counter(session.scalars(sa.select(ScreeningRun.account_id)))
        assert runs == {each: len(verdicts) for each, verdicts in expected.items()}

    def states(self) -> dict[UUID, State]:
        """Where identity has everybody."""
        with self.identity.reading() as session:
            return dict(session.execute(sa.select(Account.id, Account.state)).all())


def _verdicts(name: FullName, listed: Iterable[set[FullName]]) -> list[Verdict]:
    """What is said of somebody in the course of several versions: the first, and every other."""
    told = (HIT if name in names else CLEAR for names in listed)
    return [verdict for verdict, _ in groupby(told)]


def invented(count: int) -> list[FullName]:
    """Names that nobody has and that have no likeness to each other."""
    pick = random.Random(4).choice

    def word() -> str:
        return "".join(pick("bdfgklmnprstvz") + pick("aeiou") for _ in range(5)).capitalize()

    return [(word(), word()) for _ in range(count)]


@pytest.fixture
def scene(
    tmp_path: Path,
    environment: Callable[[dict[str, str]], None],
    servers: Callable[[int], wiring.Servers],
    rabbit_server: Server,
) -> Iterator[Scene]:
    """A web process and a worker of identity; workers of screening are started when asked for."""
    where = servers(free_ports(6))
    told = {
        **wiring.environment(tmp_path, where, "http://portal.test"),
        "PORTAL_RETRY_LADDER": LADDER,
        "PORTAL_SCHEDULER": "false",
    }
    environment(told)
    both = {name: each.runtime() for name, each in load_services(["identity", "screening"]).items()}
    for runtime in both.values():
        migrations.upgrade(runtime)
    started: list[Worker] = []

    def start_worker() -> Worker:
        started.append(Worker(told, tmp_path / f"worker-{len(started)}.log"))
        started[-1].wait_until_ready()
        return started[-1]

    processes = stack.Stack(tmp_path, told, 0)
    processes.start(("identity", "web"), ("identity", "worker"))
    try:
        url = where.web_urls["identity"]
        seed.wait_for(f"{url}/readyz")
        portal = over_http(url, tmp_path, processes.command)
        start_worker()
        witness = Witness(rabbit_server.url)
        try:
            yield Scene(portal, both["identity"], both["screening"], witness, started, start_worker)
        finally:
            witness.close()
    finally:
        for each in started:
            each.stop()
        processes.stop()
        for runtime in both.values():
            runtime.close()


@dataclass(frozen=True)
class Names:
    """Whom the two versions of the list name, and who registers."""

    first: list[FullName]
    second: list[FullName]
    people: list[FullName]


@pytest.fixture
def names() -> Names:
    """Entries that stay and entries that come to name somebody else; people named after any."""
    made = invented(LISTED + CHANGED + ACCOUNTS)
    stay, former, latter = (
        made[start : start + count]
        for start, count in ((0, LISTED - CHANGED), (LISTED - CHANGED, CHANGED), (LISTED, CHANGED))
    )
    listed = [*stay[:50], *former[:125], *latter[:125]]
    return Names([*stay, *former], [*stay, *latter], [*listed, *made[len(listed) - ACCOUNTS :]])


def test_two_workers_share_names_and_changed_entries_and_each_is_settled_once(
    scene: Scene, names: Names
) -> None:
    both = [*scene.workers, scene.start_worker()]
    scene.import_list("2026-01-01", names.first)
    scene.portal.until(scene.is_compared)
    with scene.two_have_their_hands_full(scene.names, lambda: scene.register(names.people)):
        assert done_by(both, "screen_pending") == [0, 0]
    scene.check_told_once()
    assert scene.names() == NOTHING
    scene.portal.until(lambda: sum(done_by(both, "screen_pending")) == ACCOUNTS)
    assert min(done_by(both, "screen_pending")) > 0

    before = done_by(both, "screen_changes")
    assert sum(before) == LISTED
    latter = partial(scene.import_list, "2026-01-02", names.second)
    with scene.two_have_their_hands_full(scene.entries, latter):
        assert done_by(both, "screen_changes") == before
    scene.portal.until(scene.is_compared)
    scene.check_told_once()
    assert scene.entries() == NOTHING
    scene.portal.until(lambda: sum(done_by(both, "screen_changes")) == LISTED + CHANGED)
    after = done_by(both, "screen_changes")
    assert all(now_done > done for now_done, done in zip(after, before, strict=True))
    the_check_sees_what_is_said_again(scene)


def done_by(workers: Iterable[Worker], step: str) -> list[int]:
    """What each worker says that it dealt with."""
    return [each.has_done(step) for each in workers]


def the_check_sees_what_is_said_again(scene: Scene) -> None:
    """Negative control: a verdict that was said already."""
    account_id = next(iter(scene.people))
    verdict = _verdicts(scene.people[account_id], scene.listed)[-1]
    again = ScreeningCompleted(account_id=account_id, verdict=verdict, list_versions=())
    with scene.screening.transaction() as session:
        publish(session, again)
    scene.portal.until(lambda: scene.witness.verdicts()[account_id][-2:] == [verdict, verdict])
    with pytest.raises(AssertionError):
        scene.check_told_once()


def test_what_a_killed_worker_had_in_hand_the_other_finishes_when_its_lease_is_over(
    scene: Scene, names: Names, rabbit_server: Server
) -> None:
    first, second = *scene.workers, scene.start_worker()
    scene.import_list("2026-01-01", names.first)
    scene.portal.until(scene.is_compared)
    with scene.two_have_their_hands_full(scene.names, lambda: scene.register(names.people)):
        first.kill()
    held = scene.portal.until(lambda: scene.only_batch(scene.names))
    scene.portal.until(lambda: second.has_done("screen_pending") == ACCOUNTS - held)
    assert Counter(scene.states().values())[State.SCREENING] >= held, "nobody else takes them"
    scene.portal.advance_by("PT1M")
    scene.check_told_once()
    scene.portal.until(lambda: second.has_done("screen_pending") == ACCOUNTS)

    third = scene.start_worker()
    latter = partial(scene.import_list, "2026-01-02", names.second)
    with scene.two_have_their_hands_full(scene.entries, latter):
        second.kill()
    held = scene.portal.until(lambda: scene.only_batch(scene.entries))
    scene.portal.until(lambda: third.has_done("screen_changes") == CHANGED - held)
    assert not scene.is_compared(), "nobody else takes them"
    scene.portal.advance_by("PT5M")
    scene.check_told_once()
    scene.portal.until(lambda: third.has_done("screen_changes") == CHANGED)
    assert scene.is_compared()
    assert parked(rabbit_server.url) == {}
