"""Contracts with those who represent the operator in a country."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0007"
down_revision = "identity_0006"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "representations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("contract_reference", sa.String(100), nullable=False),
        sa.Column("contract_kind", sa.String(40), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_from <= valid_to", name="ck_representations_in_order"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_representations_organisation_id_organisations",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_representations"),
    )
    op.create_index("ix_representations_organisation_id", "representations", ["organisation_id"])
    op.create_index("ix_representations_country", "representations", ["country"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
