"""Legal holds, and erasures that are followed by another one for what a hold kept."""

import sqlalchemy as sa
from alembic import op

revision = "identity_0008"
down_revision = "identity_0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("ground", sa.String(500), nullable=True),
        sa.Column("placed_by", sa.Uuid(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_legal_holds"),
    )
    op.create_index("ix_legal_holds_subject", "legal_holds", ["subject"])
    op.create_index("ix_legal_holds_released_at", "legal_holds", ["released_at"])
    with op.batch_alter_table("erasure_requests") as table:
        table.drop_constraint("uq_erasure_requests_account_id", type_="unique")
        table.add_column(sa.Column("followed_by", sa.Uuid(), nullable=True))
    op.create_index("ix_erasure_requests_account_id", "erasure_requests", ["account_id"])
    op.create_table(
        "held_erasures",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["erasure_requests.id"],
            name="fk_held_erasures_request_id_erasure_requests",
        ),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["legal_holds.id"], name="fk_held_erasures_hold_id_legal_holds"
        ),
        sa.PrimaryKeyConstraint("request_id", "hold_id", name="pk_held_erasures"),
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
