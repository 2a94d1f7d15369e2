"""Sign-ins, and the secrets in mailed links."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.personal import CONTRACT, about, personal, technical
from identity.models.base import Base


class LinkPurpose(StrEnum):
    """What a mailed link is good for."""

    CONFIRM = "confirm"
    SET_PASSWORD = "set_password"  # noqa: S105 - a purpose


class SignInSession(Base):
    """One sign-in of one person, from the password to the sign-out; its id is the token's sid."""

    __tablename__ = "sign_in_sessions"
    __personal__ = about(
        "account_id", purpose="identify", basis=CONTRACT, keep="sign-in", source="S30"
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("sid"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    begun_at: Mapped[datetime] = mapped_column(index=True, info=personal("usage"))
    ended_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))


class RefreshToken(Base):
    """One link in the chain of tokens that keep a sign-in alive; only its hash is known."""

    __tablename__ = "refresh_tokens"
    __personal__ = about(
        "session_id", purpose="identify", basis=CONTRACT, keep="sign-in", source="S30"
    )

    hash: Mapped[str] = mapped_column(
        sa.String(64), primary_key=True, info=personal("secret", readers=())
    )
    session_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("sign_in_sessions.id"), index=True, info=personal("pseudonym")
    )
    expires_at: Mapped[datetime] = mapped_column(index=True, info=technical("not taken after"))
    used_at: Mapped[datetime | None] = mapped_column(info=technical("it is good for one use"))


class LinkToken(Base):
    """The secret in a mailed link; only its hash is known."""

    __tablename__ = "link_tokens"
    __personal__ = about(
        "account_id", purpose="identify", basis=CONTRACT, keep="link", source="S39"
    )

    hash: Mapped[str] = mapped_column(
        sa.String(64), primary_key=True, info=personal("secret", readers=())
    )
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    purpose: Mapped[LinkPurpose] = mapped_column(info=technical("what it is good for"))
    expires_at: Mapped[datetime] = mapped_column(index=True, info=technical("not taken after"))
    used_at: Mapped[datetime | None] = mapped_column(info=technical("it is good for one use"))
