"""What the shop decides: who may do what, an order's steps, its sum, how long it is kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from common.refusals import Conflict
from common.texts import Text
from common.web import Reach, Role, may, may_change

POLICY = {
    "product.list": may(**dict.fromkeys(Role, Reach.EVERYWHERE)),  # S29: whoever is signed in
    "product.read": may(**dict.fromkeys(Role, Reach.EVERYWHERE)),
    "product.add": may(shop=Reach.EVERYWHERE),
    "product.change": may_change(shop=Reach.EVERYWHERE),
    "order.place": may(member=Reach.OWN, user_manager=Reach.OWN),
    "order.list": may(
        member=Reach.ORGANISATION,
        user_manager=Reach.ORGANISATION,
        shop=Reach.EVERYWHERE,
        finance=Reach.EVERYWHERE,
    ),
    "order.read": may(
        member=Reach.ORGANISATION,
        user_manager=Reach.ORGANISATION,
        shop=Reach.EVERYWHERE,
        finance=Reach.EVERYWHERE,
    ),
    "order.list_held": may(shop=Reach.EVERYWHERE),  # S17: customers do not learn of a block here
    "order.confirm": may_change(shop=Reach.EVERYWHERE),
    "order.cancel": may_change(
        member=Reach.OWN, user_manager=Reach.ORGANISATION, shop=Reach.EVERYWHERE
    ),
}


def sees_every_order(roles: Collection[Role]) -> bool:
    """Whether the list of orders is that of all organisations (staff) or of one's own (S50)."""
    grants = POLICY["order.list"].grants
    return any(grants.get(role) is Reach.EVERYWHERE for role in roles)


# ------------------------------------------------------------------------------------------ steps


class State(StrEnum):
    """Where an order stands."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Cause(StrEnum):
    """What moves an order on."""

    CONFIRMATION = "confirmation"
    CUSTOMER_CANCELS = "cancellation_by_customer"
    STAFF_CANCELS = "cancellation_by_staff"
    RELATION_ENDS = "end_of_relation"


# fmt: off
TRANSITIONS = {
    (State.PLACED,    Cause.CONFIRMATION):     State.CONFIRMED,  # S67 the order is performed
    (State.PLACED,    Cause.CUSTOMER_CANCELS): State.CANCELLED,
    (State.PLACED,    Cause.STAFF_CANCELS):    State.CANCELLED,
    (State.PLACED,    Cause.RELATION_ENDS):    State.CANCELLED,  # S55 the customer is one no more
    (State.CONFIRMED, Cause.STAFF_CANCELS):    State.CANCELLED,  # a customer has to ask for it
}
# fmt: on


class OrderOnHold(Conflict):
    """The buyer may not act at present, so nothing is delivered."""

    title = Text(
        "This order is on hold", "Deze bestelling is aangehouden", "Diese Bestellung ist angehalten"
    )


def cause_of_cancellation(roles: Collection[Role]) -> Cause:
    """Who cancels: a confirmed order can be cancelled by staff only."""
    return Cause.STAFF_CANCELS if Role.SHOP in roles else Cause.CUSTOMER_CANCELS


def require_no_hold(held_at: datetime | None) -> None:
    """Refuse to go on with an order whose buyer is blocked; raises OrderOnHold.

    Source: S17 (a block holds everywhere: it must not ship goods).
    """
    if held_at is not None:
        raise OrderOnHold("It can be confirmed when its buyer may act again.")


# ------------------------------------------------------------------------------------------- sums


class Currency(StrEnum):
    """Currencies of the shops; both have two decimals."""

    EUR = "EUR"
    CHF = "CHF"


class Channel(StrEnum):
    """Where an order was placed: each has a privacy notice of its own (S78)."""

    PORTAL = "portal"
    EASY_ORDER = "easy_order"


CENT = Decimal("0.01")


@dataclass(frozen=True)
class Money:
    """An amount in a currency."""

    amount: Decimal
    currency: Currency


class Offer(Protocol):
    """What a price is read from."""

    available: bool
    price: Money


class NotForSale(Conflict):
    """Something of the order is not on offer, or not together with the rest."""

    title = Text(
        "This cannot be ordered now",
        "Dit is nu niet te bestellen",
        "Dies ist jetzt nicht bestellbar",
    )


class PriceChanged(Conflict):
    """The order costs something else than the buyer was shown; nothing was ordered."""

    title = Text(
        "The price has changed; please look at the order again",
        "De prijs is gewijzigd; bekijk de bestelling opnieuw",
        "Der Preis hat sich geändert; bitte prüfen Sie die Bestellung",
    )


class SkuTaken(Conflict):
    """The catalogue has a product with this number."""

    title = Text(
        "This product number is in use",
        "Dit artikelnummer is al in gebruik",
        "Diese Artikelnummer ist vergeben",
    )


def require_offers(skus: Sequence[str], offers: Mapping[str, Offer]) -> None:
    """Refuse an order that names a product twice, one not on offer, or two currencies.

    Raises NotForSale; the detail names the line's position, never what was sent.
    """
    for position, sku in enumerate(skus, 1):
        if sku not in offers or not offers[sku].available:
            raise NotForSale(f"Line {position} is not on offer.")
        if sku in skus[: position - 1]:
            raise NotForSale(f"Line {position} names a product again; change its quantity instead.")
    if len({offers[sku].price.currency for sku in skus}) > 1:
        raise NotForSale("One order has one currency.")


def total(lines: Sequence[tuple[int, Money]]) -> Money:
    """Net sum of (quantity, unit price) in one currency.

    Prices have two decimals, so the sum is exact; where a cent must be rounded it is half up.
    """
    amount = sum((quantity * price.amount for quantity, price in lines), Decimal())
    return Money(amount.quantize(CENT, ROUND_HALF_UP), lines[0][1].currency)


def require_price(expected: Money, actual: Money) -> None:
    """Refuse an order at another price than the buyer was shown; raises PriceChanged."""
    if expected != actual:
        raise PriceChanged("The expected total is not the total of the present prices.")


# ---------------------------------------------------------------------------------------- numbers

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no letter that is taken for a digit or another letter when read out."""


def order_number(order_id: UUID, placed_on: date) -> str:
    """Number for people, e.g. 26-7K3M9-Q2XT4: the year and 50 random bits of the id.

    It counts nothing, so it tells nobody how much is ordered, and needs no lock; the column is
    unique, should chance ever repeat itself.
    """
    bits = order_id.int
    digits = "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(10)))
    return f"{placed_on:%y}-{digits[:5]}-{digits[5:]}"
