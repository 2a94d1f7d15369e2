"""The privacy notice that a consent was given under."""


revision = "common_0007"
down_revision = "common_0006"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
