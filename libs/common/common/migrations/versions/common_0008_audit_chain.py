"""The chain over the audit: seals, what waits for one, and the heads of the other services."""

import sqlalchemy as sa
from alembic import op

revision = "common_0008"
down_revision = "common_0007"
branch_labels = None
depends_on = None

REASON = "the audit is only ever added to"
WAITS = "INSERT INTO audit_unsealed (entry_id) SELECT id FROM"


def upgrade():
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "audit_seals",
        sa.Column("number", number, autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_seals"),
        sa.UniqueConstraint("entry_id", name="uq_audit_seals_entry_id"),
    )
    op.create_table(
        "audit_unsealed",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_audit_unsealed"),
    )
    op.create_table(
        "audit_anchors",
        sa.Column("service", sa.String(40), nullable=False),
        sa.Column("number", number, autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service", "number", name="pk_audit_anchors"),
    )
    op.execute(f"{WAITS} audit_entries")
    keep = _keep_on_postgres if op.get_bind().dialect.name == "postgresql" else _keep_on_sqlite
    keep()


def _keep_on_postgres():
    op.execute(
        "CREATE FUNCTION await_audit_seal() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {WAITS} added; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entries_waiting AFTER INSERT ON audit_entries"
        " REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION await_audit_seal()"
    )
    for table in ("audit_seals", "audit_anchors"):
        for name, when in (
            ("fixed", f"UPDATE OR DELETE ON {table} FOR EACH ROW"),
            ("kept", f"TRUNCATE ON {table} FOR EACH STATEMENT"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {when} EXECUTE FUNCTION keep_audit_entry()"
            )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER")


def _keep_on_sqlite():
    op.execute(
        "CREATE TRIGGER audit_entries_waiting AFTER INSERT ON audit_entries FOR EACH ROW"
        " BEGIN INSERT INTO audit_unsealed (entry_id) VALUES (NEW.id); END"
    )
    for table in ("audit_seals", "audit_anchors"):
        for name, when in (("fixed", "UPDATE"), ("kept", "DELETE")):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} FOR EACH ROW"
                f" BEGIN SELECT RAISE(ABORT, '{REASON}'); END"
            )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
