"""initial"""

import sqlalchemy as sa
from alembic import op

revision = "screening_0001"
down_revision = None
branch_labels = ("screening",)
depends_on = None


def upgrade():
    op.create_table(
        "list_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_force_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_force_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("in_force_to >= in_force_from", name="ck_list_versions_period"),
        sa.PrimaryKeyConstraint("id", name="pk_list_versions"),
    )
    op.create_index(
        "uq_list_versions_in_force",
        "list_versions",
        ["list_id"],
        unique=True,
        postgresql_where=sa.text("in_force_to IS NULL"),
        sqlite_where=sa.text("in_force_to IS NULL"),
    )

    op.create_table(
        "screenings",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "pending", "clear", "review", "hit", name="status", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("list_versions", sa.JSON(), nullable=False),
        sa.Column("name_digest", sa.String(length=64), nullable=True),
        sa.Column(
            "occasion",
            sa.Enum(
                "registration", "list", "operator", name="occasion", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_screenings"),
    )
    op.create_index("ix_screenings_next_try_at", "screenings", ["next_try_at"])
    op.create_index("ix_screenings_verdict", "screenings", ["verdict", "score", "account_id"])

    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.String(length=80), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("entry_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("name_digest", sa.String(length=64), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("clear", "confirm", name="ruling", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "another_person",
                "name_only_resembles",
                "same_person",
                "cannot_be_ruled_out",
                name="reason",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["screenings.account_id"], name="fk_decisions_account_id_screenings"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_account_id", "decisions", ["account_id"])
    op.create_index("ix_decisions_decided_by", "decisions", ["decided_by"])

    op.create_table(
        "screening_matches",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.String(length=80), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("entry_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("matched_name", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["screenings.account_id"],
            name="fk_screening_matches_account_id_screenings",
        ),
        sa.PrimaryKeyConstraint("account_id", "list_id", "entry_id", name="pk_screening_matches"),
    )
    op.create_table(
        "screening_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("list_versions", sa.JSON(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "pending", "clear", "review", "hit", name="status", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["screenings.account_id"],
            name="fk_screening_runs_account_id_screenings",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_screening_runs"),
    )
    op.create_index("ix_screening_runs_account_id", "screening_runs", ["account_id", "at"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
