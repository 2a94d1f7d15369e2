"""Accounts whose processing is restricted."""


revision = "common_0006"
down_revision = "common_0005"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
