"""The ledger of erasures."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, about, personal, technical
from identity.models.base import Base


class ErasureRequest(Base):
    """The ledger of erasures: written before anything is destroyed.

    What a legal hold kept is erased by another request, when the hold is released.
    """

    __tablename__ = "erasure_requests"
    __personal__ = about(
        "account_id",
        purpose="accountability",
        basis=LEGAL_DUTY,
        keep="receipt",
        source="S26",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    requested_at: Mapped[datetime] = mapped_column(info=technical("when it began"))
    asked_at: Mapped[datetime] = mapped_column(info=technical("when the owners were asked last"))
    overdue_at: Mapped[datetime | None] = mapped_column(
        info=technical("since when an owner's receipt is late")
    )
    completed_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("when all receipts were in")
    )
    plan_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("erasure_plans.id"), info=technical("approved; none when time was over")
    )
    followed_by: Mapped[UUID | None] = mapped_column(
        info=technical("request for the rest, once a hold was released")
    )


class ErasurePlan(Base):
    """What an erasure would come to in every service: counts, shown before it is approved."""

    __tablename__ = "erasure_plans"
    __personal__ = about(
        "account_id",
        purpose="accountability",
        basis=LEGAL_DUTY,
        keep="receipt",
        source="S26",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True, info=personal("pseudonym")
    )
    account_version: Mapped[int] = mapped_column(info=technical("of the account, when planned"))
    planned_at: Mapped[datetime] = mapped_column(info=technical("when"))
    planned_by: Mapped[UUID] = mapped_column(info=personal("pseudonym", other=True))
    tables: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON, info=technical("by owner: names of tables, counts, reasons")
    )
    approved_at: Mapped[datetime | None] = mapped_column(info=technical("when"))
    approved_by: Mapped[UUID | None] = mapped_column(info=personal("pseudonym", other=True))


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


class HeldErasure(Base):
    """An erasure in which some owner kept something for a legal hold."""

    __tablename__ = "held_erasures"

    request_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("erasure_requests.id"), primary_key=True, info=technical("of the request")
    )
    hold_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("legal_holds.id"), primary_key=True, info=technical("what it was kept for")
    )
