"""Who objected to advertising; it stays when the person is gone."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, Protection, about, personal
from identity.models.base import Base


class ObjectionSurface(StrEnum):
    """Where somebody objected."""

    ACCOUNT = "account"
    LINK = "link"
    STAFF = "staff"


class AdvertisingObjection(Base):
    """An address that gets no advertising; erased, a keyed digest and a day are left (S69)."""

    __tablename__ = "advertising_objections"
    __personal__ = about(
        "account_id",
        purpose="advertise",
        basis=LEGAL_DUTY,
        keep="objection",
        source="S69",
        erasure="keep",
        because=Ground.SUPPRESSION,
    )

    address_digest: Mapped[str] = mapped_column(
        sa.String(64),
        primary_key=True,
        info=personal("pseudonym", readers=(), written=Protection.HASHED),
    )
    account_id: Mapped[UUID | None] = mapped_column(
        index=True, info=personal("pseudonym", erasure="null")
    )
    objected_at: Mapped[datetime] = mapped_column(info=personal("usage"))
    surface: Mapped[ObjectionSurface] = mapped_column(info=personal("usage"))
