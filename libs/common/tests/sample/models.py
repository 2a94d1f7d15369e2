"""Parcels, their arrivals, and who gets them."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.db import TYPES, metadata
from common.events.catalogue import event
from common.ids import uuid7
from common.privacy.personal import CONTRACT, about, personal, technical


@event(owner="sample", subject="parcel_id")
class ParcelSent:
    """A parcel is on its way."""

    parcel_id: UUID
    weight: int


class Base(DeclarativeBase):
    metadata = metadata()
    type_annotation_map = TYPES


class Parcel(Base):
    """Something sent."""

    __tablename__ = "parcels"
    __owner__ = "account_id"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    organisation_id: Mapped[UUID] = mapped_column(info=technical("whose"))
    account_id: Mapped[UUID] = mapped_column(info=technical("who"))
    label: Mapped[str] = mapped_column(sa.String(100), info=technical("what"))
    weight: Mapped[int] = mapped_column(info=technical("grams"))
    arrivals: Mapped[int] = mapped_column(default=0, info=technical("times it arrived"))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))
    __mapper_args__ = {"version_id_col": version}


class Arrival(Base):
    """One arrival of a parcel, in the order of handling."""

    __tablename__ = "arrivals"

    id: Mapped[int] = mapped_column(primary_key=True, info=technical("order of handling"))
    parcel_id: Mapped[UUID] = mapped_column(index=True, info=technical("which"))
    sequence: Mapped[int] = mapped_column(info=technical("of the event"))


class Receiver(Base):
    """Somebody who gets parcels."""

    __tablename__ = "receivers"
    __personal__ = about(
        "account_id", purpose="identify", basis=CONTRACT, keep="account", source="S4"
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    account_id: Mapped[UUID] = mapped_column(info=personal("pseudonym"))
    family_name: Mapped[str] = mapped_column(sa.String(100), info=personal("identity"))
    phone: Mapped[str | None] = mapped_column(
        sa.String(40), info=personal("contact", erasure="null")
    )
