"""Legal holds."""


revision = "identity_0009"
down_revision = "identity_0008"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
