"""A service can run as a role that owns no table: what it added to the audit stays (art. 5(2))."""

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from common import migrations, revisions
from common.db import Database
from common.ids import uuid7
from common.privacy import chain
from common.privacy.audit import AuditEntry, audit
from common.privacy.chain import AuditSeal

PASSWORD = "serving"

FORBIDDEN = [
    statement.format(table)
    for table in migrations.ONLY_ADDED_TO
    for statement in (
        "DELETE FROM {}",
        "TRUNCATE {}",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "DROP TABLE {}",
    )
] + [
    "UPDATE audit_entries SET actor = 'nobody'",
    "UPDATE audit_seals SET hash = ''",
    "UPDATE audit_anchors SET hash = ''",
    "DROP TRIGGER audit_entries_waiting ON audit_entries",
    "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION await_audit_seal() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN RETURN NULL; END $$",
]


@pytest.fixture
def serving(sample_on_postgres):
    """The sample service as a role that may serve and owns nothing."""
    runtime, role = sample_on_postgres.runtime, f"serving_{uuid7().hex}"
    with runtime.db.engine.begin() as connection:
        connection.execute(sa.text(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"))
    migrations.grant(runtime, role)
    owner = runtime.db
    url = make_url(owner.engine.url).set(username=role, password=PASSWORD)
    runtime.db = Database(url.render_as_string(hide_password=False))
    yield sample_on_postgres
    runtime.db.close()
    runtime.db = owner
    with owner.engine.begin() as connection:
        connection.execute(sa.text(f"DROP OWNED BY {role}"))
        connection.execute(sa.text(f"DROP ROLE {role}"))


@pytest.mark.postgres
def test_it_serves_and_seals(serving):
    with serving.runtime.transaction(actor="somebody") as session:
        audit(session, "parcel.send", uuid7())
    assert chain.seal(serving.runtime) == 1
    assert len(serving.rows(AuditSeal)) == len(serving.rows(AuditEntry)) == 1
    assert not revisions.missing(serving.runtime)
    assert serving.sign_in().post("/parcels", {"label": "x", "weight": 1}).status_code == 201


@pytest.mark.postgres
def test_it_cannot_change_shorten_or_open_the_audit(serving):
    with serving.runtime.transaction(actor="somebody") as session:
        audit(session, "parcel.send", uuid7())
    with serving.runtime.db.engine.begin() as connection:  # a warning, and nothing is granted
        connection.execute(sa.text("GRANT ALL ON audit_entries TO CURRENT_USER"))
    for statement in FORBIDDEN:
        with (
            pytest.raises(sa.exc.DBAPIError) as caught,
            serving.runtime.db.engine.begin() as connection,
        ):
            connection.execute(sa.text(statement))
        assert isinstance(caught.value.orig, psycopg.errors.InsufficientPrivilege), statement
    (entry,) = serving.rows(AuditEntry)
    assert entry.actor == "somebody"


def test_without_roles_nothing_is_granted(sample):
    with pytest.raises(ValueError, match="no roles"):
        migrations.grant(sample.runtime, "serving")
