"""The audit is append-only: by triggers on every database, on PostgreSQL by privileges too."""

from alembic import op

revision = "common_0004"
down_revision = "common_0003"
branch_labels = None
depends_on = None

REASON = "the audit is only ever added to"


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION keep_audit_entry() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{REASON}'; END $$"
        )
        for name, when in (
            ("audit_entries_fixed", "UPDATE OR DELETE ON audit_entries FOR EACH ROW"),
            ("audit_entries_kept", "TRUNCATE ON audit_entries FOR EACH STATEMENT"),
        ):
            op.execute(f"CREATE TRIGGER {name} BEFORE {when} EXECUTE FUNCTION keep_audit_entry()")
        op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM CURRENT_USER")
    else:
        for name, when in (("audit_entries_fixed", "UPDATE"), ("audit_entries_kept", "DELETE")):
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {when} ON audit_entries FOR EACH ROW"
                f" BEGIN SELECT RAISE(ABORT, '{REASON}'); END"
            )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
