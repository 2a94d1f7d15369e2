"""Reads that are needed twice."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, lazyload

from common.web.access import Principal
from shop.models import Order, Product
from shop.rules import State, sees_every_order


def products(session: Session, skus: Collection[str]) -> dict[str, Product]:
    """Products by number."""
    rows = session.scalars(sa.select(Product).where(Product.sku.in_(skus)))
    return {product.sku: product for product in rows}


def visible_orders(person: Principal) -> sa.Select[Any]:
    """Orders this person may see in a list, without their lines."""
    rows = sa.select(Order).options(lazyload(Order.lines))
    if sees_every_order(person.roles):
        return rows
    return rows.where(Order.organisation_id == person.organisation_id)


def unconfirmed(session: Session, *where: Any) -> Sequence[Order]:
    """Lock orders that nobody has confirmed yet."""
    rows = sa.select(Order).where(Order.state == State.PLACED, *where).order_by(Order.id)
    return session.scalars(rows.options(lazyload(Order.lines)).with_for_update()).all()


def catalogue() -> sa.Select[Any]:
    """Every product, also what cannot be ordered now."""
    return sa.select(Product)


def held_orders() -> sa.Select[Any]:
    """Orders whose buyer is blocked."""
    waiting = sa.select(Order).where(Order.state == State.PLACED, Order.held_at.is_not(None))
    return waiting.options(lazyload(Order.lines))
