"""Legal holds as every service hears of them, and how many rows a sweep left for them.

Revision ID: common_0005
Revises: common_0004
"""

import sqlalchemy as sa
from alembic import op

revision = "common_0005"
down_revision = "common_0004"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("swept", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.add_column(
        "retention_reports", sa.Column("held", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
