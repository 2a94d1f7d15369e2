"""Previews of retention rules, and the rule sets that were activated."""


revision = "identity_0008"
down_revision = "identity_0007"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
