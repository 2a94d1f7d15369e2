"""Tries to sign in, what failed ones cost, and where a sign-in was begun."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0004"
down_revision = "identity_0003"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("sign_in_sessions", sa.Column("network", sa.String(49)))
    op.add_column("sign_in_sessions", sa.Column("client", sa.String(120)))

    op.create_table(
        "sign_in_tries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("network", sa.String(49), nullable=False),
        sa.Column("client", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_sign_in_tries_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_tries"),
    )
    op.create_index("ix_sign_in_tries_at", "sign_in_tries", ["at"])
    op.create_index(
        "ix_sign_in_tries_network", "sign_in_tries", ["account_id", "outcome", "network"]
    )

    op.create_table(
        "sign_in_throttles",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wait_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_throttles"),
    )
    op.create_index("ix_sign_in_throttles_last_failed_at", "sign_in_throttles", ["last_failed_at"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
