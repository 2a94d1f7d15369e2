"""Organisations: the customers, and the operator itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import CONTRACT, about, personal, technical
from identity.models.base import Base
from identity.rules.organisations import is_managed


class OrganisationKind(StrEnum):
    """Whose people an organisation's accounts are."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    REPRESENTATIVE = "representative"


class Organisation(Base):
    """A customer, a representative, or the operator itself; a company, not a person."""

    __tablename__ = "organisations"
    __personal__ = about(
        "user_management_by",
        purpose="accountability",
        basis=CONTRACT,
        keep="attribution",
        source="S44",
        erasure="keep",
        because=Ground.ATTRIBUTION,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    name: Mapped[str] = mapped_column(sa.String(200), info=technical("the company's name"))
    country: Mapped[str] = mapped_column(sa.String(2), info=technical("ISO 3166-1 alpha-2"))
    kind: Mapped[OrganisationKind] = mapped_column(
        info=technical("customer, operator or representative")
    )
    registered_at: Mapped[datetime] = mapped_column(info=technical("when it was entered"))
    relation_ended_at: Mapped[datetime | None] = mapped_column(
        info=technical("since when it is no customer any more")
    )
    user_management_since: Mapped[datetime | None] = mapped_column(
        info=technical("since when its user managers decide about its people; null: staff do")
    )
    user_management_by: Mapped[UUID | None] = mapped_column(info=personal("pseudonym"))
    agreement_reference: Mapped[str | None] = mapped_column(
        sa.String(80), info=technical("of the agreement with the customer")
    )
    second_factor_required: Mapped[bool] = mapped_column(
        default=False,
        server_default=sa.false(),
        info=technical("its user managers must have a second factor"),
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

    @property
    def is_managed(self) -> bool:
        """Whether its user managers may decide about its people."""
        return is_managed(self.user_management_since, self.relation_ended_at)
