"""What the retention sweep leases, and what it did."""

import sqlalchemy as sa
from alembic import op

revision = "common_0003"
down_revision = "common_0002"
branch_labels = None
depends_on = None

RUNNING = sa.text("ended_at IS NULL")


def upgrade():
    op.create_table(
        "retention_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_class", sa.String(80), nullable=False),
        sa.Column("of_table", sa.String(80), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("erased", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retention_reports"),
    )
    op.create_index(
        "uq_retention_reports_running",
        "retention_reports",
        ["record_class", "of_table"],
        unique=True,
        postgresql_where=RUNNING,
        sqlite_where=RUNNING,
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
