"""Orders are kept as long as the law says and not a day longer (S67)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.jobs import job
from common.privacy.audit import audit
from common.privacy.erasure import Erasure
from shop import rules
from shop.models import Order, OrderLine

BATCH = 500
STATUTORY = "statutory-retention"


def erase(person: Erasure) -> None:
    """Delete a person's orders whose time is over; keep the others, as they are printed.

    The account's id stays in them and names nobody any more: identity has erased who it was. The
    contact is the order's own. The receipt shows the latest day; each order goes on its own.
    Source: S67, art. 17(3)(b) GDPR.
    """
    theirs = Order.account_id == person.account_id
    today = rules.day_of(now(person.session))
    ends = {row.id: _kept_until(row, today) for row in _facts(person.session, theirs)}
    over = [order_id for order_id, end in ends.items() if end < today]
    person.delete(OrderLine, OrderLine.order_id.in_(over))
    person.delete(Order, Order.id.in_(over))
    until = max(ends.values(), default=None)
    kept = sa.select(Order.id).where(theirs)
    person.keep(OrderLine, OrderLine.order_id.in_(kept), reason=STATUTORY, until=until)
    person.keep(Order, theirs, reason=STATUTORY, until=until)


@job(every="P1D")
def erase_expired_orders(runtime) -> int:
    """Delete the orders whose time is over, a batch a transaction; return how many."""
    erased, after = 0, UUID(int=0)
    while True:
        with runtime.transaction() as session:
            batch = _candidates(session, after)
            erased += _erase_expired(session, batch)
        if len(batch) < BATCH:
            return erased
        after = batch[-1].id


def _candidates(session: Session, after: UUID) -> Sequence[Any]:
    """Lock the next orders that are old enough to be looked at."""
    today = rules.day_of(now(session))
    latest = rules.may_be_over_before(today, rules.RETENTION_RULES)
    before = datetime(latest.year, latest.month, latest.day, tzinfo=rules.TRADE_ZONE)
    return _facts(session, Order.placed_at < before, Order.id > after, limit=BATCH)


def _erase_expired(session: Session, batch: Sequence[Any]) -> int:
    today = rules.day_of(now(session))
    over = [row.id for row in batch if _kept_until(row, today) < today]
    session.execute(sa.delete(OrderLine).where(OrderLine.order_id.in_(over)))
    session.execute(sa.delete(Order).where(Order.id.in_(over)))
    for order_id in over:
        audit(session, "order.erase_expired", order_id)
    return len(over)


def _facts(session: Session, *where: Any, limit: int | None = None) -> Sequence[Any]:
    columns = sa.select(Order.id, Order.placed_at, Order.delivery_country).where(*where)
    return session.execute(columns.order_by(Order.id).limit(limit).with_for_update()).all()


def _kept_until(row: Any, today: date) -> date:
    placed_on = rules.day_of(row.placed_at)
    return rules.kept_until(placed_on, row.delivery_country, today, rules.RETENTION_RULES)
