"""The rights of people: notices they were told, restriction, objection."""

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
    for column in (
        sa.Column("notice_version", sa.String(13), nullable=True),
        sa.Column("restricted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restriction_ground", sa.String(40), nullable=True),
        sa.Column("restriction_ends_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("accounts", column)


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
