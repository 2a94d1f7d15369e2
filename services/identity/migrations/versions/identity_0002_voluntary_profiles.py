"""What people tell voluntarily, with consent."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0002"
down_revision = "identity_0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "voluntary_profiles",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("salutation", sa.String(40)),
        sa.Column("job_title", sa.String(100)),
        sa.Column("phone", sa.String(40)),
        sa.Column("mobile", sa.String(40)),
        sa.Column("interests", sa.String(200)),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_voluntary_profiles_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_voluntary_profiles"),
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
