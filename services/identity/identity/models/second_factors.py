"""Second factors: secrets of authenticator apps, passkeys, recovery codes, and what waits for one.

Nobody reads a secret, a key or a hash of these tables, not even its owner: an answer shows a secret
and recovery codes once, when they are made.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.personal import CONTRACT, Origin, Protection, about, personal, technical
from identity.models.base import Base

_FACTOR = about(
    "account_id", purpose="identify", basis=CONTRACT, keep="second-factor", source="S30"
)
_PENDING = about(
    "account_id", purpose="identify", basis=CONTRACT, keep="pending-sign-in", source="S30"
)


class ChallengePurpose(StrEnum):
    """What a passkey is asked to sign for."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"


class AuthenticatorApp(Base):
    """The secret that a person's authenticator app makes codes from (RFC 6238).

    Unconfirmed, it is good for nothing yet; a person has at most one of either.
    """

    __tablename__ = "authenticator_apps"
    __personal__ = _FACTOR

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    sealed_secret: Mapped[str] = mapped_column(
        sa.String(200), info=personal("secret", readers=(), written=Protection.SEALED)
    )
    pepper_id: Mapped[str] = mapped_column(
        sa.String(40), info=technical("pepper that the key of the seal comes from")
    )
    created_at: Mapped[datetime] = mapped_column(info=personal("usage"))
    confirmed_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))
    last_used_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))
    last_step: Mapped[int] = mapped_column(
        sa.BigInteger, default=0, info=technical("codes of this time step and earlier are spent")
    )
    wrong_codes: Mapped[int] = mapped_column(
        default=0, info=technical("in a row, for the wait before the next one")
    )
    last_wrong_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))


class Passkey(Base):
    """A key pair of a person's device; here is its public half (WebAuthn)."""

    __tablename__ = "passkeys"
    __personal__ = _FACTOR

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    credential_id: Mapped[str] = mapped_column(
        sa.String(1400), unique=True, info=personal("pseudonym", readers=())
    )
    public_key: Mapped[bytes] = mapped_column(info=personal("secret", readers=()))
    sign_count: Mapped[int] = mapped_column(
        sa.BigInteger, info=technical("uses its device has counted; one that falls is a copy")
    )
    label: Mapped[str] = mapped_column(
        sa.String(60), info=personal("content", origin=Origin.PERSON)
    )
    created_at: Mapped[datetime] = mapped_column(info=personal("usage"))
    last_used_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))


class RecoveryCode(Base):
    """A code for the day the other factors are lost; only its hash is known."""

    __tablename__ = "recovery_codes"
    __personal__ = _FACTOR

    hash: Mapped[str] = mapped_column(
        sa.String(64),
        primary_key=True,
        info=personal("secret", readers=(), written=Protection.HASHED),
    )
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    used_at: Mapped[datetime | None] = mapped_column(info=technical("it is good for one use"))


class PendingSignIn(Base):
    """A sign-in whose password was right and whose second factor is still due."""

    __tablename__ = "pending_sign_ins"
    __personal__ = _PENDING

    hash: Mapped[str] = mapped_column(
        sa.String(64),
        primary_key=True,
        info=personal("secret", readers=(), written=Protection.HASHED),
    )
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    epoch: Mapped[int] = mapped_column(info=technical("it is void when the account's is higher"))
    tries: Mapped[int] = mapped_column(default=0, info=technical("after five it is void"))
    expires_at: Mapped[datetime] = mapped_column(index=True, info=technical("not taken after"))


class PasskeyChallenge(Base):
    """What a passkey is to sign, once and soon; only its hash is known."""

    __tablename__ = "passkey_challenges"
    __personal__ = _PENDING

    hash: Mapped[str] = mapped_column(
        sa.String(64), primary_key=True, info=technical("of random bytes")
    )
    purpose: Mapped[ChallengePurpose] = mapped_column(info=technical("what it is asked for"))
    account_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    expires_at: Mapped[datetime] = mapped_column(index=True, info=technical("not taken after"))


SECOND_FACTORS = (AuthenticatorApp, Passkey, RecoveryCode, PendingSignIn, PasskeyChallenge)
"""All that is kept about a person's second factors."""
