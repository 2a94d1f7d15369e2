"""The audit is a chain: what is changed, missing or moved in it is found (art. 5(2) GDPR)."""

import random

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.events.catalogue import AuditHeadAnchored
from common.ids import uuid7
from common.privacy import chain
from common.privacy.audit import AuditEntry, audit
from common.privacy.chain import AuditAnchor, AuditSeal, AuditUnsealed
from common.privacy.chain_verifying import Kept, faults
from common.testing.harness import Harness
from shop.app import service as shop_service

LENGTH = 12


@pytest.fixture
def shop(tmp_path):
    harness = Harness(shop_service, tmp_path)
    yield harness
    harness.runtime.close()


@pytest.fixture
def on_postgres(tmp_path, postgres_url):
    harness = Harness(shop_service, tmp_path, database_url=postgres_url)
    yield harness
    harness.runtime.close()


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A service with a sealed audit of some length, and its head."""
    harness = Harness(shop_service, tmp_path_factory.mktemp("audited"))
    act(harness, LENGTH)
    seal(harness)
    yield harness
    harness.runtime.close()


def act(harness, times=1):
    with harness.runtime.transaction(actor=str(uuid7())) as session:
        for _ in range(times):
            audit(session, "order.confirm", uuid7())
            session.flush()


def seal(harness):
    while chain.seal(harness.runtime):
        pass


def found(harness, kept=()):
    with harness.runtime.reading() as session:
        return list(faults(session, kept, harness.clock.now()))


def head(harness):
    last = harness.rows(AuditSeal)[-1]
    return Kept("identity", last.number, last.hash)


def as_owner(connection):
    """What somebody who owns the tables can do first."""
    names = connection.execute(
        sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'")
    )
    for name in names.scalars().all():
        connection.execute(sa.text(f"DROP TRIGGER {name}"))


def test_an_untouched_audit_is_whole(audited):
    assert found(audited, [head(audited)]) == []


def test_every_entry_has_one_seal_and_none_waits(audited):
    assert [each.number for each in audited.rows(AuditSeal)] == list(range(1, LENGTH + 1))
    assert {each.entry_id for each in audited.rows(AuditSeal)} == {
        each.id for each in audited.rows(AuditEntry)
    }
    assert audited.rows(AuditUnsealed) == []


OTHER = {
    "at": "2020-01-01 00:00:00.000000", "actor": "somebody else", "action": "order.cancel",
    "subject": "somebody else", "person": "0195f0a000027000800000000000000a",
    "row_table": "orders", "row_id": "0195f0a000027000800000000000000a",
}  # fmt: skip


def edit(connection, chance):
    column = chance.choice(sorted(OTHER))
    _entry(connection, chance, f"UPDATE audit_entries SET {column} = '{OTHER[column]}'")


def delete_entry(connection, chance):
    _entry(connection, chance, "DELETE FROM audit_entries")


def delete_seal(connection, chance):
    connection.execute(sa.text(f"DELETE FROM audit_seals WHERE number = {place(chance)}"))


def cut(connection, chance):
    """Entries and seals from some place on, as if they had never been."""
    number = place(chance)
    gone = f"SELECT entry_id FROM audit_seals WHERE number >= {number}"
    connection.execute(sa.text(f"DELETE FROM audit_entries WHERE id IN ({gone})"))
    connection.execute(sa.text(f"DELETE FROM audit_seals WHERE number >= {number}"))


def swap_entries(connection, chance):
    one, other = chance.sample(range(1, LENGTH + 1), 2)
    ids = dict(connection.execute(sa.text("SELECT number, entry_id FROM audit_seals")).all())
    for number, entry_id in ((one, "parked"), (other, ids[one]), (one, ids[other])):
        connection.execute(
            sa.text("UPDATE audit_seals SET entry_id = :entry_id WHERE number = :number"),
            {"entry_id": entry_id, "number": number},
        )


def swap_seals(connection, chance):
    one, other = chance.sample(range(1, LENGTH + 1), 2)
    for old, number in ((one, 0), (other, one), (0, other)):
        connection.execute(
            sa.text(f"UPDATE audit_seals SET number = {number} WHERE number = {old}")
        )


def insert_entry(connection, chance):
    connection.execute(
        sa.text(
            "INSERT INTO audit_entries (id, at, actor, action, subject) VALUES"
            f" ('{uuid7().hex}', '2026-03-02 09:00:00.000000', 'x', 'order.confirm', 'y')"
        )
    )


def insert_sealed_entry(connection, chance):
    """In the middle, with all later seals moved on by one."""
    number = place(chance)
    connection.execute(sa.text(f"UPDATE audit_seals SET number = -number WHERE number >= {number}"))
    connection.execute(sa.text("UPDATE audit_seals SET number = 1 - number WHERE number < 0"))
    insert_entry(connection, chance)
    connection.execute(
        sa.text(
            f"INSERT INTO audit_seals SELECT {number}, id, '{'0' * 64}', at FROM audit_entries"
            " WHERE actor = 'x'"
        )
    )


def rewrite(connection, chance):
    """Change an entry and hash everything after it anew, as the service itself would."""
    edit(connection, chance)
    rows = connection.execute(
        sa.select(AuditSeal.number, *(getattr(AuditEntry, name) for name in chain.HASHED))
        .join(AuditEntry, AuditEntry.id == AuditSeal.entry_id)
        .order_by(AuditSeal.number)
    )
    last = chain.BEGINNING
    for row in rows.mappings().all():
        last = chain.digest(last, row["number"], row)
        connection.execute(
            sa.text(f"UPDATE audit_seals SET hash = '{last}' WHERE number = {row['number']}")
        )


def place(chance):
    return chance.randint(1, LENGTH)


def _entry(connection, chance, statement):
    number = place(chance)
    connection.execute(
        sa.text(
            f"{statement} WHERE id = (SELECT entry_id FROM audit_seals WHERE number = {number})"
        )
    )


FORGERIES = {
    edit: "changed",
    delete_entry: "missing",
    delete_seal: "missing",
    cut: "behind anchor",
    swap_entries: "reordered",
    swap_seals: "reordered",
    insert_entry: "unsealed",
    insert_sealed_entry: "",
    rewrite: "differs from anchor",
}


@given(st.sampled_from(list(FORGERIES)), st.randoms(use_true_random=False))
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_an_owner_of_the_tables_does_to_a_row_is_found(audited, forge, chance):
    kept = [head(audited)]
    engine = audited.runtime.db.engine
    with engine.connect() as connection:
        as_owner(connection)
        forge(connection, chance)
        with sa.orm.Session(connection) as session:
            told = list(faults(session, kept, audited.clock.now()))
        connection.rollback()
    if forge is delete_seal and any("behind anchor" in each for each in told):
        return  # the last one: nothing is between it and the end
    assert any(FORGERIES[forge] in each for each in told), told
    assert found(audited, kept) == []


def test_without_the_heads_of_others_a_rewritten_chain_looks_whole(audited):
    """Negative control: it is the anchors that show it."""
    for forge in (rewrite, cut):
        with audited.runtime.db.engine.connect() as connection:
            as_owner(connection)
            forge(connection, random.Random(3))
            with sa.orm.Session(connection) as session:
                assert list(faults(session, (), audited.clock.now())) == []
            connection.rollback()


def test_an_entry_that_waits_too_long_for_its_seal_is_named(shop):
    act(shop)
    assert found(shop) == []
    shop.clock.advance("PT2H")
    (fault,) = found(shop)
    assert fault.startswith("unsealed: entry ")
    seal(shop)
    assert found(shop) == []


def test_an_entry_that_went_before_it_was_sealed_is_missing(shop):
    act(shop)
    with shop.runtime.db.engine.begin() as connection:
        as_owner(connection)
        connection.execute(sa.text("DELETE FROM audit_entries"))
    (fault,) = found(shop)
    assert "which waited for its seal" in fault


def test_a_head_is_published_once_and_kept_by_who_hears_of_it(shop, tmp_path):
    act(shop, 3)
    seal(shop)
    assert [chain.anchor(shop.runtime) for _ in range(2)] == [1, 0]
    (told,) = shop.published(AuditHeadAnchored)
    assert (told.service, told.number, told.hash) == ("shop", 3, head(shop).hash)
    shop.when(AuditHeadAnchored(**{**vars(told), "service": "training"}), owner="training")
    assert {(each.service, each.number) for each in shop.rows(AuditAnchor)} == {
        ("shop", 3), ("training", 3),
    }  # fmt: skip


def test_the_first_head_that_was_told_of_a_number_stands(shop):
    told = {"service": "training", "number": 7, "sealed_at": shop.clock.now()}
    shop.when(AuditHeadAnchored(hash="a" * 64, **told), owner="training")
    shop.when(AuditHeadAnchored(hash="b" * 64, **told), owner="training")
    assert [each.hash for each in shop.rows(AuditAnchor)] == ["a" * 64]


def test_much_is_not_sealed_without_an_anchor(shop, monkeypatch):
    monkeypatch.setattr(chain, "MANY", 5)
    act(shop, 4)
    seal(shop)
    assert shop.published(AuditHeadAnchored) == []
    act(shop)
    seal(shop)
    assert [each.number for each in shop.published(AuditHeadAnchored)] == [5]


@pytest.mark.parametrize("table", ["audit_seals", "audit_anchors"])
@pytest.mark.parametrize("change", ["UPDATE {} SET hash = 'x'", "DELETE FROM {}"])
def test_seals_and_anchors_are_only_ever_added_to(shop, table, change):
    act(shop)
    seal(shop)
    chain.anchor(shop.runtime)
    with (
        pytest.raises(sa.exc.DBAPIError, match="only ever added to"),
        shop.runtime.db.engine.begin() as connection,
    ):
        connection.execute(sa.text(change.format(table)))


@pytest.mark.postgres
def test_a_commit_that_comes_late_with_an_earlier_id_is_sealed_all_the_same(on_postgres):
    runtime = on_postgres.runtime
    with runtime.transaction(actor="late") as late:
        audit(late, "order.confirm", uuid7())
        late.flush()
        act(on_postgres)
        seal(on_postgres)
    seal(on_postgres)
    sealed = [each.entry_id for each in on_postgres.rows(AuditSeal)]
    assert len(sealed) == 2
    assert sealed != sorted(sealed)
    assert found(on_postgres, [head(on_postgres)]) == []


@pytest.mark.postgres
def test_of_two_that_seal_one_does_it(on_postgres):
    act(on_postgres)
    with on_postgres.runtime.transaction() as session:
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(chain._LOCK)))
        assert chain.seal(on_postgres.runtime) == 0
    assert chain.seal(on_postgres.runtime) == 1
    assert found(on_postgres, [head(on_postgres)]) == []
