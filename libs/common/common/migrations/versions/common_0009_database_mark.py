"""A mark by which a service knows the database it worked on from one out of a backup."""

import sqlalchemy as sa
from alembic import op

revision = "common_0009"
down_revision = "common_0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "database_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(80), nullable=False),
        sa.Column("written_in", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_database_mark"),
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
