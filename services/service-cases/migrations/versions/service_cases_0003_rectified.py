"""Contacts that were corrected elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "service_cases_0003"
down_revision = "service_cases_0002"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
