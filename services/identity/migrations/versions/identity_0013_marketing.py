"""Objections to advertising, and mailings."""


revision = "identity_0013"
down_revision = "identity_0012"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
