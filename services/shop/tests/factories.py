"""Things that tests are about; whatever a test does not name is plausible."""

from datetime import UTC, datetime
from decimal import Decimal

from common.events.catalogue import AccountBlocked, AccountUnblocked
from common.ids import uuid7
from common.privacy.retention import day_of
from common.texts import Text
from shop.models import Address, Contact, Order, OrderLine, Product
from shop.rules import Channel, Currency, Money, State, order_number, total

PLACED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def euro(amount):
    return Money(Decimal(amount), Currency.EUR)


def a_product(sku="NOZZLE-12", price="19.90", **facts):
    names = Text("Nozzle 1.2 mm", "Spuitmond 1,2 mm", "Düse 1,2 mm")
    money = price if isinstance(price, Money) else euro(price)
    return Product(**{"sku": sku, "name": names, "price": money, "available": True, **facts})


def an_order(**facts):
    order_id = facts.pop("id", None) or uuid7()
    placed_at = facts.pop("placed_at", PLACED_AT)
    lines = facts.pop("lines", None) or [a_line(1)]
    known = {
        "organisation_id": uuid7(),
        "account_id": uuid7(),
        "state": State.PLACED,
        "contact": Contact("Anna Muster", "anna@muster.example", "+49 7156 303-0"),
        "delivery": Address("Industriestraße 2", "71254", "Ditzingen", "DE"),
        "channel": Channel.PORTAL,
        "notice_version": "2026-01",
        "total": total([(line.quantity, line.unit_price) for line in lines]),
    }
    number = order_number(order_id, day_of(placed_at))
    return Order(id=order_id, number=number, placed_at=placed_at, lines=lines, **{**known, **facts})


def a_line(position, **facts):
    known = {"sku": f"SKU-{position}", "name": "Düse", "quantity": 2, "unit_price": euro("19.90")}
    return OrderLine(position=position, **{**known, **facts})


def order_body(**parts):
    """What a client sends to order two nozzles."""
    return {
        "lines": [{"sku": "NOZZLE-12", "quantity": 2}],
        "expected_total": {"amount": "39.80", "currency": "EUR"},
        "contact": {
            "name": "Anna Muster",
            "email": "anna@muster.example",
            "phone": "+49 7156 303-0",
        },
        "delivery": {
            "street": "Industriestraße 2",
            "postal_code": "71254",
            "city": "Ditzingen",
            "country": "DE",
        },
        "notice_version": "2026-01",
        **parts,
    }


def product_body(**parts):
    """What a client sends to offer a nozzle."""
    return {
        "sku": "NOZZLE-12",
        "name": {"en": "Nozzle 1.2 mm", "nl": "Spuitmond 1,2 mm", "de": "Düse 1,2 mm"},
        "price": {"amount": "19.90", "currency": "EUR"},
        **parts,
    }


def blocked(order, epoch=2):
    return AccountBlocked(
        account_id=order.account_id, organisation_id=order.organisation_id, epoch=epoch
    )


def unblocked(order, epoch=3):
    return AccountUnblocked(
        account_id=order.account_id, organisation_id=order.organisation_id, epoch=epoch
    )
