"""What people ask for as their right, and how it was answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, Origin, about, personal, technical
from identity.models.base import Base
from identity.rules.rights import ExtensionReason, RefusalGround, RequestState, Right

_DESK = ("dpo",)


class RightsRequest(Base):
    """One request, of an account's owner or of somebody who has none and gave an address (S2)."""

    __tablename__ = "rights_requests"
    __personal__ = about(
        "account_id",
        purpose="rights",
        basis=LEGAL_DUTY,
        keep="rights-request",
        source="S2",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )
    organisation_id: ClassVar[None] = None
    """A request is nobody's but the person's: others see it by role everywhere."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    address: Mapped[str | None] = mapped_column(
        sa.String(254),
        info=personal("contact", erasure="null", origin=Origin.PERSON, readers=_DESK),
    )
    language: Mapped[str] = mapped_column(sa.String(2), info=personal("usage"))
    right: Mapped[Right] = mapped_column(info=personal("status", origin=Origin.PERSON))
    words: Mapped[str | None] = mapped_column(
        sa.Text, info=personal("content", erasure="null", origin=Origin.PERSON, readers=_DESK)
    )
    state: Mapped[RequestState] = mapped_column(index=True, info=personal("status"))
    received_at: Mapped[datetime] = mapped_column(info=personal("usage"))
    due_on: Mapped[date] = mapped_column(info=technical("art. 12(3): to be answered until"))
    extended_at: Mapped[datetime | None] = mapped_column(info=technical("told of more time"))
    extension_reason: Mapped[ExtensionReason | None] = mapped_column(info=technical("why"))
    closed_at: Mapped[datetime | None] = mapped_column(info=technical("answered or withdrawn"))
    refusal_ground: Mapped[RefusalGround | None] = mapped_column(info=personal("status"))
    reply: Mapped[str | None] = mapped_column(
        sa.Text, info=personal("content", erasure="null", origin=Origin.STAFF, readers=_DESK)
    )
    handled_by: Mapped[UUID | None] = mapped_column(info=personal("pseudonym", other=True))
    token_hash: Mapped[str | None] = mapped_column(
        sa.String(64), unique=True, info=technical("of the link in the newest mail about it")
    )
    next_try_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("there is news to mail, not before this")
    )
    attempts: Mapped[int] = mapped_column(default=0, info=technical("times the mail was tried"))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}
