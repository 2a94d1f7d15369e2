"""Where lists are fetched from."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.privacy.personal import technical
from screening.models.base import Base


class ListSource(Base):
    """A publisher's URL and what it last gave, so that only what changed is fetched again (S18)."""

    __tablename__ = "list_sources"

    url: Mapped[str] = mapped_column(sa.Text, primary_key=True, info=technical("key"))
    etag: Mapped[str | None] = mapped_column(sa.Text, info=technical("If-None-Match"))
    last_modified: Mapped[str | None] = mapped_column(sa.Text, info=technical("If-Modified-Since"))
    checksum: Mapped[str | None] = mapped_column(
        sa.String(64), info=technical("of the list version that it gave")
    )
    fetched_at: Mapped[datetime | None] = mapped_column(info=technical("when it last gave a list"))
    last_error: Mapped[str | None] = mapped_column(
        sa.Text, info=technical("why the last try failed; empty when it did not")
    )
