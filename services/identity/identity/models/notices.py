"""Privacy notices, as they were published."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.privacy.personal import technical
from common.texts import Text
from identity.models.base import Base


class Notice(Base):
    """One privacy notice; never changed and never deleted, as consents and accounts name it (S1).

    Another wording is another version.
    """

    __tablename__ = "notices"

    version: Mapped[str] = mapped_column(
        sa.String(13),
        primary_key=True,
        info=technical("its first day, and its country if it is for one: 2026-01-01-CH"),
    )
    valid_from: Mapped[date] = mapped_column(info=technical("first day"))
    country: Mapped[str] = mapped_column(
        sa.String(2), info=technical("whose people it is for, ISO 3166-1 alpha-2; * anywhere else")
    )
    text_en: Mapped[str] = mapped_column(sa.Text, info=technical("Markdown, English"))
    text_nl: Mapped[str] = mapped_column(sa.Text, info=technical("Markdown, Dutch"))
    text_de: Mapped[str] = mapped_column(sa.Text, info=technical("Markdown, German"))
    published_at: Mapped[datetime] = mapped_column(info=technical("when it was entered"))

    @property
    def text(self) -> Text:
        """Its text in the portal's languages."""
        return Text(self.text_en, self.text_nl, self.text_de)
