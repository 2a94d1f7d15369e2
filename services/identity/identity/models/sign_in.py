"""Sign-ins, what failed tries cost, and the secrets in mailed links."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.personal import CONTRACT, INTEREST, Protection, about, personal, technical
from identity.models.base import Base


class LinkPurpose(StrEnum):
    """What a mailed link is good for."""

    CONFIRM = "confirm"
    SET_PASSWORD = "set_password"  # noqa: S105 - a purpose
    RECOVER = "recover"
    CHANGE_ADDRESS = "change_address"


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
    network: Mapped[str | None] = mapped_column(sa.String(49), info=personal("usage"))
    client: Mapped[str | None] = mapped_column(sa.String(120), info=personal("usage"))


class RefreshToken(Base):
    """One link in the chain of tokens that keep a sign-in alive; only its hash is known."""

    __tablename__ = "refresh_tokens"
    __personal__ = about(
        "session_id", purpose="identify", basis=CONTRACT, keep="refresh-token", source="S30"
    )

    hash: Mapped[str] = mapped_column(
        sa.String(64),
        primary_key=True,
        info=personal("secret", readers=(), written=Protection.HASHED),
    )
    session_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("sign_in_sessions.id"), index=True, info=personal("pseudonym")
    )
    expires_at: Mapped[datetime] = mapped_column(index=True, info=technical("not taken after"))
    used_at: Mapped[datetime | None] = mapped_column(info=technical("it is good for one use"))


class Outcome(StrEnum):
    """What became of a try to sign in."""

    OK = "ok"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - an outcome
    NOT_PERMITTED = "not_permitted"
    SECOND_FACTOR_FAILED = "second_factor_failed"


class SignInTry(Base):
    """A try to sign in to an account, as its owner is shown it: from where, with what, and how."""

    __tablename__ = "sign_in_tries"
    __personal__ = about(
        "account_id", purpose="identify", basis=INTEREST, keep="sign-in", source="S30"
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), info=personal("pseudonym")
    )
    at: Mapped[datetime] = mapped_column(index=True, info=personal("usage"))
    outcome: Mapped[Outcome] = mapped_column(info=personal("usage"))
    network: Mapped[str] = mapped_column(sa.String(49), info=personal("usage"))
    client: Mapped[str] = mapped_column(sa.String(120), info=personal("usage"))
    __table_args__ = (sa.Index("ix_sign_in_tries_network", "account_id", "outcome", "network"),)


class SignInThrottle(Base):
    """How often signing in failed lately, by address, network, or both; says not by which."""

    __tablename__ = "sign_in_throttles"

    key: Mapped[str] = mapped_column(
        sa.String(64), primary_key=True, info=technical("keyed digest of what is counted by")
    )
    failures: Mapped[int] = mapped_column(info=technical("tries that failed or are being made"))
    last_failed_at: Mapped[datetime] = mapped_column(
        index=True, info=technical("forgotten some hours after this")
    )
    wait_until: Mapped[datetime | None] = mapped_column(info=technical("no other try before this"))


class LinkToken(Base):
    """The secret in a mailed link; only its hash is known."""

    __tablename__ = "link_tokens"
    __personal__ = about(
        "account_id", purpose="identify", basis=CONTRACT, keep="link", source="S39"
    )

    hash: Mapped[str] = mapped_column(
        sa.String(64),
        primary_key=True,
        info=personal("secret", readers=(), written=Protection.HASHED),
    )
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    purpose: Mapped[LinkPurpose] = mapped_column(info=technical("what it is good for"))
    expires_at: Mapped[datetime] = mapped_column(index=True, info=technical("not taken after"))
    used_at: Mapped[datetime | None] = mapped_column(info=technical("it is good for one use"))
