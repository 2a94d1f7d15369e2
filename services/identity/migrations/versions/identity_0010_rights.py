"""The rights of people: notices they were told, restriction, objection, requests, recipients."""

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "identity_0010"
down_revision = "identity_0009"
branch_labels = None
depends_on = None

SHIPPED = Path(__file__).parents[1] / "notices" / "2026-01-01"


def upgrade():
    notices = op.create_table(
        "notices",
        sa.Column("version", sa.String(13), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("text_nl", sa.Text(), nullable=False),
        sa.Column("text_de", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_notices"),
    )
    first = datetime.fromisoformat(SHIPPED.name).replace(tzinfo=UTC)
    texts = {f"text_{each.stem}": each.read_text(encoding="utf-8") for each in SHIPPED.iterdir()}
    op.bulk_insert(
        notices,
        [{
            "version": SHIPPED.name, "valid_from": first.date(), "country": "*",
            "published_at": first, **texts,
        }],
    )  # fmt: skip
    op.create_table(
        "advertising_objections",
        sa.Column("address_digest", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("objected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("surface", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("address_digest", name="pk_advertising_objections"),
    )
    op.create_index(
        "ix_advertising_objections_account_id", "advertising_objections", ["account_id"]
    )
    op.create_table(
        "rights_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.String(254), nullable=True),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("right", sa.String(40), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("extended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extension_reason", sa.String(40), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal_ground", sa.String(40), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("handled_by", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.String(64), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_rights_requests_account_id_accounts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rights_requests"),
        sa.UniqueConstraint("token_hash", name="uq_rights_requests_token_hash"),
    )
    op.create_table(
        "recipient_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("recipient", sa.String(200), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("arose_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_recipient_notices_account_id_accounts"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"],
            name="fk_recipient_notices_organisation_id_organisations",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recipient_notices"),
    )  # fmt: skip
    for name in ("account_id", "organisation_id", "recipient", "confirmed_at"):
        op.create_index(f"ix_recipient_notices_{name}", "recipient_notices", [name])
    for name in ("account_id", "state", "next_try_at"):
        op.create_index(f"ix_rights_requests_{name}", "rights_requests", [name])
    for column in (
        sa.Column("notice_version", sa.String(13), nullable=True),
        sa.Column("restricted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restriction_ground", sa.String(40), nullable=True),
        sa.Column("restriction_ends_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("accounts", column)


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
