"""Sets of retention rules that were proposed, with their previews; one of them is in force.

Revision ID: common_0006
Revises: common_0005
"""

import sqlalchemy as sa
from alembic import op

revision = "common_0006"
down_revision = "common_0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "retention_rule_sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("preview", sa.JSON(), nullable=False),
        sa.Column("preview_id", sa.Uuid(), nullable=False),
        sa.Column("against", sa.Uuid(), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_retention_rule_sets"),
    )
    op.create_index("ix_retention_rule_sets_activated_at", "retention_rule_sets", ["activated_at"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
