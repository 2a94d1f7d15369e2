"""What people tell of themselves voluntarily."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, column_property, mapped_column

from common.events.catalogue import ConsentPurpose
from common.privacy.personal import CONSENT, Origin, about, personal, technical
from identity.models.accounts import Account
from identity.models.base import Base


class VoluntaryProfile(Base):
    """One person's voluntary entries: there while the consent stands, empty until filled in."""

    __tablename__ = "voluntary_profiles"
    __personal__ = about(
        "account_id",
        purpose="collaborate",
        basis=CONSENT,
        keep="profile",
        source="S6",
        origin=Origin.PERSON,
        consent=ConsentPurpose.VOLUNTARY_PROFILE,
    )
    __owner__ = "account_id"

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"),
        primary_key=True,
        info=personal("pseudonym", origin=Origin.PORTAL),
    )
    salutation: Mapped[str | None] = mapped_column(sa.String(40), info=personal("identity"))
    job_title: Mapped[str | None] = mapped_column(sa.String(100), info=personal("contact"))
    phone: Mapped[str | None] = mapped_column(sa.String(40), info=personal("contact"))
    mobile: Mapped[str | None] = mapped_column(sa.String(40), info=personal("contact"))
    interests: Mapped[str | None] = mapped_column(sa.String(200), info=personal("content"))
    shown: Mapped[list[str]] = mapped_column(
        sa.JSON, default=list, info=personal("status", source="S9")
    )
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}

    organisation_id: Mapped[UUID | None] = column_property(
        sa.select(Account.organisation_id)
        .where(Account.id == account_id)
        .correlate_except(Account)
        .scalar_subquery()
    )
