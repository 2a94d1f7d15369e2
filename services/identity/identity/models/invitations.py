"""Invitations: an address that somebody else entered, and nothing more of a person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import CONTRACT, Origin, Protection, about, personal, technical
from identity.models.base import Base
from identity.rules.invitations import InvitationState, expiry_of


class Invitation(Base):
    """An address invited to act for an organisation; no account, and once over, ids alone.

    An accepted, withdrawn or expired one keeps neither address nor secret (S48).
    """

    __tablename__ = "invitations"
    __personal__ = about(
        "account_id",
        purpose="invite",
        basis=CONTRACT,
        keep="invitation",
        source="S45",
        origin=Origin.COLLEAGUE,
        erasure="null",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    organisation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("organisations.id"), info=technical("whom the person is to act for")
    )
    email: Mapped[str | None] = mapped_column(sa.String(254), info=personal("contact"))
    email_key: Mapped[str | None] = mapped_column(
        sa.String(254), index=True, info=personal("contact", readers=())
    )
    language: Mapped[str | None] = mapped_column(
        sa.String(2), info=personal("contact", purpose="content")
    )
    token_hash: Mapped[str | None] = mapped_column(
        sa.String(64),
        unique=True,
        info=personal(
            "secret", readers=(), source="S47", origin=Origin.PORTAL, written=Protection.HASHED
        ),
    )
    invited_by: Mapped[UUID] = mapped_column(
        info=personal("pseudonym", erasure="keep", because=Ground.ATTRIBUTION, other=True)
    )
    account_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym", origin=Origin.PORTAL)
    )
    state: Mapped[InvitationState] = mapped_column(info=technical("where it stands"))
    asked_at: Mapped[datetime] = mapped_column(info=technical("when somebody had it sent last"))
    sent_at: Mapped[datetime | None] = mapped_column(info=technical("when the last mail went out"))
    expires_at: Mapped[datetime] = mapped_column(info=technical("nothing is left from then on"))
    next_try_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("when the mail is due; null: it went out, or never will")
    )
    attempts: Mapped[int] = mapped_column(default=0, info=technical("times the mail was tried"))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}

    @property
    def open_until(self) -> datetime:
        """When it expires at the earliest, as its inviter is told.

        When the mail really went is told to nobody: a known address gets none (S46).
        """
        return expiry_of(self.asked_at)

    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "email_key"),
        sa.CheckConstraint("state = 'sent' OR (email IS NULL AND token_hash IS NULL)", "gone"),
        sa.Index("ix_invitations_organisation_id_asked_at", "organisation_id", "asked_at"),
        sa.Index("ix_invitations_state_expires_at", "state", "expires_at"),
    )
