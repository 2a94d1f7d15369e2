"""The audit is append-only, chained, and its heads stand in other services too."""


revision = "common_0005"
down_revision = "common_0004"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
