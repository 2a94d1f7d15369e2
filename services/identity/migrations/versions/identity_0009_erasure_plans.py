"""Plans of erasures, which the data protection officer approves."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0009"
down_revision = "identity_0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "erasure_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("account_version", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_by", sa.Uuid(), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_erasure_plans_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_erasure_plans"),
    )
    op.create_index("ix_erasure_plans_account_id", "erasure_plans", ["account_id"])
    with op.batch_alter_table("erasure_requests") as table:
        table.add_column(sa.Column("plan_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            "fk_erasure_requests_plan_id_erasure_plans", "erasure_plans", ["plan_id"], ["id"]
        )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
