"""Tables of identity."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0001"
down_revision = None
branch_labels = ("identity",)
depends_on = None


def upgrade():
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("relation_ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
    )
    op.create_index(
        "ix_organisations_one_operator",
        "organisations",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("kind = 'operator'"),
        sqlite_where=sa.text("kind = 'operator'"),
    )

    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("given_name", sa.String(100)),
        sa.Column("family_name", sa.String(100)),
        sa.Column("email", sa.String(254)),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("company", sa.String(200)),
        sa.Column("customer_number", sa.String(40)),
        sa.Column("country", sa.String(2)),
        sa.Column("language", sa.String(2)),
        sa.Column("password_hash", sa.String(60)),
        sa.Column("password_scheme", sa.String(40)),
        sa.Column("pepper_id", sa.String(40)),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("screening", sa.String(40), nullable=False),
        sa.Column("screening_sequence", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registered_again_at", sa.DateTime(timezone=True)),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.Column("approved_by", sa.Uuid()),
        sa.Column("blocked_by_staff_at", sa.DateTime(timezone=True)),
        sa.Column("blocked_by_screening_at", sa.DateTime(timezone=True)),
        sa.Column("block_reason", sa.String(40)),
        sa.Column("refused_at", sa.DateTime(timezone=True)),
        sa.Column("refusal_reason", sa.String(40)),
        sa.Column("deactivated_at", sa.DateTime(timezone=True)),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'deactivated' OR deactivated_at IS NOT NULL", name="ck_accounts_deactivated"
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR refused_at IS NOT NULL", name="ck_accounts_refused"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_accounts_organisation_id_organisations",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email_key", name="uq_accounts_email_key"),
    )
    op.create_index("ix_accounts_organisation_id", "accounts", ["organisation_id"])
    op.create_index("ix_accounts_state", "accounts", ["state"])

    op.create_table(
        "erasure_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overdue_at", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_erasure_requests_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_erasure_requests"),
        sa.UniqueConstraint("account_id", name="uq_erasure_requests_account_id"),
    )
    op.create_index("ix_erasure_requests_completed_at", "erasure_requests", ["completed_at"])

    op.create_table(
        "link_tokens",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_link_tokens_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("hash", name="pk_link_tokens"),
    )
    op.create_index("ix_link_tokens_account_id", "link_tokens", ["account_id"])
    op.create_index("ix_link_tokens_expires_at", "link_tokens", ["expires_at"])

    op.create_table(
        "mails",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_mails_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", name="pk_mails"),
    )
    op.create_index("ix_mails_next_try_at", "mails", ["next_try_at"])

    op.create_table(
        "sign_in_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_sign_in_sessions_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_sessions"),
    )
    op.create_index("ix_sign_in_sessions_account_id", "sign_in_sessions", ["account_id"])
    op.create_index("ix_sign_in_sessions_begun_at", "sign_in_sessions", ["begun_at"])

    op.create_table(
        "staff_roles",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_staff_roles_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("account_id", "role", name="pk_staff_roles"),
    )
    op.create_table(
        "received_receipts",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["erasure_requests.id"],
            name="fk_received_receipts_request_id_erasure_requests",
        ),
        sa.PrimaryKeyConstraint("request_id", "owner", name="pk_received_receipts"),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sign_in_sessions.id"],
            name="fk_refresh_tokens_session_id_sign_in_sessions",
        ),
        sa.PrimaryKeyConstraint("hash", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
