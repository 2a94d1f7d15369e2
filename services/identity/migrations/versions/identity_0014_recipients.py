"""Who got data of people, and what they must be told."""


revision = "identity_0014"
down_revision = "identity_0013"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
