"""Requests for new passwords, changes of addresses, muted topics, mails that were given up."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0006"
down_revision = "identity_0005"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("mails", sa.Column("given_up_at", sa.DateTime(timezone=True)))

    op.create_table(
        "recovery_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_requests"),
    )
    op.create_index("ix_recovery_requests_address", "recovery_requests", ["address"])
    op.create_index("ix_recovery_requests_asked_at", "recovery_requests", ["asked_at"])

    op.create_table(
        "recovery_counts",
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("network", name="pk_recovery_counts"),
    )
    op.create_index("ix_recovery_counts_begun_at", "recovery_counts", ["begun_at"])

    op.create_table(
        "address_changes",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_address_changes_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_address_changes"),
    )
    op.create_index("ix_address_changes_asked_at", "address_changes", ["asked_at"])

    op.create_table(
        "muted_topics",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_muted_topics_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("account_id", "topic", name="pk_muted_topics"),
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
