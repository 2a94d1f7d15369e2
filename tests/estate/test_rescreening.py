"""Re-screening over RabbitMQ: lists change, and people named so stand accordingly everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from common.db import Database
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.web.standing import AccountStanding
from deploy.local import seed, wiring
from deploy.local.portal import Person, Portal
from deploy.local.story import un_list
from screening import coverage
from screening.lists.entries import Entry
from screening.lists.reading import read_list
from screening.lists.un import with_person
from screening.models import ListSource, ListVersion, Rescreening, Screening, ScreeningRun
from services.screening.tests.publisher import Publisher
from tests.estate.scenario import Scenario, a_scenario

pytestmark = [pytest.mark.rabbit, pytest.mark.postgres]

FORMER, LATTER = ("us/2019-01", "uk/2026-08-20"), ("us/2021-07", "uk/2026-08-21")
ADDED = {"21845", "23172", "26236", "26304", "26539", "26580", "26684", "26686", "26687", "26724"}
REMOVED = {"4399", "7511", "11739", "15963", "17349"}
HELD = "7503"
"""Removed by OFAC like those, while another list names him, too. Nobody else has a like name."""
GAINED = ("Said", "Dit Merrikh")
"""What AQD0124 is also called from the second day of the UK list on."""
NOBODY = (("Roswitha", "Zwetschgenbaum"), ("Balthasar", "Quittenstrauch"))
PUBLISHED = "/un/consolidated.xml"
NEXT_LISTED = ("Anna", "Muster-Beispiel")
ACTIVE = dict.fromkeys(OWNERS_OF_PERSONAL_DATA, "active")
BLOCKED = dict.fromkeys(OWNERS_OF_PERSONAL_DATA, "blocked")

FullName = tuple[str, str]


class Databases:
    """What stands in the databases of an estate's services."""

    def __init__(self, folder: Path) -> None:
        told = wiring.remembered(folder)
        self._of = {
            name: Database(told[f"{wiring.prefix(name)}_DATABASE_URL"], pool_size=1)
            for name in OWNERS_OF_PERSONAL_DATA
        }

    def close(self) -> None:
        """Give the connections back."""
        for each in self._of.values():
            each.close()

    def standing(self, account_id: UUID) -> dict[str, str]:
        """What each of the six services holds of an account."""
        found = {}
        for name, database in self._of.items():
            with database.reading() as session:
                row = session.get(AccountStanding, account_id)
                found[name] = str(row.state.value) if row else "unheard of"
        return found

    def in_screening(self, statement: sa.Select[Any]) -> list[Any]:
        """Rows of screening's database."""
        with self._of["screening"].reading() as session:
            return [tuple(row) for row in session.execute(statement)]

    def everybody_is_compared(self) -> bool:
        """Whether nothing of the lists in force is left to be compared with anybody."""
        waiting = sa.select(Screening.account_id).where(Screening.next_try_at.is_not(None))
        with self._of["screening"].reading() as session:
            return coverage.is_complete(session) and not session.scalars(waiting).all()

    def traces(self, account_ids: Iterable[UUID]) -> list[Any]:
        """All that a comparison that changed anything would have left another."""
        runs = sa.select(sa.func.count()).where(ScreeningRun.account_id == Screening.account_id)
        columns = Screening.account_id, Screening.version, Screening.checked_at
        rows = sa.select(*columns, runs.scalar_subquery())
        return self.in_screening(
            rows.where(Screening.account_id.in_(account_ids)).order_by(Screening.account_id)
        )


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Callable[[], Databases]]:
    """Function that opens the databases of this test's estate."""
    opened: list[Databases] = []

    def open_them() -> Databases:
        opened.append(Databases(tmp_path))
        return opened[-1]

    yield open_them
    for each in opened:
        each.close()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A web server that publishes the first version of the sample lists."""
    made = Publisher(seed.sample_lists())
    yield made
    made.close()


def named_after(entries: Iterable[Entry], ids: Iterable[str]) -> list[FullName]:
    """Given and family names of OFAC entries: "FAMILY, Given"."""
    names = (each.names[0].text.partition(", ") for each in entries if each.entry_id in ids)
    return [(given, family) for family, _, given in names]


class Cast:
    """People of one customer, by name, all released."""

    def __init__(self, scenario: Scenario, names: Iterable[FullName]) -> None:
        self.scenario = scenario
        self.people: dict[FullName, Person] = {name: scenario.apply(*name) for name in names}
        self.ids = {name: self._release(person) for name, person in self.people.items()}

    def _release(self, person: Person) -> UUID:
        scenario = self.scenario
        account = scenario.portal.until(
            lambda: scenario._account(person.email, "awaiting_approval")
        )
        body = {"organisation_id": scenario.customers()[0]["id"]}
        path = f"accounts/{account['id']}"
        scenario.staff["approver"].change("identity", path, "approval", body)
        person.sign_in()
        return UUID(account["id"])

    def tokens(self, name: FullName) -> set[Any]:
        """What somebody's token is worth, asked over HTTP in all six services."""
        return self.scenario._standings(self.people[name])


def an_office(portal: Portal) -> Scenario:
    """Staff who are signed in, on an estate that is seeded."""
    scenario = a_scenario(portal)
    for who in ("admin", "approver"):
        scenario.staff[who] = portal.sign_in(seed.address(who), seed.PASSWORD)
    return scenario


def test_real_changes_of_real_lists_block_and_unblock_whom_they_mean_and_nobody_else(
    real_lists: Path,
    on_servers: Callable[[], Portal],
    databases: Callable[[], Databases],
    tmp_path: Path,
) -> None:
    lists = real_lists.parent
    delta = json.loads((lists / "expected.json").read_text())["deltas"]["us/2019-01 -> us/2021-07"]
    assert set(delta["added_ids"]) > ADDED
    assert set(delta["removed_ids"]) > REMOVED | {HELD}
    added = named_after(read_list(lists / LATTER[0]).entries, ADDED)
    former = read_list(lists / FORMER[0]).entries
    removed, (held,) = named_after(former, REMOVED), named_after(former, {HELD})
    un = tmp_path / "un.xml"
    un.write_bytes(with_person(un_list(None).read_bytes(), *held, "XXi.009"))

    portal = on_servers()
    seed.fill(portal, None)
    stored = databases()
    cast = Cast(an_office(portal), [*added, *removed, held, GAINED, *NOBODY])

    def stand(blocked: Iterable[FullName]) -> bool:
        """Everybody stands as expected in all six services."""
        expected = {name: BLOCKED if name in blocked else ACTIVE for name in cast.ids}
        return {name: stored.standing(each) for name, each in cast.ids.items()} == expected

    portal.until(lambda: stand(blocked=[]))
    portal.operate("screening", "lists", "import", *(str(lists / each) for each in FORMER), str(un))
    portal.until(stored.everybody_is_compared)
    portal.until(lambda: stand(blocked=[*removed, held]))
    nobody = [cast.ids[name] for name in NOBODY]
    before = stored.traces(nobody)

    portal.operate("screening", "lists", "import", *(str(lists / each) for each in LATTER))
    portal.until(stored.everybody_is_compared)
    portal.until(lambda: stand(blocked=[*added, held, GAINED]))
    assert stored.traces(nobody) == before
    assert len(before) == len(NOBODY)
    assert {each for name in added for each in cast.tokens(name)} == {401}
    cast.people[removed[0]].sign_in()
    assert cast.tokens(removed[0]) == cast.tokens(NOBODY[0]) == {"active"}
    counts = Rescreening.added, Rescreening.removed, Rescreening.changed
    noted = sa.select(ListVersion.list_id, *counts).join(Rescreening)
    latter = ListVersion.in_force_to.is_(None), ListVersion.list_id != "un-consolidated"
    assert sorted(stored.in_screening(noted.where(*latter))) == [
        ("uk-sanctions", 0, 0, 2),
        # 30 changed, and of one more an alias is weak no longer: the same names, that count more.
        ("us-sdn", delta["added"], delta["removed"], delta["changed"] + 1),
    ]


def test_what_the_publisher_adds_on_another_day_is_fetched_and_blocks_whom_it_names(
    monkeypatch: pytest.MonkeyPatch,
    publisher: Publisher,
    on_servers: Callable[[], Portal],
    databases: Callable[[], Databases],
) -> None:
    monkeypatch.setenv("SCREENING_LIST_URLS", publisher.url + PUBLISHED)
    portal = on_servers()
    seed.fill(portal, seed.sample_lists() / "us")
    stored = databases()
    fetched_at = sa.select(ListSource.fetched_at).where(ListSource.fetched_at.is_not(None))
    first = portal.until(lambda: stored.in_screening(fetched_at))
    cast = Cast(an_office(portal), [NEXT_LISTED, NOBODY[0]])
    listed, nobody = cast.ids.values()
    portal.until(lambda: stored.standing(listed) == stored.standing(nobody) == ACTIVE)

    portal.advance_by("P1D")
    portal.until(lambda: stored.in_screening(fetched_at) != first)
    (_, *none), (_, etag, _) = publisher.asked
    assert none == [None, None]
    assert etag
    versions = sa.select(ListVersion.id).where(ListVersion.list_id == "un-consolidated")
    assert len(stored.in_screening(versions)) == 1
    assert stored.standing(listed) == ACTIVE, "unchanged, and so is everybody"

    second = seed.sample_lists().parent / "2026-02-01"
    publisher.files[PUBLISHED] = (second / PUBLISHED[1:]).read_bytes()
    portal.advance_by("P1D")
    portal.until(lambda: stored.standing(listed) == BLOCKED)
    assert stored.standing(nobody) == ACTIVE
    assert publisher.asked[-1][1] == etag
    assert len(stored.in_screening(versions)) == 2
