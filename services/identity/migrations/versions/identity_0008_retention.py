"""Previews of retention rules, and the rule sets that were activated."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0008"
down_revision = "identity_0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "retention_previews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("rules_sha256", sa.String(64), nullable=False),
        sa.Column("compared_sha256", sa.String(64), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("previewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previewed_by", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retention_previews"),
    )
    op.create_index("ix_retention_previews_previewed_at", "retention_previews", ["previewed_at"])
    op.create_table(
        "retention_rule_sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("preview_id", sa.Uuid(), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["preview_id"],
            ["retention_previews.id"],
            name="fk_retention_rule_sets_preview_id_retention_previews",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_retention_rule_sets"),
        sa.UniqueConstraint("preview_id", name="uq_retention_rule_sets_preview_id"),
    )
    op.create_index("ix_retention_rule_sets_activated_at", "retention_rule_sets", ["activated_at"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
