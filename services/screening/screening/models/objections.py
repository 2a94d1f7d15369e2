"""Objections to the comparison and to a block that a machine made."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy import grounds
from common.privacy.personal import LEGAL_DUTY, Origin, about, personal, technical
from screening.models.base import Base
from screening.rules.objections import AnswerReason, Ground, ObjectionState

_OFFICE = ("compliance", "dpo")


class Objection(Base):
    """What a person objected to, and what came of it (S17, art. 21(1), 22(3))."""

    __tablename__ = "objections"
    __personal__ = about(
        "account_id",
        purpose="rights",
        basis=LEGAL_DUTY,
        keep="screening",
        source="S17",
        because=grounds.Ground.ACCOUNTABILITY,
    )
    __table_args__ = (
        sa.Index(
            "uq_objections_open",
            "account_id",
            "ground",
            unique=True,
            postgresql_where=sa.text("state = 'received'"),
            sqlite_where=sa.text("state = 'received'"),
        ),
    )
    organisation_id: ClassVar[None] = None
    """An objection is nobody's but the person's: others see it by role everywhere."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(index=True, info=personal("pseudonym"))
    ground: Mapped[Ground] = mapped_column(info=personal("status", origin=Origin.PERSON))
    state: Mapped[ObjectionState] = mapped_column(
        default=ObjectionState.RECEIVED, info=personal("status")
    )
    received_at: Mapped[datetime] = mapped_column(info=personal("status"))
    received_by: Mapped[UUID] = mapped_column(
        index=True, info=personal("pseudonym", readers=_OFFICE, erasure="keep", other=True)
    )
    due_on: Mapped[date] = mapped_column(info=technical("art. 12(3): to be answered until"))
    balancing_test: Mapped[str | None] = mapped_column(
        sa.Text, info=technical("S20: reference of the balancing test as it was then")
    )
    reason: Mapped[AnswerReason | None] = mapped_column(
        info=personal("status", origin=Origin.STAFF, readers=_OFFICE)
    )
    answered_by: Mapped[UUID | None] = mapped_column(
        index=True, info=personal("pseudonym", readers=_OFFICE, erasure="keep", other=True)
    )
    answered_at: Mapped[datetime | None] = mapped_column(info=personal("status"))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))

    __mapper_args__ = {"version_id_col": version}
