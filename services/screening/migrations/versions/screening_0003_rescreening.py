"""Changed entries, sweeps, and with what a screening was compared in full."""

import sqlalchemy as sa
from alembic import op

revision = "screening_0003"
down_revision = "screening_0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "rescreenings",
        sa.Column("list_version_id", sa.Uuid(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["list_version_id"],
            ["list_versions.id"],
            name="fk_rescreenings_list_version_id_list_versions",
        ),
        sa.PrimaryKeyConstraint("list_version_id", name="pk_rescreenings"),
    )
    op.create_index("ix_rescreenings_done_at", "rescreenings", ["done_at"])
    # Until now an import had everybody compared again: there is no change that waits.
    op.execute(
        "INSERT INTO rescreenings (list_version_id, added, removed, changed, noted_at, done_at)"
        " SELECT id, 0, 0, 0, imported_at, imported_at FROM list_versions"
    )

    op.create_table(
        "entry_changes",
        sa.Column("list_id", sa.String(length=80), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "added",
                "removed",
                "changed",
                "weighed",
                name="changekind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("list_version", sa.String(length=80), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "entry_id", name="pk_entry_changes"),
    )
    op.create_index("ix_entry_changes_next_try_at", "entry_changes", ["next_try_at"])

    op.create_table(
        "sweeps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("compared_with", sa.String(length=64), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("drifted", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
    )

    op.add_column("screenings", sa.Column("method", sa.String(length=80), nullable=True))
    op.add_column("screenings", sa.Column("compared_with", sa.String(length=64), nullable=True))
    op.create_index("ix_screenings_requested_at", "screenings", ["requested_at"])
    op.create_index(
        "ix_screenings_new",
        "screenings",
        ["next_try_at"],
        postgresql_where=sa.text("checked_at IS NULL"),
        sqlite_where=sa.text("checked_at IS NULL"),
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
