"""Retention rules that were activated, what the sweep leases and what it did."""


revision = "common_0003"
down_revision = "common_0002"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
