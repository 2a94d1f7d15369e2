"""Tables of identity, and what each column says about a person."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.db import TYPES, metadata
from common.ids import uuid7
from common.privacy.personal import CONTRACT, INTEREST, LEGAL_DUTY, about, personal, technical
from common.web.access import Role
from identity.rules.states import BlockReason, RefusalReason, Screening, State


class Base(DeclarativeBase):
    """Tables of this service."""

    metadata = metadata()
    type_annotation_map = TYPES


class OrganisationKind(StrEnum):
    """Whose people an organisation's accounts are."""

    CUSTOMER = "customer"
    OPERATOR = "operator"


class MailKind(StrEnum):
    """What a mail is about; its text stands in letters.py."""

    CONFIRM = "confirm"
    ALREADY_REGISTERED = "already_registered"
    SET_PASSWORD = "set_password"  # noqa: S105 - a kind of mail
    RELEASED = "released"
    REFUSED = "refused"


class LinkPurpose(StrEnum):
    """What a mailed link is good for."""

    CONFIRM = "confirm"
    SET_PASSWORD = "set_password"  # noqa: S105 - a purpose


class Organisation(Base):
    """A customer, or the operator of the portal itself; a company, not a person."""

    __tablename__ = "organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    name: Mapped[str] = mapped_column(sa.String(200), info=technical("the company's name"))
    country: Mapped[str] = mapped_column(sa.String(2), info=technical("ISO 3166-1 alpha-2"))
    kind: Mapped[OrganisationKind] = mapped_column(info=technical("customer or operator"))
    registered_at: Mapped[datetime] = mapped_column(info=technical("when it was entered"))
    relation_ended_at: Mapped[datetime | None] = mapped_column(
        info=technical("since when it is no customer any more")
    )
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.Index(
            "ix_organisations_one_operator",
            "kind",
            unique=True,
            postgresql_where=sa.text("kind = 'operator'"),
            sqlite_where=sa.text("kind = 'operator'"),
        ),
    )

    @property
    def organisation_id(self) -> UUID:
        """Whose row it is: its own."""
        return self.id


class Account(Base):
    """One person's access on behalf of one organisation; erased, it is a tombstone of ids."""

    __tablename__ = "accounts"
    __personal__ = about("id", purpose="identify", basis=CONTRACT, keep="account", source="S4")
    __owner__ = "id"

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid7, info=personal("pseudonym", erasure="keep")
    )
    organisation_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("organisations.id"),
        index=True,
        info=personal("pseudonym", source="S8", erasure="keep"),
    )
    role: Mapped[Role] = mapped_column(
        default=Role.MEMBER, info=personal("status", source="S8", erasure="keep")
    )
    given_name: Mapped[str | None] = mapped_column(
        sa.String(100), info=personal("identity", erasure="null")
    )
    family_name: Mapped[str | None] = mapped_column(
        sa.String(100), info=personal("identity", erasure="null")
    )
    email: Mapped[str | None] = mapped_column(
        sa.String(254), info=personal("contact", erasure="null")
    )
    email_key: Mapped[str] = mapped_column(
        sa.String(254),
        unique=True,
        info=personal("contact", source="S30", readers=(), erasure="pseudonymise"),
    )
    company: Mapped[str | None] = mapped_column(
        sa.String(200), info=personal("contact", purpose="approve", erasure="null")
    )
    customer_number: Mapped[str | None] = mapped_column(
        sa.String(40), info=personal("contact", purpose="approve", erasure="null")
    )
    country: Mapped[str | None] = mapped_column(
        sa.String(2), info=personal("contact", erasure="null")
    )
    language: Mapped[str | None] = mapped_column(
        sa.String(2), info=personal("contact", purpose="content", erasure="null")
    )
    password_hash: Mapped[str | None] = mapped_column(
        sa.String(60), info=personal("secret", readers=(), source="S11", erasure="null")
    )
    password_scheme: Mapped[str | None] = mapped_column(
        sa.String(40), info=technical("how the hash was made")
    )
    pepper_id: Mapped[str | None] = mapped_column(
        sa.String(40), info=technical("pepper the hash was made with")
    )
    state: Mapped[State] = mapped_column(index=True, info=personal("status", erasure="keep"))
    screening: Mapped[Screening] = mapped_column(
        default=Screening.PENDING,
        info=personal("status", basis=INTEREST, source="S19", erasure="pseudonymise"),
    )
    screening_sequence: Mapped[int] = mapped_column(
        default=0, info=technical("of the latest verdict applied")
    )
    registered_at: Mapped[datetime] = mapped_column(info=personal("usage", erasure="keep"))
    registered_again_at: Mapped[datetime | None] = mapped_column(
        info=personal("usage", erasure="null")
    )
    confirmed_at: Mapped[datetime | None] = mapped_column(info=personal("usage", erasure="null"))
    approved_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", source="S7", erasure="null")
    )
    approved_by: Mapped[UUID | None] = mapped_column(
        info=personal("pseudonym", source="S51", erasure="null")
    )
    blocked_by_staff_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", basis=INTEREST, erasure="null")
    )
    blocked_by_screening_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", basis=INTEREST, source="S17", erasure="null")
    )
    block_reason: Mapped[BlockReason | None] = mapped_column(
        info=personal("status", basis=INTEREST, erasure="null")
    )
    refused_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", source="S51", erasure="null")
    )
    refusal_reason: Mapped[RefusalReason | None] = mapped_column(
        info=personal("status", source="S51", erasure="null")
    )
    deactivated_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", source="S26", erasure="null")
    )
    erased_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", source="S26", erasure="keep")
    )
    epoch: Mapped[int] = mapped_column(
        default=1, info=technical("tokens of an earlier one are void")
    )
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("state <> 'deactivated' OR deactivated_at IS NOT NULL", "deactivated"),
        sa.CheckConstraint("state <> 'refused' OR refused_at IS NOT NULL", "refused"),
    )


class StaffRole(Base):
    """What a member of the operator's staff may do; a member without one is a customer's."""

    __tablename__ = "staff_roles"
    __personal__ = about(
        "account_id", purpose="identify", basis=CONTRACT, keep="account", source="S31"
    )

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True, info=personal("pseudonym")
    )
    role: Mapped[Role] = mapped_column(primary_key=True, info=personal("status"))


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


class ErasureRequest(Base):
    """The ledger of erasures: written before anything is destroyed."""

    __tablename__ = "erasure_requests"
    __personal__ = about(
        "account_id", purpose="accountability", basis=LEGAL_DUTY, keep="receipt", source="S26"
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"),
        unique=True,
        info=personal("pseudonym", erasure="keep"),
    )
    requested_at: Mapped[datetime] = mapped_column(info=technical("when it began"))
    asked_at: Mapped[datetime] = mapped_column(info=technical("when the owners were asked last"))
    overdue_at: Mapped[datetime | None] = mapped_column(
        info=technical("since when an owner's receipt is late")
    )
    completed_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("when all receipts were in")
    )


class ReceivedReceipt(Base):
    """What one owner answered to a request to erase, verified."""

    __tablename__ = "received_receipts"

    request_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("erasure_requests.id"), primary_key=True, info=technical("of the request")
    )
    owner: Mapped[str] = mapped_column(
        sa.String(40), primary_key=True, info=technical("service that signed")
    )
    received_at: Mapped[datetime] = mapped_column(info=technical("when"))
    receipt: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON, info=technical("the event's own fields: ids, tables, counts, signature")
    )
