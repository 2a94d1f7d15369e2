"""Indexes for the retention sweep."""

import sqlalchemy as sa
from alembic import op

revision = "screening_0005"
down_revision = "screening_0004"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
