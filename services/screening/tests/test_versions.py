"""Lists come into force one version at a time, and never a worse one by mistake."""

import dataclasses
import json
import shutil
import threading
import zlib

import pytest
import sqlalchemy as sa
from alembic import command

from common import migrations
from common.events.catalogue import SanctionsListUpdated
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from screening import versions
from screening.lists.files import ListRefused
from screening.models import ListVersion, Screening
from screening.rules.lists import ListSize, why_refused

from .factories import CONSOLIDATED, FIRST, SAMPLE, SECOND, import_lists, list_of, register

UN = "un-consolidated"


def in_force(screening):
    return {row.list_id: row.version for row in screening.rows(ListVersion) if not row.in_force_to}


def test_a_first_import_brings_every_list_of_a_folder_into_force(on_both):
    done, refused = import_lists(on_both, FIRST)
    assert [each.new for each in done] == [True, True]
    assert refused == []
    un, us = on_both.rows(ListVersion)
    assert (un.list_id, un.entries, un.people, str(un.published_on)) == (UN, 9, 8, "2026-01-01")
    assert un.version == f"2026-01-01.{un.checksum[:8]}"
    assert (us.list_id, us.version, us.published_on) == ("us-sdn", us.checksum[:16], None)
    assert un.in_force_from == on_both.clock.now()
    assert on_both.published() == [
        SanctionsListUpdated(list_id=each.list_id, list_version=each.version, entries=each.entries)
        for each in (un, us)
    ]
    assert [each.action for each in on_both.rows(AuditEntry)] == ["list.import"] * 2


def test_a_new_version_ends_the_period_of_the_former_one(on_both):  # S22
    import_lists(on_both, FIRST)
    on_both.clock.advance("P31D")
    import_lists(on_both, SECOND)
    former, new = on_both.rows(ListVersion, ListVersion.list_id == UN)
    assert former.in_force_to == new.in_force_from == on_both.clock.now()
    assert new.in_force_to is None


def test_the_version_in_force_once_more_changes_nothing(on_both):
    import_lists(on_both, FIRST)
    account_id = register(on_both)
    on_both.run_steps()
    on_both.forget_published()
    done, _ = import_lists(on_both, FIRST)
    assert [each.new for each in done] == [False, False]
    assert on_both.published() == []
    (row,) = on_both.rows(Screening)
    assert (row.account_id, row.pending) == (account_id, False)


def test_one_list_that_changed_leaves_the_others_as_they_are(screening):
    import_lists(screening, FIRST)
    done, _ = import_lists(screening, SECOND)
    assert {each.version.list_id: each.new for each in done} == {UN: True, "us-sdn": False}


def test_a_list_that_shrank_leaves_the_last_good_one_in_force(on_both, tmp_path):
    import_lists(on_both, list_of(tmp_path / "good.xml", "2026-01-01", *"ABCDEFGHIJ"))
    good = in_force(on_both)
    worse = list_of(tmp_path / "worse.xml", "2026-01-02", *"ABCDEFGH")
    done, refused = import_lists(on_both, worse)
    assert done == []
    assert [str(each) for each in refused] == [
        "The list file worse.xml was refused: as version of un-consolidated, "
        "it holds 8 entries of 10 in force: more than a tenth is missing."
    ]
    assert in_force(on_both) == good
    done, refused = import_lists(on_both, worse, allow_shrink=True)
    assert (len(done), refused) == (1, [])
    assert in_force(on_both) != good


@pytest.mark.parametrize(
    ("had", "has", "refused"), [(100, 89, True), (100, 90, False), (0, 1, False)]
)
def test_a_list_that_lost_its_aliases_has_shrunk_though_no_person_is_missing(had, has, refused):
    sizes = [ListSize(10, 10, None, names) for names in (has, had)]
    assert bool(why_refused(*sizes, allow_shrink=False)) is refused


def test_a_refused_list_holds_no_other_list_up(screening, tmp_path):
    import_lists(screening, list_of(tmp_path / "many.xml", "2026-01-01", *"ABCDEFGHIJKLMNOP"))
    good = in_force(screening)
    done, refused = import_lists(screening, FIRST)
    assert [each.version.list_id for each in done] == ["us-sdn"]
    assert len(refused) == 1
    assert in_force(screening)[UN] == good[UN]


@pytest.mark.parametrize(
    "content",
    [b"", CONSOLIDATED[:-200], b"<CONSOLIDATED_LIST/>", b"<html>maintenance</html>"],
    ids=["empty", "cut_off", "without_entries", "another_page"],
)
def test_a_damaged_file_is_refused_before_anything_is_written(screening, tmp_path, content):
    import_lists(screening, FIRST)
    good = in_force(screening)
    file = tmp_path / "consolidated.xml"
    file.write_bytes(content)
    with pytest.raises(ListRefused):
        import_lists(screening, file)
    assert in_force(screening) == good


def test_a_folder_with_two_versions_of_a_list_is_refused(screening):
    with pytest.raises(ListRefused, match="holds a list twice"):
        import_lists(screening, SAMPLE)
    assert screening.rows(ListVersion) == []


def test_the_database_itself_keeps_two_versions_out_of_force(on_both):
    import_lists(on_both, FIRST)
    (un,) = on_both.rows(ListVersion, ListVersion.list_id == UN)
    again = {c.key: getattr(un, c.key) for c in sa.inspect(ListVersion).column_attrs
             if c.key not in ("id", "content")}  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError):
        on_both.given(ListVersion(**again, content=b""))


@pytest.mark.postgres
def test_two_imports_at_once_leave_one_version_in_force(on_postgres, tmp_path):
    lists = [
        versions.read(list_of(tmp_path / f"{n}.xml", "2026-01-01", "Erna", f"Erdacht {n}"))
        for n in range(6)
    ]
    refused = []

    def bring(packed):
        refused.extend(versions.bring_into_force(on_postgres.runtime, packed)[1])

    threads = [threading.Thread(target=bring, args=(each,)) for each in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    rows = on_postgres.rows(ListVersion)
    assert len(rows) == 6
    assert [row.in_force_to is None for row in rows].count(True) == 1
    assert len(on_postgres.published(SanctionsListUpdated)) == 6


@pytest.mark.postgres
def test_without_the_lock_two_imports_would_collide(on_postgres):
    """Negative control: the guard of the test before, off."""

    def bring(session, version):
        session.add(
            ListVersion(
                list_id=UN,
                version=version,
                checksum=version,
                entries=1,
                people=1,
                names=1,
                content=b"",
                imported_at=on_postgres.clock.now(),
                in_force_from=on_postgres.clock.now(),
            )
        )
        session.flush()

    failed = []

    def second():
        try:
            with on_postgres.runtime.transaction() as session:
                bring(session, "b")
        except sa.exc.IntegrityError:
            failed.append("b")

    with on_postgres.runtime.transaction() as session:
        bring(session, "a")
        thread = threading.Thread(target=second)
        thread.start()
    thread.join()
    assert failed == ["b"]


def test_what_is_stored_of_a_list_is_its_people_as_they_were_read(screening, un_list):
    people = [each for each in un_list.entries if each.kind == "individual"]
    packed = versions._pack("consolidated.xml", un_list)
    assert versions.people_of(ListVersion(content=packed.content)) == people
    assert packed.size.names == sum(len(each.names) for each in people)
    assert len(packed.content) < 200_000


def test_an_earlier_version_does_not_come_back_by_itself(on_both, tmp_path):
    """OFAC's CSV carries no date: that it was replaced is what tells it from a new one."""
    first, second = FIRST / "us", tmp_path / "us"
    shutil.copytree(str(first), second)
    with (second / "add.csv").open("ab") as file:
        file.write(b"\r\n")
    import_lists(on_both, first)
    assert import_lists(on_both, second)[1] == []
    good = in_force(on_both)
    (refusal,) = import_lists(on_both, first)[1]
    assert "it is an earlier version, which another one has replaced" in str(refusal)
    assert in_force(on_both) == good
    assert import_lists(on_both, first, allow_shrink=True)[1] == []
    assert in_force(on_both) != good


def test_a_version_of_an_older_program_has_its_names_counted(on_both, new_database):
    names = [{"text": "A"}, {"text": "B"}], [{"text": "C"}]
    content = zlib.compress(json.dumps([{"names": each} for each in names]).encode())
    url = new_database()
    settings = dataclasses.replace(on_both.runtime.settings, database_url=url)
    runtime = on_both.service.runtime(settings, clock=on_both.clock)
    at = on_both.clock.now()
    with runtime.db.engine.connect() as connection, connection.begin():
        config = migrations._config(runtime)
        config.attributes["connection"] = connection
        command.upgrade(config, "screening_0001")
        columns = {"list_id": "x", "version": "1", "checksum": "1", "entries": 2, "people": 2}
        times = {"imported_at": at, "in_force_from": at}
        held = sa.table("list_versions", *map(sa.column, ("id", "content", *columns, *times)))
        row = {"id": uuid7().hex, "content": content, **columns, **times}
        connection.execute(sa.insert(held).values(row))
        command.upgrade(config, "screening_0002")
        assert connection.scalars(sa.text("SELECT names FROM list_versions")).all() == [3]
    runtime.close()


@pytest.fixture
def new_database(request, on_both, tmp_path):
    """Makes an empty database of the kind that is under test."""
    if on_both.runtime.db.is_postgres:
        make = request.getfixturevalue("new_postgres_database")
        return lambda: make("screening_old")
    return lambda: f"sqlite:///{tmp_path}/old.sqlite"


# ------------------------------------------------------------------------------- never changed

FIXED = [
    column.key
    for column in sa.inspect(ListVersion).column_attrs
    if column.key not in ("in_force_to",)
]


@pytest.mark.parametrize("column", FIXED)
def test_a_version_stays_as_it_was_imported(on_both, column):  # S22
    import_lists(on_both, FIRST)
    change = sa.update(ListVersion).values({column: getattr(ListVersion, column)})
    with pytest.raises(sa.exc.DBAPIError, match="stays as it was imported"):
        execute(on_both, change)


def test_the_end_of_a_period_is_written_once(on_both):
    import_lists(on_both, FIRST)
    on_both.clock.advance("P1D")
    import_lists(on_both, SECOND)
    again = sa.update(ListVersion).values(in_force_to=None)
    with pytest.raises(sa.exc.DBAPIError, match="stays as it was imported"):
        execute(on_both, again.where(ListVersion.in_force_to.is_not(None)))
    execute(
        on_both,
        sa.update(ListVersion)
        .where(ListVersion.in_force_to.is_(None))
        .values(in_force_to=on_both.clock.now()),
    )
    assert in_force(on_both) == {}


def test_no_version_goes(on_both):
    import_lists(on_both, FIRST)
    with pytest.raises(sa.exc.DBAPIError, match="stays as it was imported"):
        execute(on_both, sa.delete(ListVersion))
    assert len(on_both.rows(ListVersion)) == 2


def execute(screening, statement):
    with screening.runtime.transaction() as session:
        session.execute(statement)
