"""Erasures that are answered again, and the database they were carried out in."""


revision = "common_0008"
down_revision = "common_0007"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
