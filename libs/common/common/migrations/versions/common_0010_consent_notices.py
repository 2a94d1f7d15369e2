"""Which privacy notice was in force when somebody agreed to something, or took it back."""

import sqlalchemy as sa
from alembic import op

revision = "common_0010"
down_revision = "common_0009"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("consents", sa.Column("notice_version", sa.String(13), nullable=True))


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
