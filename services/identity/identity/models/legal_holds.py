"""Legal holds: what must not be deleted, for which claim, and until when somebody looks again."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.events.catalogue import HoldScope
from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, Origin, about, personal, technical
from identity.models.base import Base


class LegalHold(Base):
    """A hold on a person, an organisation, a case or a retention class (art. 17(3)(e) GDPR)."""

    __tablename__ = "legal_holds"
    __personal__ = about(
        "subject",
        purpose="accountability",
        basis=LEGAL_DUTY,
        keep="legal-hold",
        source="S26",
        origin=Origin.STAFF,
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )
    organisation_id = None
    """It belongs to no customer: `authorise` goes by the role alone."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    scope: Mapped[HoldScope] = mapped_column(info=technical("kind of what it stands on"))
    subject: Mapped[str] = mapped_column(sa.String(80), index=True, info=personal("pseudonym"))
    ground: Mapped[str | None] = mapped_column(
        sa.String(500), info=personal("content", erasure="null", readers=("dpo",))
    )
    placed_by: Mapped[UUID] = mapped_column(info=personal("pseudonym", other=True))
    placed_at: Mapped[datetime] = mapped_column(info=technical("since when"))
    review_on: Mapped[date] = mapped_column(info=technical("somebody looks again by then"))
    released_by: Mapped[UUID | None] = mapped_column(info=personal("pseudonym", other=True))
    released_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("since when it stands no more")
    )
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}
