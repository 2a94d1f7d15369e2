"""The audit can be added to, and neither changed nor shortened (S12, art. 5(2) GDPR)."""

import psycopg
import pytest
import sqlalchemy as sa

from common.ids import uuid7
from common.privacy.audit import AuditEntry, audit

CHANGES = [
    "UPDATE audit_entries SET actor = 'nobody'",
    "UPDATE audit_entries SET at = at",
    "DELETE FROM audit_entries",
]


def noted(harness):
    with harness.runtime.transaction(actor="somebody") as session:
        audit(session, "parcel.send", uuid7())
    (entry,) = harness.rows(AuditEntry)
    return entry


def run(harness, statement):
    with harness.runtime.db.engine.begin() as connection:
        connection.execute(sa.text(statement))


def as_it_was(harness, entry):
    (now,) = harness.rows(AuditEntry)
    facts = ("id", "at", "actor", "action", "subject")
    return [getattr(now, name) for name in facts] == [getattr(entry, name) for name in facts]


@pytest.mark.parametrize("statement", CHANGES)
def test_nothing_of_it_is_changed_or_deleted(sample, statement):
    entry = noted(sample)
    with pytest.raises(sa.exc.DBAPIError, match="only ever added to"):
        run(sample, statement)
    assert as_it_was(sample, entry)


@pytest.mark.postgres
@pytest.mark.parametrize("statement", [*CHANGES, "TRUNCATE audit_entries"])
def test_nor_on_postgresql_even_by_who_is_above_privileges(sample_on_postgres, statement):
    entry = noted(sample_on_postgres)
    with pytest.raises(sa.exc.DBAPIError, match=r"only ever added to|permission denied"):
        run(sample_on_postgres, statement)
    assert as_it_was(sample_on_postgres, entry)


@pytest.mark.postgres
@pytest.mark.parametrize("statement", [*CHANGES, "TRUNCATE audit_entries"])
def test_the_service_s_own_role_lacks_the_privilege_even_without_the_trigger(
    sample_on_postgres, statement
):
    harness = sample_on_postgres
    entry = noted(harness)
    role = f"own_{uuid7().hex}"
    for each in (
        f"CREATE ROLE {role}",
        f"ALTER TABLE audit_entries OWNER TO {role}",
        "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
    ):
        run(harness, each)
    with harness.runtime.db.engine.connect() as connection:
        connection.execute(sa.text(f"SET LOCAL ROLE {role}"))
        connection.execute(sa.text("SELECT count(*) FROM audit_entries"))
        with pytest.raises(sa.exc.ProgrammingError) as caught:
            connection.execute(sa.text(statement))
    assert isinstance(caught.value.orig, psycopg.errors.InsufficientPrivilege)
    assert as_it_was(harness, entry)


@pytest.mark.postgres
def test_with_privilege_and_without_trigger_it_could_be_changed(sample_on_postgres):
    """Negative control: it is these two that keep it."""
    noted(sample_on_postgres)
    run(sample_on_postgres, "GRANT DELETE ON audit_entries TO CURRENT_USER")
    run(sample_on_postgres, "ALTER TABLE audit_entries DISABLE TRIGGER ALL")
    run(sample_on_postgres, "DELETE FROM audit_entries")
    assert sample_on_postgres.rows(AuditEntry) == []
