"""Erasures are previewed and approved, and certified."""


revision = "identity_0010"
down_revision = "identity_0009"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
