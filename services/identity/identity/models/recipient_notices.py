"""What recipients of a person's data are to be told (art. 19 GDPR)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, about, personal, technical
from identity.models.base import Base


class RecipientKind(StrEnum):
    """What somebody is to the operator who gets to see people's data."""

    REPRESENTATIVE = "representative"
    PROVIDER = "provider"
    GROUP_COMPANY = "group_company"


class NoticedAct(StrEnum):
    """What was done with a person's data."""

    RECTIFIED = "rectified"
    RESTRICTED = "restricted"
    ERASED = "erased"


class RecipientNotice(Base):
    """That one recipient is to do the same with one person's data, and whether it says it did."""

    __tablename__ = "recipient_notices"
    __personal__ = about(
        "account_id",
        purpose="rights",
        basis=LEGAL_DUTY,
        keep="recipient-notice",
        source="S2",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    kind: Mapped[RecipientKind] = mapped_column(info=technical("what the recipient is"))
    recipient: Mapped[str] = mapped_column(
        sa.String(200), index=True, info=technical("name of the company")
    )
    organisation_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("organisations.id"), index=True, info=technical("of a representative")
    )
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    act: Mapped[NoticedAct] = mapped_column(info=personal("status"))
    arose_at: Mapped[datetime] = mapped_column(info=technical("when it was done here"))
    due_on: Mapped[date] = mapped_column(info=technical("to be confirmed until"))
    confirmed_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("when the recipient said so")
    )
    confirmed_by: Mapped[UUID | None] = mapped_column(info=personal("pseudonym", other=True))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}
