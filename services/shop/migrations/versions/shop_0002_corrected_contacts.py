"""An order says that its contact was corrected elsewhere since.

Revision ID: shop_0002
Revises: shop_0001
"""

import sqlalchemy as sa
from alembic import op

revision = "shop_0002"
down_revision = "shop_0001"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "orders", sa.Column("contact_corrected_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
