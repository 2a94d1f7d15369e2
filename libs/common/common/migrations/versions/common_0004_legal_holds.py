"""Legal holds that stand on rows of this service."""


revision = "common_0004"
down_revision = "common_0003"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
