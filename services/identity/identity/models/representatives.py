"""Contracts with those who represent the operator in a country (S23-S25)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import LEGAL_DUTY, about, personal, technical
from identity.models.base import Base


class ContractKind(StrEnum):
    """What makes the representative's access lawful: articles of the GDPR."""

    PROCESSING = "processing"  # 28
    JOINT = "joint"  # 26
    TRANSFER = "transfer"  # 44-46


class Representation(Base):
    """One contract for one country; without a valid one a representative sees nothing (S25).

    It is valid from the instant valid_from, and not any more at the instant valid_to.
    """

    __tablename__ = "representations"
    __personal__ = about(
        "created_by",
        purpose="accountability",
        basis=LEGAL_DUTY,
        keep="representation",
        source="S25",
        erasure="keep",
        because=Ground.ATTRIBUTION,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    organisation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("organisations.id"), index=True, info=technical("the representative")
    )
    country: Mapped[str] = mapped_column(
        sa.String(2), index=True, info=technical("whose accounts it sees, ISO 3166-1 alpha-2")
    )
    contract_reference: Mapped[str] = mapped_column(
        sa.String(100), info=technical("where the contract is filed")
    )
    contract_kind: Mapped[ContractKind] = mapped_column(info=technical("article it rests on"))
    valid_from: Mapped[datetime] = mapped_column(info=technical("first instant"))
    valid_to: Mapped[datetime] = mapped_column(info=technical("first instant without access"))
    created_by: Mapped[UUID] = mapped_column(info=personal("pseudonym"))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.CheckConstraint("valid_from <= valid_to", "in_order"),)
