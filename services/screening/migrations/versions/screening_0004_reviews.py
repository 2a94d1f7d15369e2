"""Proposals and second people, objections, and since when a verdict stands."""

import sqlalchemy as sa
from alembic import op

revision = "screening_0004"
down_revision = "screening_0003"
branch_labels = None
depends_on = None


def _choice(name, *values):
    return sa.Enum(*values, name=name, native_enum=False, length=40)


RULING = _choice("ruling", "clear", "confirm")
REASON = _choice(
    "reason", "another_person", "name_only_resembles", "same_person", "cannot_be_ruled_out"
)
GROUND = _choice("ground", "art_21_1", "art_22_3")
STATE = _choice("objectionstate", "received", "upheld", "rejected")
ANSWER = _choice(
    "answerreason",
    "compelling_grounds",
    "interests_prevail",
    "reviewed_and_cleared",
    "reviewed_and_confirmed",
    "not_concerned",
)


def upgrade():
    instant = sa.DateTime(timezone=True)
    op.add_column("screenings", sa.Column("verdict_at", instant, nullable=True))
    op.execute("UPDATE screenings SET verdict_at = checked_at WHERE verdict <> 'pending'")
    op.add_column("decisions", sa.Column("proposed_by", sa.Uuid(), nullable=True))
    op.add_column("decisions", sa.Column("proposed_at", instant, nullable=True))
    op.create_index("ix_decisions_proposed_by", "decisions", ["proposed_by"])

    op.create_table(
        "proposals",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name_digest", sa.String(length=64), nullable=False),
        sa.Column("outcome", RULING, nullable=False),
        sa.Column("reason", REASON, nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["screenings.account_id"], name="fk_proposals_account_id_screenings"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_proposals"),
    )
    op.create_index("ix_proposals_proposed_by", "proposals", ["proposed_by"])
    op.create_table(
        "proposed_entries",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.String(length=80), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("entry_fingerprint", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["proposals.account_id"],
            name="fk_proposed_entries_account_id_proposals",
        ),
        sa.PrimaryKeyConstraint("account_id", "list_id", "entry_id", name="pk_proposed_entries"),
    )

    op.create_table(
        "objections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("ground", GROUND, nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("received_at", instant, nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("balancing_test", sa.Text(), nullable=True),
        sa.Column("reason", ANSWER, nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", instant, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_objections"),
    )
    for column in ("account_id", "received_by", "answered_by"):
        op.create_index(f"ix_objections_{column}", "objections", [column])
    op.create_index(
        "uq_objections_open",
        "objections",
        ["account_id", "ground"],
        unique=True,
        postgresql_where=sa.text("state = 'received'"),
        sqlite_where=sa.text("state = 'received'"),
    )


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
