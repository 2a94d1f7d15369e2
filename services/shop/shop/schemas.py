"""Requests and answers of the shop."""

import re
from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from common.web import Page
from common.web.schemas import Answer, Count, Country, Email, Instant, Line, Request
from shop.rules import Channel, Currency, State

MOST_LINES = 100


class Flag(fields.Boolean):
    """True or false, and nothing that looks like it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Amount(fields.String):
    """A decimal with two places, sent as text: a JSON number is none to calculate money with."""

    def __init__(self, digits: int, **kwargs: Any) -> None:
        self.pattern = rf"^(0|[1-9][0-9]{{0,{digits - 1}}})\.[0-9]{{2}}$"
        super().__init__(metadata={"pattern": self.pattern}, **kwargs)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return f"{value:.2f}"

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not re.fullmatch(self.pattern.strip("^$"), text):
            raise self.make_error("invalid")
        return Decimal(text)


class Code(Line):
    """A short technical word."""

    def __init__(self, pattern: str, longest: int = 40, **kwargs: Any) -> None:
        super().__init__(longest, validate=validate.Regexp(pattern), **kwargs)


class Sku(Code):
    """Number of a product."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[A-Z0-9][A-Z0-9.-]*$", **kwargs)


# --------------------------------------------------------------------------------------- products


class Price(Request):
    """Net price of one."""

    amount = Amount(7, required=True)
    currency = fields.Enum(Currency, by_value=True, required=True)


class Names(Request):
    """A name in each language of the portal."""

    en = Line(200, required=True)
    nl = Line(200, required=True)
    de = Line(200, required=True)


class NewProduct(Request):
    """A product to offer."""

    sku = Sku(required=True)
    name = fields.Nested(Names, required=True)
    price = fields.Nested(Price, required=True)
    available = Flag(load_default=True)


class ProductChange(Request):
    """What is to be different."""

    name = fields.Nested(Names)
    price = fields.Nested(Price)
    available = Flag()


class NamesView(Answer):
    """A name in each language of the portal."""

    en = fields.String()
    nl = fields.String()
    de = fields.String()


class ProductView(Answer):
    """A product on offer."""

    id = fields.UUID()
    sku = fields.String()
    name = fields.Nested(NamesView)
    price = fields.Nested(Price)
    available = fields.Boolean()
    version = fields.Integer()


# ----------------------------------------------------------------------------------------- orders


class NewLine(Request):
    """How many of what."""

    sku = Sku(required=True)
    quantity = Count(1, 999, required=True)


class NewContact(Request):
    """Whom to ask about this order; kept with it and used for nothing else (S67)."""

    name = Line(200, required=True)
    email = Email(required=True)
    phone = Line(
        40,
        validate=validate.Regexp(r"^[+0-9(]([0-9 ()/.-]*[0-9])?$"),
        load_default=None,
        allow_none=True,
    )


class NewDelivery(Request):
    """Where this order goes."""

    street = Line(200, required=True)
    postal_code = Code(r"^[A-Za-z0-9]([A-Za-z0-9 -]*[A-Za-z0-9])?$", 20, required=True)
    city = Line(100, required=True)
    country = Country(required=True)


class Total(Request):
    """Net sum of an order."""

    amount = Amount(12, required=True)
    currency = fields.Enum(Currency, by_value=True, required=True)


class NewOrder(Request):
    """An order at the price the buyer was shown."""

    lines = fields.List(
        fields.Nested(NewLine), required=True, validate=validate.Length(1, MOST_LINES)
    )
    expected_total = fields.Nested(Total, required=True)
    contact = fields.Nested(NewContact, required=True)
    delivery = fields.Nested(NewDelivery, required=True)
    channel = fields.Enum(Channel, by_value=True, load_default=Channel.PORTAL)
    notice_version = Code(r"^[A-Za-z0-9][A-Za-z0-9._-]*$", required=True)


class OrdersAsked(Page):
    """Query of the list of orders."""

    state = fields.Enum(State, by_value=True, load_default=None)


class OrderSummary(Answer):
    """An order in a list; without contact and address (art. 5(1)(c))."""

    id = fields.UUID()
    number = fields.String()
    state = fields.Enum(State, by_value=True)
    account_id = fields.UUID()
    organisation_id = fields.UUID()
    total = fields.Nested(Total)
    placed_at = Instant()
    version = fields.Integer()


class LineView(Answer):
    """A line as it was ordered."""

    position = fields.Integer()
    sku = fields.String()
    name = fields.String()
    quantity = fields.Integer()
    unit_price = fields.Nested(Price)


class ContactView(Answer):
    """The order's own contact."""

    name = fields.String()
    email = fields.String()
    phone = fields.String(allow_none=True)


class DeliveryView(Answer):
    """The order's own address."""

    street = fields.String()
    postal_code = fields.String()
    city = fields.String()
    country = fields.String()


class OrderView(OrderSummary):
    """An order with all that is needed to print it."""

    lines = fields.List(fields.Nested(LineView))
    contact = fields.Nested(ContactView)
    contact_corrected_at = Instant(allow_none=True)
    delivery = fields.Nested(DeliveryView)
    channel = fields.Enum(Channel, by_value=True)
    notice_version = fields.String()
    confirmed_at = Instant(allow_none=True)
    cancelled_at = Instant(allow_none=True)


class HeldOrder(OrderSummary):
    """An order that waits until its buyer may act again; staff only (S17)."""

    held_at = Instant()
