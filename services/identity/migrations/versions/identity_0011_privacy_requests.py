"""What people ask for as their right, and the exports made for them."""


revision = "identity_0011"
down_revision = "identity_0010"
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
