"""`portalctl audit` over six services: whole, damaged, cut; and who read what of whom."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, AuditHeadAnchored
from common.ids import uuid7
from common.messaging.portalctl import main
from common.privacy import chain
from common.privacy.audit import audit
from common.service import load_services
from common.testing.harness import Harness

Call = Callable[..., Result]


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Harness]]:
    """Six services, and the settings that name their databases."""
    made: dict[str, Harness] = {}
    with ExitStack() as closing:
        for name, service in load_services(OWNERS_OF_PERSONAL_DATA).items():
            folder = tmp_path / name
            own = {
                "identity": {"mail_url": f"folder:{folder}/mails"},
                "uploads": {"store_url": f"folder:{folder}/objects"},
            }.get(name, {})
            made[name] = Harness(service, folder, **own)
            closing.callback(made[name].runtime.close)
            own["database_url"] = f"sqlite:///{folder}/{name}.sqlite"
            prefix = name.upper().replace("-", "_")
            for setting, value in own.items():
                monkeypatch.setenv(f"{prefix}_{setting.upper()}", value)
        monkeypatch.setenv("PORTAL_BROKER_URL", "embedded:")
        monkeypatch.setenv("PORTAL_KEYS_DIR", str(tmp_path / "shop" / "keys"))
        monkeypatch.setenv("PORTAL_PROFILE", "development")
        yield made


@pytest.fixture
def portalctl() -> Call:
    """The operator's command."""
    return lambda *arguments: CliRunner().invoke(main, ["audit", *arguments])


def act(harness: Harness, times: int) -> None:
    with harness.runtime.transaction(actor=str(uuid7())) as session:
        for _ in range(times):
            audit(session, "order.confirm", uuid7())


def anchored(services: dict[str, Harness]) -> None:
    """Everything is sealed, and the heads are with everybody."""
    for name, harness in services.items():
        while chain.seal(harness.runtime):
            pass
        chain.anchor(harness.runtime)
        for event in harness.published(AuditHeadAnchored):
            for other in services.values():
                other.when(event, owner=name)


def as_owner(harness: Harness, *statements: str) -> None:
    with harness.runtime.db.engine.begin() as connection:
        triggers = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in connection.execute(triggers).scalars().all():
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
        for each in statements:
            connection.execute(sa.text(each))


def test_whole_audits_are_a_line_each(services: dict[str, Harness], portalctl: Call) -> None:
    for harness in services.values():
        act(harness, 3)
    anchored(services)
    told = portalctl("verify")
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines() == [
        f"{name}: whole, 3 sealed, heads kept by 5 other services"
        for name in OWNERS_OF_PERSONAL_DATA
    ]


def test_a_damaged_one_is_named_with_its_fault(
    services: dict[str, Harness], portalctl: Call
) -> None:
    for harness in services.values():
        act(harness, 3)
    anchored(services)
    as_owner(services["shop"], "UPDATE audit_entries SET actor = 'nobody'")
    told = portalctl("verify")
    assert told.exit_code == 1
    assert told.stdout.count("shop: changed: entry ") == 3
    assert told.stdout.count(": whole, ") == 5
    assert portalctl("verify", "training").exit_code == 0


def test_a_cut_one_is_behind_what_five_others_keep(
    services: dict[str, Harness], portalctl: Call
) -> None:
    act(services["shop"], 3)
    anchored(services)
    gone = "(SELECT entry_id FROM audit_seals WHERE number = 3)"
    as_owner(
        services["shop"],
        f"DELETE FROM audit_entries WHERE id IN {gone}",
        "DELETE FROM audit_seals WHERE number = 3",
        "DELETE FROM audit_anchors",
    )
    told = portalctl("verify", "shop")
    assert told.exit_code == 1
    assert told.stdout.count("shop: behind anchor 3, which ") == 5


def test_without_a_database_to_read_it_says_which_setting_is_missing(
    services: dict[str, Harness], portalctl: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UPLOADS_DATABASE_URL")
    told = portalctl("verify", "shop")
    assert told.exit_code == 2
    assert "UPLOADS_DATABASE_URL" in told.stderr


def test_who_read_what_of_whom_is_asked_of_all_services(
    services: dict[str, Harness], portalctl: Call
) -> None:
    person, office = uuid7(), str(uuid7())
    for name, table in (("shop", "orders"), ("training", "bookings")):
        reading = services[name].runtime.db.engine
        with reading.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO audit_entries"
                    " (id, at, actor, action, subject, person, row_table, row_id) VALUES"
                    f" ('{uuid7().hex}', '2027-03-02 09:00:00.000000', '{office}', 'read',"
                    f" '{person}', '{person.hex}', '{table}', '{uuid7().hex}')"
                )
            )
    span = ("--from", "2027-03-02T09:00:00", "--to", "2027-03-02T09:00:01")
    told = portalctl("reads", *span, "--person", str(person))
    assert told.exit_code == 0, told.output
    found = [line.split("\t") for line in told.stdout.splitlines()]
    assert [(each[1], each[2], each[5]) for each in found] == [
        ("shop", office, "orders"), ("training", office, "bookings"),
    ]  # fmt: skip
    assert portalctl("reads", *span, "--person", str(uuid7())).stdout == ""
