"""Privacy notices, and under which of them people came."""


revision = "identity_0012"
down_revision = "identity_0011"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
