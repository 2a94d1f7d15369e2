"""A service knows its database from one out of a backup (S26)."""

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from common import processes
from common.db import Database
from common.ids import uuid7
from common.privacy import restores, routes
from common.privacy.erasure import ErasureReceipt
from common.web.peers import PeerUnavailable


def settled(harness):
    restores.settle(harness.runtime)
    return harness.runtime


def execute(runtime, *statements):
    with runtime.db.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        for each in statements:
            connection.execute(sa.text(each))


def test_at_the_first_start_it_is_marked_and_nobody_is_asked(sample):
    runtime = sample.runtime
    assert runtime.not_ready() is None
    assert settled(sample).not_ready() is None
    assert len(sample.rows(restores.DatabaseMark)) == 1


@pytest.mark.postgres
@pytest.mark.parametrize(
    "done", ["VACUUM FREEZE", "VACUUM FULL", "REINDEX TABLE database_mark", "CHECKPOINT"]
)
def test_what_a_database_does_to_itself_is_no_restore(sample_on_postgres, done):
    runtime = settled(sample_on_postgres)
    execute(runtime, done)
    assert runtime.not_ready() is None
    assert settled(sample_on_postgres).not_ready() is None


@pytest.mark.postgres
def test_a_copy_of_the_database_is_another_one(sample_on_postgres, new_postgres_database):
    runtime = settled(sample_on_postgres)
    name, copy = runtime.db.engine.url.database, f"copy_{uuid7().hex}"
    runtime.db.close()
    other = Database(new_postgres_database("other"))
    with other.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"'))
        own, runtime.db = runtime.db, Database(own_url(other, copy))
        assert "backup" in runtime.not_ready()
        runtime.db.close()
        runtime.db = own
        connection.execute(sa.text(f'DROP DATABASE "{copy}"'))
    other.close()
    assert runtime.not_ready() is None


def own_url(database, name):
    return database.engine.url.set(database=name).render_as_string(hide_password=False)


@pytest.mark.postgres
def test_rows_that_another_transaction_wrote_are_out_of_a_backup(sample_on_postgres):
    runtime = settled(sample_on_postgres)
    execute(
        runtime,
        "CREATE TABLE dumped AS SELECT * FROM database_mark",
        "DELETE FROM database_mark",
        "INSERT INTO database_mark SELECT * FROM dumped",
    )
    assert "backup" in runtime.not_ready()


def test_an_operator_calls_it_restored_and_it_waits_for_whom_it_must_ask(sample, monkeypatch):
    runtime = settled(sample)
    monkeypatch.setattr(sample.service, "runtime", lambda: runtime)
    command = processes.command_line(sample.service, ())
    answer = CliRunner().invoke(command, ["restored"])
    assert (answer.exit_code, "not ready" in answer.stderr) == (0, True)
    with pytest.raises(PeerUnavailable):
        restores.settle(runtime)
    assert "backup" in runtime.not_ready()


def test_all_pages_of_the_erasures_are_told_once(sample, monkeypatch):  # S26
    monkeypatch.setattr(routes, "PAGE", 2)
    ids = [uuid7() for _ in range(5)]
    for number, request_id in enumerate(ids, 1):
        sample.given(
            ErasureReceipt(
                request_id=request_id, account_id=uuid7(), answered_at=sample.clock.now(),
                number=number, receipt={}, kid="sample-1", signature="x",
            )
        )  # fmt: skip
    told, after = [], None
    peer = sample.peer("shop", "erasures:read")
    for _ in range(3):
        page = peer.post("/internal/erasures", {"after": after and str(after)}).json
        told += [each["request_id"] for each in page["rows"]]
        after = page["next"]
    assert (told, after) == ([str(each) for each in ids], None)
