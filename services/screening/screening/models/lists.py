"""Versions of lists and their periods."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.personal import technical
from screening.models.base import Base


class ListVersion(Base):
    """One version of a public list and when it was in force; of a list, one is (S22).

    Its content, counts and start never change and no row goes: triggers in the database refuse it.
    The end of its period is written once.
    """

    __tablename__ = "list_versions"
    __table_args__ = (
        sa.Index(
            "uq_list_versions_in_force",
            "list_id",
            unique=True,
            postgresql_where=sa.text("in_force_to IS NULL"),
            sqlite_where=sa.text("in_force_to IS NULL"),
        ),
        sa.CheckConstraint("in_force_to >= in_force_from", name="period"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    list_id: Mapped[str] = mapped_column(sa.String(80), info=technical("which list"))
    version: Mapped[str] = mapped_column(
        sa.String(80), info=technical("day of publication and start of the checksum")
    )
    checksum: Mapped[str] = mapped_column(
        sa.String(64), info=technical("SHA-256 of the publisher's files")
    )
    published_on: Mapped[date | None] = mapped_column(info=technical("as the publisher says"))
    entries: Mapped[int] = mapped_column(info=technical("people, organisations, ships, aircraft"))
    people: Mapped[int] = mapped_column(info=technical("entries that are compared with names"))
    names: Mapped[int] = mapped_column(
        server_default="0", info=technical("names of its people, aliases included")
    )
    content: Mapped[bytes] = mapped_column(
        deferred=True, info=technical("its people as published, JSON packed by zlib")
    )
    imported_at: Mapped[datetime] = mapped_column(info=technical("when it came"))
    in_force_from: Mapped[datetime] = mapped_column(info=technical("S22: used since"))
    in_force_to: Mapped[datetime | None] = mapped_column(info=technical("S22: used until"))

    @property
    def code(self) -> str:
        """List and version in one word, as events and screenings name it."""
        return f"{self.list_id}:{self.version}"
