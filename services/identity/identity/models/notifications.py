"""What people do not want to be told by mail."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.privacy.personal import CONTRACT, Origin, about, personal
from identity.models.base import Base


class Topic(StrEnum):
    """What mails can be switched off for; those about the account itself cannot."""

    CASES = "cases"
    ORDERS = "orders"
    TRAININGS = "trainings"


class MutedTopic(Base):
    """That a person wants no mail about a topic; without a row, mails go out."""

    __tablename__ = "muted_topics"
    __personal__ = about(
        "account_id",
        purpose="content",
        basis=CONTRACT,
        keep="account",
        source="S39",
        origin=Origin.PERSON,
    )

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True, info=personal("pseudonym")
    )
    topic: Mapped[Topic] = mapped_column(primary_key=True, info=personal("usage"))
