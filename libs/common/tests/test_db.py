"""Instants, units of work, and the race that a plain BEGIN of SQLite loses."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, BrokenBarrierError, Thread

import psycopg
import pytest
import sqlalchemy as sa

from common.db import Database, UtcDateTime, is_lost, is_passing
from common.ids import uuid7
from common.messaging.inbox import InboxRow
from sample.models import Parcel

BERLIN = timezone(timedelta(hours=1))
INSTANTS = sa.Table(
    "instants",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime),
)


@pytest.fixture
def sqlite(tmp_path):
    made = Database(f"sqlite:///{tmp_path}/own.sqlite")
    yield made
    made.close()


@pytest.fixture
def postgres(postgres_url):
    made = Database(postgres_url)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request):
    made = request.getfixturevalue(request.param)
    INSTANTS.create(made.engine)
    return made


# -------------------------------------------------------------------------------- instants


def test_an_instant_comes_back_aware_and_in_utc(database):
    with database.transaction() as session:
        at = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=BERLIN)
        session.execute(sa.insert(INSTANTS), [{"at": at}, {"at": None}])
    with database.reading() as session:
        found = list(session.scalars(sa.select(INSTANTS.c.at).order_by(INSTANTS.c.id)))
    assert found == [at, None]
    assert found[0].utcoffset() == timedelta(0)


def test_instants_of_different_zones_are_compared_as_instants(database):
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    with database.transaction() as session:
        session.execute(sa.insert(INSTANTS), [{"at": noon}])
    later = noon.astimezone(BERLIN) + timedelta(seconds=1)
    with database.reading() as session:
        assert session.scalar(sa.select(INSTANTS.c.id).where(INSTANTS.c.at < later)) == 1
        assert session.scalar(sa.select(INSTANTS.c.id).where(INSTANTS.c.at > later)) is None


def test_a_naive_time_is_refused(database):
    with (
        pytest.raises(sa.exc.StatementError, match="a naive datetime is no instant"),
        database.transaction() as session,
    ):
        session.execute(sa.insert(INSTANTS), [{"at": datetime(2026, 3, 2)}])
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(INSTANTS)) == 0


# ---------------------------------------------------------------------------- units of work


def test_a_unit_of_work_that_raises_leaves_nothing(database):
    def work():
        with database.transaction() as session:
            session.execute(sa.insert(INSTANTS), [{"at": None}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(INSTANTS)) == 0


def test_reading_does_not_wait_for_a_writer(database):
    with database.transaction() as writer:
        writer.execute(sa.insert(INSTANTS), [{"at": None}])
        with database.reading() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(INSTANTS)) == 0


def test_sqlite_keeps_foreign_keys_and_writes_ahead(sqlite):
    with sqlite.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_no_error_text_holds_the_values_of_a_statement(sample):
    parcel = uuid7()
    row = {"id": parcel, "organisation_id": parcel, "account_id": parcel, "label": "Anna Muster"}
    with pytest.raises(sa.exc.IntegrityError) as caught, sample.runtime.transaction() as session:
        session.execute(sa.insert(Parcel), [{**row, "weight": 1, "version": 1}] * 2)
    assert "Anna Muster" not in str(caught.value)


# ----------------------------------------------------------------------------------- races


def sell_at_the_same_time(begin, engine):
    """Two buyers read that one seat is left, meet, and each takes it; return seats sold."""
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE seats (remaining int)"))
        connection.execute(sa.text("INSERT INTO seats VALUES (1)"))
    both_have_read, sold = Barrier(2), []

    def buy():
        with begin() as connection:
            left = connection.execute(sa.text("SELECT remaining FROM seats")).scalar()
            with contextlib.suppress(BrokenBarrierError):  # where the other has to wait
                both_have_read.wait(timeout=0.5)
            if left > 0:
                connection.execute(sa.text("UPDATE seats SET remaining = remaining - 1"))
                sold.append(1)

    buyers = [Thread(target=buy), Thread(target=buy)]
    for each in buyers:
        each.start()
    for each in buyers:
        each.join()
    with engine.connect() as connection:
        left = connection.execute(sa.text("SELECT remaining FROM seats")).scalar()
    assert 1 - left == len(sold)
    return len(sold)


def test_a_seat_that_is_read_before_it_is_written_is_sold_once_on_sqlite(sqlite):
    assert sell_at_the_same_time(sqlite.transaction, sqlite.engine) == 1


def test_control_with_the_begin_of_the_driver_the_seat_is_sold_twice(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path}/plain.sqlite")
    assert sell_at_the_same_time(engine.begin, engine) == 2
    engine.dispose()


# ------------------------------------------------------------------------- a lost database


@pytest.mark.postgres
def test_a_database_that_went_away_is_told_from_a_wrong_statement(postgres, postgres_url):
    def fault(statement):
        with pytest.raises(sa.exc.DBAPIError) as caught, postgres.reading() as session:
            session.execute(sa.text(statement))
        return caught.value

    assert is_lost(fault("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert not is_lost(fault("SELECT 1/0"))
    assert not is_lost(fault("SELECT * FROM nowhere"))
    assert is_lost(psycopg.OperationalError("consuming input failed"))


@pytest.mark.postgres
def test_two_transactions_in_each_others_way_are_worth_another_try(postgres):
    with postgres.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE seats (id int)"))
        connection.execute(sa.text("INSERT INTO seats VALUES (1), (2)"))
    both_hold_one, faults = Barrier(2), []

    def take(first, second):
        try:
            with postgres.transaction() as session:
                row = sa.text("SELECT id FROM seats WHERE id = :id FOR UPDATE")
                session.execute(row, {"id": first})
                both_hold_one.wait(timeout=10)
                session.execute(row, {"id": second})
        except sa.exc.OperationalError as error:
            faults.append(error)

    buyers = [Thread(target=take, args=(1, 2)), Thread(target=take, args=(2, 1))]
    for each in buyers:
        each.start()
    for each in buyers:
        each.join()
    (fault,) = faults
    assert is_passing(fault)
    assert not is_lost(fault)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
def test_a_database_that_cannot_be_reached_is_lost(host):
    away = Database(f"postgresql://nobody@{host}/none")
    with pytest.raises(sa.exc.OperationalError) as caught:
        away.engine.connect()
    assert is_lost(caught.value)


@pytest.mark.postgres
def test_where_every_connection_is_in_use_waiting_is_better_than_failing(postgres):
    one = sa.create_engine(postgres.engine.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    with one.connect(), pytest.raises(sa.exc.TimeoutError) as caught:
        one.connect()
    assert is_lost(caught.value)
    one.dispose()


def test_a_locked_or_a_wrong_sqlite_is_not_a_lost_one(sqlite):
    with pytest.raises(sa.exc.OperationalError) as caught, sqlite.reading() as session:
        session.execute(sa.select(InboxRow))
    assert not is_lost(caught.value)
