"""Where lists are fetched from, how many names a version holds, and versions that stay as they are"""

import json
import zlib

import sqlalchemy as sa
from alembic import op

revision = "screening_0002"
down_revision = "screening_0001"
branch_labels = None
depends_on = None

FIXED = ("id", "list_id", "version", "checksum", "published_on", "entries", "people", "names",
         "content", "imported_at", "in_force_from")  # fmt: skip
REASON = "a list version stays as it was imported"


def upgrade():
    op.create_table(
        "list_sources",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("checksum", sa.String(length=64), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("url", name="pk_list_sources"),
    )
    op.add_column(
        "list_versions", sa.Column("names", sa.Integer(), nullable=False, server_default="0")
    )
    _count_names()
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgres()
    else:
        _guard_on_sqlite()


def _count_names():
    table = sa.table("list_versions", sa.column("id"), sa.column("content"), sa.column("names"))
    bind = op.get_bind()
    for (key,) in bind.execute(sa.select(table.c.id)).all():
        content = bind.scalar(sa.select(table.c.content).where(table.c.id == key))
        names = sum(len(entry["names"]) for entry in json.loads(zlib.decompress(content)))
        bind.execute(sa.update(table).where(table.c.id == key).values(names=names))


def _guard_on_postgres():
    op.execute(
        "CREATE FUNCTION keep_list_version() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REASON}'; END $$"
    )
    for name, when in _guards():
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} EXECUTE FUNCTION keep_list_version()")


def _guard_on_sqlite():
    for name, when in _guards():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{REASON}'); END"
        )


def _guards():
    table = "ON list_versions FOR EACH ROW"
    yield "list_versions_fixed", f"UPDATE OF {', '.join(FIXED)} {table}"
    yield "list_versions_ended", f"UPDATE OF in_force_to {table} WHEN (OLD.in_force_to IS NOT NULL)"
    yield "list_versions_kept", f"DELETE {table}"


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
