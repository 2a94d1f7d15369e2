"""Yesterday's backup is restored: whoever was erased since is erased again at once (S26).

On PostgreSQL, with a mark in every declared field of the person; the backups are of the day before.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.privacy import restores
from common.service import Runtime
from common.testing.processes import postgres_programs
from common.testing.servers import Server, create_database, drop_database
from common.web.peers import PeerUnavailable
from common.web.standing import AccountStanding, Standing
from tests.estate.planting import Planted, plant
from tests.estate.scenario import Scenario, a_settled_estate
from tests.estate.test_erasure_proof import a_person_in_use, erased, holds_offline

pytestmark = pytest.mark.postgres
OTHERS = sorted(set(OWNERS_OF_PERSONAL_DATA) - {"identity"})


@dataclass
class Restored:
    """An estate after an erasure, with the backups of the day before."""

    scenario: Scenario
    planted: Planted
    backups: Path
    kept: dict[str, set[str]]

    def runtime(self, name: str) -> Runtime:
        """One of its services."""
        found: Runtime = self.scenario.portal.estate.runtimes[name]
        return found

    def marks_in(self, name: str) -> set[str]:
        """Which marks a dump of a service's database shows."""
        dumped = _run("pg_dump", "--data-only", _url(self.runtime(name)))
        return {str(each) for each in self.planted.found_in(dumped)}

    def restore(self, name: str) -> None:
        """Bring the backup back, as an operator does."""
        runtime = self.runtime(name)
        runtime.db.close()
        backup = str(self.backups / name)
        _run("pg_restore", "--clean", "--if-exists", f"--dbname={_url(runtime)}", backup)

    def settle(self, name: str) -> None:
        """What a worker does when it starts."""
        restores.settle(self.runtime(name))


def _url(runtime: Runtime) -> str:
    url = runtime.db.engine.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def _run(program: str, *arguments: str) -> bytes:
    programs = postgres_programs()
    assert programs is not None
    command = [str((programs / "initdb").resolve().with_name(program)), *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout


@pytest.fixture(scope="module")
def restored(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Restored]:
    """Somebody marked all over is erased the day after the backups."""
    folder = tmp_path_factory.mktemp("restore")
    names = {each: f"restore_{each}_{uuid4().hex[:8]}" for each in OWNERS_OF_PERSONAL_DATA}
    urls = {each: create_database(postgres_server.url, name) for each, name in names.items()}
    with a_settled_estate(folder, databases=urls) as portal:
        scenario, planted = a_person_in_use(portal)
        portal.settle()
        found = Restored(scenario, planted, folder, {})
        for name in OWNERS_OF_PERSONAL_DATA:
            plant(planted, name, found.runtime(name).db.engine)
        portal.settle()
        for name in OWNERS_OF_PERSONAL_DATA:
            found.settle(name)
            _run("pg_dump", "--format=custom", f"--file={folder / name}", _url(found.runtime(name)))
        erased(scenario)
        found.kept = {name: found.marks_in(name) for name in OWNERS_OF_PERSONAL_DATA}
        yield found
    for name in names.values():
        drop_database(postgres_server.url, name)


@pytest.mark.parametrize("name", [*OTHERS, "identity"])
def test_who_was_erased_after_the_backup_is_erased_again(restored: Restored, name: str) -> None:
    assert restored.runtime(name).not_ready() is None
    restored.restore(name)
    assert "backup" in str(restored.runtime(name).not_ready())
    assert restored.marks_in(name) > restored.kept[name]  # the control: the person is back
    restored.settle(name)
    assert restored.runtime(name).not_ready() is None
    assert restored.marks_in(name) == restored.kept[name]
    restored.scenario.portal.settle()
    assert restored.marks_in(name) == restored.kept[name]
    assert holds_offline(_certificate(restored), _jwks(restored)) == []


def test_a_service_that_cannot_ask_stays_unready_and_says_why(
    restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored.restore("shop")
    apps: Any = restored.scenario.portal.estate.apps
    monkeypatch.setattr(
        apps["identity"], "view_functions",
        {**apps["identity"].view_functions, "privacy.tell_erasures": lambda **_: ("", 500)},
    )  # fmt: skip
    with pytest.raises(PeerUnavailable):
        restored.settle("shop")
    assert "backup" in str(restored.runtime("shop").not_ready())
    monkeypatch.undo()
    restored.settle("shop")
    assert restored.runtime("shop").not_ready() is None


def test_a_block_that_the_backup_does_not_know_stands_again(restored: Restored) -> None:
    account_id = restored.scenario.made[restored.scenario.colleague.email]
    admin = restored.scenario.staff["admin"]
    admin.sign_in()
    admin.change("identity", f"accounts/{account_id}", "block", {"reason": "security"})
    restored.scenario.portal.settle()
    restored.restore("training")
    assert _standing(restored, account_id) is Standing.ACTIVE
    restored.settle("training")
    assert _standing(restored, account_id) is Standing.BLOCKED


def _standing(restored: Restored, account_id: str) -> Standing | None:
    of_them = sa.select(AccountStanding.state).where(AccountStanding.account_id == UUID(account_id))
    with restored.runtime("training").reading() as session:
        return session.scalar(of_them)


def _certificate(restored: Restored) -> dict[str, Any]:
    dpo, account_id = restored.scenario.staff["dpo"], str(restored.planted.account_id)
    dpo.sign_in()
    [request] = [
        each for each in dpo.get("identity", "erasures?limit=100")
        if each["account_id"] == account_id and each["receipts"]
    ]  # fmt: skip
    return dict(dpo.get("identity", f"erasures/{request['request_id']}/certificate"))


def _jwks(restored: Restored) -> Path:
    return restored.scenario.portal.folder / "keys" / "jwks.json"
