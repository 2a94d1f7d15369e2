"""Ways back into an account that wait: requests for a new password, and changes of an address."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.personal import CONTRACT, Origin, about, personal, technical
from identity.models.base import Base


class RecoveryRequest(Base):
    """That somebody asked for a new password; gone as soon as the worker has looked at it.

    The address stands as it was typed: whether it is anybody's is not found out in the request.
    """

    __tablename__ = "recovery_requests"
    __personal__ = about("address", purpose="identify", basis=CONTRACT, keep="asking", source="S38")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    address: Mapped[str] = mapped_column(
        sa.String(254), index=True, info=personal("contact", origin=Origin.PERSON)
    )
    asked_at: Mapped[datetime] = mapped_column(index=True, info=technical("for the clean-up"))


class RecoveryCount(Base):
    """How often one network asked for new passwords lately, for whomever."""

    __tablename__ = "recovery_counts"

    network: Mapped[str] = mapped_column(
        sa.String(64), primary_key=True, info=technical("keyed digest of a network, nobody's own")
    )
    begun_at: Mapped[datetime] = mapped_column(
        index=True, info=technical("when counting began; it begins anew after the period")
    )
    requests: Mapped[int] = mapped_column(info=technical("how many since then"))


class AddressChange(Base):
    """An address beside the account's own: the new one until it is confirmed, then the former one.

    The former one stays until the mail to it has gone out; so long there is no other change.
    """

    __tablename__ = "address_changes"
    __personal__ = about(
        "account_id", purpose="identify", basis=CONTRACT, keep="address", source="S30"
    )

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True, info=personal("pseudonym")
    )
    email: Mapped[str] = mapped_column(
        sa.String(254), info=personal("contact", origin=Origin.PERSON)
    )
    asked_at: Mapped[datetime] = mapped_column(index=True, info=personal("usage"))
    confirmed_at: Mapped[datetime | None] = mapped_column(info=personal("usage"))
