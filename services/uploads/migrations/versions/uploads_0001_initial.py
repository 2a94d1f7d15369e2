"""Documents, objects to be removed from the store, organisations."""

import sqlalchemy as sa
from alembic import op

revision = "uploads_0001"
down_revision = None
branch_labels = ("uploads",)
depends_on = None


def upgrade():
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("uploader_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column(
            "media_type",
            sa.Enum(
                "image/vnd.dxf",
                "image/vnd.dwg",
                "image/svg+xml",
                "model/step",
                "application/pdf",
                "image/png",
                "image/jpeg",
                "image/tiff",
                "image/webp",
                name="mediatype",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("declaration_version", sa.String(length=40), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("object_key", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("object_key", name=op.f("uq_documents_object_key")),
        sa.UniqueConstraint(
            "organisation_id",
            "uploader_id",
            "sha256",
            "file_name",
            name=op.f("uq_documents_organisation_id"),
        ),
    )
    op.create_index("ix_documents_organisation_id_id", "documents", ["organisation_id", "id"])
    op.create_index(op.f("ix_documents_uploader_id"), "documents", ["uploader_id"])
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
    )
    op.create_table(
        "removals",
        sa.Column("object_key", sa.String(length=80), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("object_key", name=op.f("pk_removals")),
    )
    op.create_index(op.f("ix_removals_next_try_at"), "removals", ["next_try_at"])


def downgrade():
    raise NotImplementedError("Migrations go forward; restore a backup to go back.")
