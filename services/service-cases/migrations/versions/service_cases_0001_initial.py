"""initial"""

import sqlalchemy as sa
from alembic import op

revision = "service_cases_0001"
down_revision = None
branch_labels = ("service_cases",)
depends_on = None


def upgrade():
    op.create_table(
        "machines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=120), nullable=False),
        sa.Column("serial_number", sa.String(length=40), nullable=False),
        sa.Column("relation_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_machines"),
        sa.UniqueConstraint("serial_number", name="uq_machines_serial_number"),
    )
    op.create_index("ix_machines_organisation_id", "machines", ["organisation_id"])

    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("machine_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("description", sa.String(length=5000), nullable=False),
        sa.Column("contact_name", sa.String(length=120), nullable=False),
        sa.Column("contact_phone", sa.String(length=40), nullable=True),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column(
            "channel",
            sa.Enum("portal", "service_app", name="channel", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("notice_version", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reported",
                "in_progress",
                "waiting_for_customer",
                "solved",
                "closed",
                name="casestate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)",
            name=op.f("ck_cases_closed_at_when_closed"),
        ),
        sa.ForeignKeyConstraint(
            ["machine_id"], ["machines.id"], name="fk_cases_machine_id_machines"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_account_id", "cases", ["account_id"])
    op.create_index("ix_cases_closed_at", "cases", ["closed_at"])
    op.create_index("ix_cases_machine_id", "cases", ["machine_id"])
    op.create_index("ix_cases_organisation_id_id", "cases", ["organisation_id", "id"])

    op.create_table(
        "case_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum("customer", "support", name="side", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_messages_case_id_cases"),
        sa.PrimaryKeyConstraint("id", name="pk_case_messages"),
    )
    op.create_index("ix_case_messages_author_id", "case_messages", ["author_id"])
    op.create_index("ix_case_messages_case_id_id", "case_messages", ["case_id", "id"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
