"""Orders are kept as long as the law says and not a day longer (S67)."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from common.clock import now
from common.privacy import rulesets
from common.privacy.erasure import PERSON, Erasure
from common.privacy.grounds import Ground
from common.privacy.records import Records, deleting
from common.privacy.retention import (
    ANYWHERE,
    Bound,
    Rounding,
    RowFacts,
    Rule,
    Start,
    due,
    kept_until,
)
from shop.models import Order, OrderLine


def _books(country: str, period: str, source: str, reason: str, **validity: Any) -> Rule:
    return Rule(
        record_class="order",
        bound=Bound.MINIMUM,
        start=Start.COLLECTION,
        rounding=Rounding.CALENDAR_YEAR_END,
        country=country,
        period=period,
        source=source,
        reason=reason,
        **validity,
    )


RULES = (
    _books(ANYWHERE, "P10Y", "S67", "The period that people are told, where no law is known."),
    _books("DE", "P10Y", "DE-AO-147", "Invoices, until BEG IV.", valid_to=date(2024, 12, 31)),
    _books("DE", "P8Y", "DE-BEG-IV", "Invoices, from BEG IV on.", valid_from=date(2025, 1, 1)),
    _books("NL", "P7Y", "NL-AWR-52", "Basic records of a business."),
    _books("AT", "P7Y", "AT-BAO-132", "Books and records."),
    _books("CH", "P10Y", "CH-OR-958f", "Books and accounting records."),
)
"""By the country of delivery; a change of law is another row (REQUIREMENTS §3)."""

RECORDS = (
    Records(
        record_class="order",
        model=Order,
        collected_at=Order.placed_at,
        country=Order.delivery_country,
        erase=deleting(OrderLine.order_id, Order.id),
    ),
)


def erase(person: Erasure) -> None:
    """Delete a person's orders whose time is over; keep the others, as they are printed.

    The account's id stays in them and names nobody any more: identity has erased who it was. The
    contact is the order's own. The receipt shows the latest day; each order goes on its own.
    Source: S67, art. 17(3)(b) GDPR.
    """
    rules, at = rulesets.in_force(person.session), now(person.session)
    facts = {row.id: _facts(row) for row in person.read(_LOCKED)}
    person.let(over=[key for key, each in facts.items() if due(each, rules, (), at).has_come(at)])
    person.delete(OrderLine, _LINES_OVER)
    person.delete(Order, _OVER)
    until = kept_until(facts.values(), rules, at)
    person.keep(OrderLine, _THEIR_LINES, reason=Ground.STATUTORY, until=until)
    person.keep(Order, _THEIRS, reason=Ground.STATUTORY, until=until)


_ORDERS_OVER: Any = sa.bindparam("over", expanding=True)
_OVER, _LINES_OVER = Order.id.in_(_ORDERS_OVER), OrderLine.order_id.in_(_ORDERS_OVER)
_THEIRS = Order.account_id == PERSON
_THEIR_LINES = OrderLine.order_id.in_(sa.select(Order.id).where(_THEIRS))
_LOCKED = (
    sa.select(Order.id, Order.placed_at, Order.delivery_country)
    .where(_THEIRS)
    .order_by(Order.id)
    .with_for_update()
)


def _facts(row: Any) -> RowFacts:
    country, placed_at = row.delivery_country, row.placed_at
    return RowFacts(record_class="order", country=country, collected_at=placed_at)
