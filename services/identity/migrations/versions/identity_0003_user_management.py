"""User management of organisations, and invitations."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0003"
down_revision = "identity_0002"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("organisations", sa.Column("user_management_since", sa.DateTime(timezone=True)))
    op.add_column("organisations", sa.Column("user_management_by", sa.Uuid()))
    op.add_column("organisations", sa.Column("agreement_reference", sa.String(80)))

    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("email_key", sa.String(254)),
        sa.Column("language", sa.String(2)),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid()),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state = 'sent' OR (email IS NULL AND token_hash IS NULL)", name="ck_invitations_gone"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_invitations_organisation_id_organisations",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_invitations_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("organisation_id", "email_key", name="uq_invitations_organisation_id"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
    )
    op.create_index("ix_invitations_email_key", "invitations", ["email_key"])
    op.create_index("ix_invitations_account_id", "invitations", ["account_id"])
    op.create_index("ix_invitations_next_try_at", "invitations", ["next_try_at"])
    op.create_index(
        "ix_invitations_organisation_id_asked_at", "invitations", ["organisation_id", "asked_at"]
    )
    op.create_index("ix_invitations_state_expires_at", "invitations", ["state", "expires_at"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
