"""The shared tables come about by migrations, once, and are what the models say."""

from threading import Thread
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner

from common import migrations, processes, revisions
from common.db import CommonBase, Database

ON_BOTH = pytest.mark.parametrize(
    "harness", ["sample", pytest.param("sample_on_postgres", marks=pytest.mark.postgres)]
)


@pytest.fixture
def migrated(request, harness):
    return request.getfixturevalue(harness).runtime


@ON_BOTH
def test_the_migrated_tables_are_those_of_the_models(migrated):
    with migrated.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": shared_object})
        assert compare_metadata(context, CommonBase.metadata) == []


def shared_object(_, name, kind, *__):
    return kind != "table" or name in CommonBase.metadata.tables


@ON_BOTH
def test_control_a_missing_column_shows_in_the_comparison(migrated):
    with migrated.db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE inbox RENAME COLUMN handled_at TO forgotten_at")
        context = MigrationContext.configure(connection, opts={"include_object": shared_object})
        assert compare_metadata(context, CommonBase.metadata) != []


@ON_BOTH
def test_migrating_again_changes_nothing(migrated):
    migrations.upgrade(migrated)
    assert not revisions.missing(migrated)


def versions(runtime, *ids):
    """Pretend that the database was migrated to these."""
    with runtime.db.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
        for each in ids:
            connection.execute(sa.text("INSERT INTO alembic_version VALUES (:r)"), {"r": each})


@ON_BOTH
def test_a_database_that_is_behind_lacks_migrations_and_one_that_is_ahead_does_not(migrated):
    with migrated.db.engine.connect() as connection:
        (head,) = MigrationContext.configure(connection).get_current_heads()
    versions(migrated)
    assert revisions.missing(migrated)
    assert "run `python -m sample migrate`" in migrated.not_ready()
    versions(migrated, "common_9999")
    assert not revisions.missing(migrated)
    versions(migrated, head)
    assert migrated.not_ready() is None


def test_a_database_out_of_reach_is_not_ready(sample, monkeypatch):
    def fall(_):
        raise sa.exc.OperationalError("", {}, Exception("connection refused"))

    monkeypatch.setattr(revisions, "missing", fall)
    assert sample.runtime.not_ready() == (
        "The database is out of reach: look at SAMPLE_DATABASE_URL."
    )


@pytest.mark.postgres
def test_processes_that_migrate_at_the_same_time_do_it_once(sample_on_postgres):
    runtime, faults = sample_on_postgres.runtime, []
    with runtime.db.engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))

    def migrate():
        try:
            migrations.upgrade(runtime)
        except Exception as error:
            faults.append(error)

    threads = [Thread(target=migrate) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert faults == []
    assert not revisions.missing(runtime)


@pytest.mark.postgres
def test_a_database_of_another_encoding_is_refused_in_one_sentence(postgres_server, sample):
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS plain_bytes")
        connection.execute(
            "CREATE DATABASE plain_bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
        )
    url = urlsplit(postgres_server.url)._replace(path="/plain_bytes").geturl()
    database, service = Database(url), sample.service
    told = {"name": service.name, "service": service, "settings": sample.runtime.settings}
    runtime = SimpleNamespace(db=database, **told)
    service.runtime = lambda: runtime
    try:
        done = CliRunner().invoke(processes.command_line(service, ()), ["migrate"])
    finally:
        del service.runtime
        database.close()
    assert done.exit_code == 1
    assert "The database holds SQL_ASCII: make it anew" in done.stderr
