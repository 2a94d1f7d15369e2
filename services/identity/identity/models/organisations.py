"""Organisations: the customers, and the operator itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.personal import technical
from identity.models.base import Base


class OrganisationKind(StrEnum):
    """Whose people an organisation's accounts are."""

    CUSTOMER = "customer"
    OPERATOR = "operator"


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
