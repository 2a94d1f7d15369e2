"""Accounts, and what the operator's own people may do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import (
    CONTRACT,
    INTEREST,
    LEGAL_DUTY,
    Origin,
    Protection,
    about,
    personal,
    technical,
)
from common.web.access import Role
from identity.models.base import Base
from identity.rules.restriction import RestrictionGround
from identity.rules.states import BlockReason, RefusalReason, Screening, State


class Account(Base):
    """One person's access on behalf of one organisation; erased, it is a tombstone of ids."""

    __tablename__ = "accounts"
    __personal__ = about(
        "id",
        purpose="identify",
        basis=CONTRACT,
        keep="account",
        source="S4",
        erasure="null",
        because=Ground.TOMBSTONE,
    )
    __owner__ = "id"

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid7, info=personal("pseudonym", erasure="keep")
    )
    organisation_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("organisations.id"),
        index=True,
        info=personal("pseudonym", source="S8", origin=Origin.STAFF, erasure="keep"),
    )
    role: Mapped[Role] = mapped_column(
        default=Role.MEMBER,
        info=personal("status", source="S8", origin=Origin.STAFF, erasure="keep"),
    )
    given_name: Mapped[str | None] = mapped_column(
        sa.String(100), info=personal("identity", origin=Origin.PERSON)
    )
    family_name: Mapped[str | None] = mapped_column(
        sa.String(100), info=personal("identity", origin=Origin.PERSON)
    )
    email: Mapped[str | None] = mapped_column(
        sa.String(254), info=personal("contact", origin=Origin.PERSON)
    )
    email_key: Mapped[str] = mapped_column(
        sa.String(254),
        unique=True,
        info=personal(
            "contact", source="S30", origin=Origin.PERSON, readers=(), erasure="pseudonymise"
        ),
    )
    company: Mapped[str | None] = mapped_column(
        sa.String(200), info=personal("contact", purpose="approve", origin=Origin.PERSON)
    )
    customer_number: Mapped[str | None] = mapped_column(
        sa.String(40), info=personal("contact", purpose="approve", origin=Origin.PERSON)
    )
    country: Mapped[str | None] = mapped_column(
        sa.String(2), info=personal("contact", origin=Origin.PERSON)
    )
    language: Mapped[str | None] = mapped_column(
        sa.String(2), info=personal("contact", purpose="content", origin=Origin.PERSON)
    )
    password_hash: Mapped[str | None] = mapped_column(
        sa.String(60),
        info=personal(
            "secret", readers=(), source="S11", origin=Origin.PERSON, written=Protection.HASHED
        ),
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
        info=personal(
            "status", purpose="screen", basis=INTEREST, source="S19", erasure="pseudonymise"
        ),
    )
    screening_sequence: Mapped[int] = mapped_column(
        default=0, info=technical("of the latest verdict applied")
    )
    notice_version: Mapped[str | None] = mapped_column(
        sa.String(13), info=technical("privacy notice in force at registration")
    )
    registered_at: Mapped[datetime] = mapped_column(info=personal("usage", erasure="keep"))
    registered_again_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))
    confirmed_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))
    approved_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", purpose="approve", source="S7")
    )
    approved_by: Mapped[UUID | None] = mapped_column(
        info=personal("pseudonym", purpose="approve", source="S51", other=True)
    )
    blocked_by_staff_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", basis=INTEREST, origin=Origin.STAFF)
    )
    blocked_by_screening_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", purpose="screen", basis=INTEREST, source="S17")
    )
    block_reason: Mapped[BlockReason | None] = mapped_column(
        info=personal("status", basis=INTEREST, origin=Origin.STAFF)
    )
    refused_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", purpose="approve", source="S51")
    )
    refusal_reason: Mapped[RefusalReason | None] = mapped_column(
        info=personal("status", purpose="approve", source="S51", origin=Origin.STAFF)
    )
    restricted_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", purpose="rights", basis=LEGAL_DUTY, source="S2")
    )
    restriction_ground: Mapped[RestrictionGround | None] = mapped_column(
        info=personal("status", purpose="rights", basis=LEGAL_DUTY, source="S2")
    )
    restriction_ends_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", purpose="rights", basis=LEGAL_DUTY, source="S2")
    )
    deactivated_at: Mapped[datetime | None] = mapped_column(info=personal("status", source="S26"))
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
        "account_id",
        purpose="identify",
        basis=CONTRACT,
        keep="account",
        source="S31",
        origin=Origin.STAFF,
    )

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True, info=personal("pseudonym")
    )
    role: Mapped[Role] = mapped_column(primary_key=True, info=personal("status"))
