"""Tables of the shop."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, composite, mapped_column, relationship

from common.db import TYPES, metadata
from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import CONTRACT, Origin, about, personal, technical
from common.texts import Text
from shop.rules import Channel, Currency, Money, State

AMOUNT = sa.Numeric(14, 2)


@dataclass(frozen=True)
class Contact:
    """Whom to ask about an order, as entered for it."""

    name: str
    email: str
    phone: str | None


@dataclass(frozen=True)
class Address:
    """Where an order goes, as entered for it."""

    street: str
    postal_code: str
    city: str
    country: str


class Base(DeclarativeBase):
    """Tables of this service's own database."""

    metadata = metadata()
    type_annotation_map = TYPES


class Product(Base):
    """Something on offer, the same to every customer."""

    __tablename__ = "products"

    organisation_id = None
    """It belongs to no customer: `authorise` goes by the role alone."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    sku: Mapped[str] = mapped_column(sa.String(40), unique=True, info=technical("number"))
    name_en: Mapped[str] = mapped_column(sa.String(200), info=technical("English"))
    name_nl: Mapped[str] = mapped_column(sa.String(200), info=technical("Dutch"))
    name_de: Mapped[str] = mapped_column(sa.String(200), info=technical("German"))
    unit_amount: Mapped[Decimal] = mapped_column(AMOUNT, info=technical("net price of one"))
    currency: Mapped[Currency] = mapped_column(info=technical("of the price"))
    available: Mapped[bool] = mapped_column(default=True, info=technical("can be ordered"))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))

    name: Mapped[Text] = composite("name_en", "name_nl", "name_de")
    price: Mapped[Money] = composite("unit_amount", "currency")

    __table_args__ = (sa.CheckConstraint("unit_amount >= 0", name="unit_amount"),)
    __mapper_args__ = {"version_id_col": version}


class Order(Base):
    """What an organisation ordered, with all that is needed to print it years later.

    The contact is the order's own copy: nothing of identity is asked for it (S67).
    """

    __tablename__ = "orders"
    __owner__ = "account_id"
    __personal__ = about(
        "account_id",
        purpose="order",
        basis=CONTRACT,
        keep="order",
        source="S67",
        erasure="keep",
        because=Ground.STATUTORY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    number: Mapped[str] = mapped_column(sa.String(20), unique=True, info=personal("content"))
    organisation_id: Mapped[UUID] = mapped_column(info=technical("customer whose order it is"))
    account_id: Mapped[UUID] = mapped_column(index=True, info=personal("pseudonym"))
    state: Mapped[State] = mapped_column(info=personal("status"))
    held_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", source="S17", readers=("shop",))
    )
    hold_sequence: Mapped[int] = mapped_column(
        default=0, info=technical("of the account's event that the hold goes by")
    )
    contact_name: Mapped[str] = mapped_column(
        sa.String(200), info=personal("identity", origin=Origin.PERSON)
    )
    contact_email: Mapped[str] = mapped_column(
        sa.String(254), info=personal("contact", origin=Origin.PERSON)
    )
    contact_phone: Mapped[str | None] = mapped_column(
        sa.String(40), info=personal("contact", origin=Origin.PERSON)
    )
    contact_corrected_at: Mapped[datetime | None] = mapped_column(
        info=personal("status", source="S67")
    )
    delivery_street: Mapped[str] = mapped_column(
        sa.String(200), info=personal("contact", origin=Origin.PERSON)
    )
    delivery_postal_code: Mapped[str] = mapped_column(
        sa.String(20), info=personal("contact", origin=Origin.PERSON)
    )
    delivery_city: Mapped[str] = mapped_column(
        sa.String(100), info=personal("contact", origin=Origin.PERSON)
    )
    delivery_country: Mapped[str] = mapped_column(
        sa.String(2), info=personal("contact", origin=Origin.PERSON)
    )
    channel: Mapped[Channel] = mapped_column(info=personal("usage", source="S78"))
    notice_version: Mapped[str] = mapped_column(
        sa.String(40), info=technical("privacy notice that applied (S78)")
    )
    net_amount: Mapped[Decimal] = mapped_column(AMOUNT, info=personal("finance"))
    currency: Mapped[Currency] = mapped_column(info=technical("of the amount"))
    placed_at: Mapped[datetime] = mapped_column(index=True, info=personal("content"))
    confirmed_at: Mapped[datetime | None] = mapped_column(info=personal("content"))
    cancelled_at: Mapped[datetime | None] = mapped_column(info=personal("content"))
    version: Mapped[int] = mapped_column(default=1, info=technical("If-Match"))

    contact: Mapped[Contact] = composite("contact_name", "contact_email", "contact_phone")
    delivery: Mapped[Address] = composite(
        "delivery_street", "delivery_postal_code", "delivery_city", "delivery_country"
    )
    total: Mapped[Money] = composite("net_amount", "currency")
    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.position", lazy="selectin")

    __table_args__ = (sa.Index("ix_orders_organisation_id_id", "organisation_id", "id"),)
    __mapper_args__ = {"version_id_col": version}

    @property
    def named(self) -> dict[str, UUID]:
        """Fields of every event about an order."""
        return {
            "order_id": self.id,
            "organisation_id": self.organisation_id,
            "account_id": self.account_id,
        }


class OrderLine(Base):
    """One product of an order, called and priced as it was then."""

    __tablename__ = "order_lines"
    __personal__ = about(
        "order_id",
        purpose="order",
        basis=CONTRACT,
        keep="order",
        source="S67",
        erasure="keep",
        because=Ground.STATUTORY,
    )

    order_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("orders.id"), primary_key=True, info=technical("order it is part of")
    )
    position: Mapped[int] = mapped_column(primary_key=True, info=technical("from 1"))
    sku: Mapped[str] = mapped_column(sa.String(40), info=personal("content", origin=Origin.PERSON))
    name: Mapped[str] = mapped_column(sa.String(200), info=personal("content"))
    quantity: Mapped[int] = mapped_column(info=personal("content", origin=Origin.PERSON))
    unit_amount: Mapped[Decimal] = mapped_column(AMOUNT, info=personal("finance"))
    currency: Mapped[Currency] = mapped_column(info=technical("of the price"))

    unit_price: Mapped[Money] = composite("unit_amount", "currency")

    __table_args__ = (
        sa.CheckConstraint("quantity BETWEEN 1 AND 999", name="quantity"),
        sa.CheckConstraint("unit_amount >= 0", name="unit_amount"),
    )
