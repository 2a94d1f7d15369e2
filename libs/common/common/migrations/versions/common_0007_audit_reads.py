"""Who read what of whom: an audit entry names the row that was read, and the person it is about."""

import sqlalchemy as sa
from alembic import op

revision = "common_0007"
down_revision = "common_0006"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("audit_entries", sa.Column("person", sa.Uuid(), nullable=True))
    op.add_column("audit_entries", sa.Column("row_table", sa.String(80), nullable=True))
    op.add_column("audit_entries", sa.Column("row_id", sa.Uuid(), nullable=True))
    op.create_index("ix_audit_entries_person_at", "audit_entries", ["person", "at"])
    op.create_index("ix_audit_entries_actor_at", "audit_entries", ["actor", "at"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
