"""Tables of uploads: documents, objects to be removed from the store, organisations."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.db import TYPES, metadata
from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import CONTRACT, Origin, about, personal, technical
from uploads.rules import LONGEST_NAME, MediaType


class Base(DeclarativeBase):
    """Tables of this service."""

    metadata = metadata()
    type_annotation_map = TYPES


class Document(Base):
    """A drawing or image that somebody uploaded for the whole organisation (S53, S54).

    It is the organisation's: when its uploader is erased it stays, under the pseudonym (S55).
    """

    __tablename__ = "documents"
    __owner__ = "uploader_id"
    __personal__ = about(
        "uploader_id",
        purpose="share",
        basis=CONTRACT,
        keep="document",
        source="S53",
        erasure="keep",
        because=Ground.ORGANISATION_CONTENT,
    )
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "uploader_id", "sha256", "file_name"),
        sa.Index("ix_documents_organisation_id_id", "organisation_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    organisation_id: Mapped[UUID] = mapped_column(info=technical("whose document"))
    uploader_id: Mapped[UUID] = mapped_column(index=True, info=personal("pseudonym"))
    file_name: Mapped[str] = mapped_column(
        sa.String(LONGEST_NAME), info=personal("content", origin=Origin.PERSON)
    )
    media_type: Mapped[MediaType] = mapped_column(info=technical("kind, as found in the content"))
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger, info=technical("length of the content"))
    sha256: Mapped[str] = mapped_column(
        sa.String(64), info=technical("of the content, hex: its ETag, and a repeated upload's mark")
    )
    declaration_version: Mapped[str] = mapped_column(
        sa.String(40), info=personal("status", source="S56", origin=Origin.PERSON)
    )
    declared_at: Mapped[datetime] = mapped_column(info=personal("status", source="S56"))
    uploaded_at: Mapped[datetime] = mapped_column(info=personal("usage"))
    object_key: Mapped[str] = mapped_column(
        sa.String(80), unique=True, info=technical("where the content is in the store")
    )
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}


class Removal(Base):
    """An object of the store that no document refers to: to be removed once it is due."""

    __tablename__ = "removals"

    object_key: Mapped[str] = mapped_column(
        sa.String(80), primary_key=True, info=technical("where it is in the store")
    )
    attempts: Mapped[int] = mapped_column(
        default=0,
        info=technical("times its removal was begun; none while it may become a document"),
    )
    next_try_at: Mapped[datetime] = mapped_column(index=True, info=technical("not before this"))


class Organisation(Base):
    """A customer who uploads; its row orders an upload and the end of the relation (S55)."""

    __tablename__ = "organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True, info=technical("key"))
    ended_at: Mapped[datetime | None] = mapped_column(
        info=technical("since then nothing is taken any more")
    )
