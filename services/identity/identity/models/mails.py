"""Mails that are to go out, or went lately."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.privacy.personal import CONTRACT, about, personal, technical
from identity.models.base import Base


class MailKind(StrEnum):
    """What a mail is about; its text stands in letters/."""

    CONFIRM = "confirm"
    ALREADY_REGISTERED = "already_registered"
    SET_PASSWORD = "set_password"  # noqa: S105 - a kind of mail
    RELEASED = "released"
    REFUSED = "refused"
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    RECOVER = "recover"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind of mail
    CHANGE_ADDRESS = "change_address"
    ADDRESS_IN_USE = "address_in_use"
    ADDRESS_CHANGED = "address_changed"
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    RESTRICTED = "restricted"
    RESTRICTION_ENDS = "restriction_ends"
    RECIPIENT_NOTICE = "recipient_notice"
    CASE_ANSWERED = "case_answered"
    ORDER_CONFIRMED = "order_confirmed"
    BOOKING_CONFIRMED = "booking_confirmed"


class Mail(Base):
    """That a person is to be written to, or was lately; no address, no link and no text."""

    __tablename__ = "mails"
    __personal__ = about("account_id", purpose="identify", basis=CONTRACT, keep="mail", source="S4")

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True, info=personal("pseudonym")
    )
    kind: Mapped[MailKind] = mapped_column(primary_key=True, info=personal("usage"))
    next_try_at: Mapped[datetime] = mapped_column(index=True, info=technical("not before this"))
    attempts: Mapped[int] = mapped_column(default=0, info=technical("times it was tried"))
    sent_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))
    given_up_at: Mapped[datetime | None] = mapped_column(
        info=technical("refused so often that an operator decides")
    )
