"""HTTP: the catalogue, orders and their history."""

from flask import url_for
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.events.catalogue import OrderCancelled, OrderConfirmed, OrderPlaced
from common.ids import uuid7
from common.messaging import publish
from common.privacy.audit import audit
from common.privacy.retention import day_of
from common.refusals import next_state
from common.texts import Text
from common.web import (
    Blueprint,
    Page,
    authorise,
    idempotent,
    page,
    principal,
    reader_language,
    reading,
    transaction,
)
from common.web.access import Principal
from common.web.standing import AccountStanding, refuse_powerless
from shop import queries, rules
from shop.models import Address, Contact, Order, OrderLine, Product
from shop.schemas import (
    HeldOrder,
    NewOrder,
    NewProduct,
    OrdersAsked,
    OrderSummary,
    OrderView,
    ProductChange,
    ProductView,
)

bp = Blueprint("shop", __name__)


@bp.get("/products")
@bp.arguments(Page, location="query")
@bp.response(200, ProductView(many=True))
def list_products(asked):
    """Show the catalogue to whoever is signed in (S29, S66)."""
    with reading() as session:
        authorise(session, "product.list")
        found, headers = page(session, queries.catalogue(), Product.id, asked)
    return found, 200, headers


@bp.get("/products/<uuid:product_id>")
@bp.response(200, ProductView)
def read_product(product_id):
    """Show a product."""
    with reading() as session:
        return authorise(session, "product.read", Product, product_id)


@bp.post("/products")
@idempotent
@bp.arguments(NewProduct)
@bp.response(201, ProductView)
def add_product(body):
    """Offer a product."""
    with transaction() as session:
        authorise(session, "product.add")
        product = _insert_product(session, body)
        if product is None:
            raise rules.SkuTaken("Change the product that has this number instead.")
    return product, 201, {"Location": url_for("shop.read_product", product_id=product.id)}


@bp.patch("/products/<uuid:product_id>")
@bp.arguments(ProductChange)
@bp.response(200, ProductView)
def change_product(body, product_id):
    """Change a product's name or price, or whether it can be ordered; orders stay as they are."""
    with transaction() as session:
        product = authorise(session, "product.change", Product, product_id)
        if "name" in body:
            product.name = Text(**body["name"])
        if "price" in body:
            product.price = rules.Money(**body["price"])
        product.available = body.get("available", product.available)
    return product


@bp.post("/orders")
@idempotent
@bp.arguments(NewOrder)
@bp.response(201, OrderView)
def place_order(body):
    """Order at the price that was shown; at any other nothing is ordered (S67, S78)."""
    with transaction() as session:
        person = authorise(session, "order.place")
        heard = _lock_standing(session, person)
        skus = [line["sku"] for line in body["lines"]]
        offers = queries.products(session, skus)
        rules.require_offers(skus, offers)
        lines = _lines(body["lines"], offers)
        total = rules.total([(line.quantity, line.unit_price) for line in lines])
        rules.require_price(rules.Money(**body["expected_total"]), total)
        order = _order(session, person, body, heard)
        order.lines, order.total = lines, total
        session.add(order)
        session.flush()
        publish(session, OrderPlaced(**order.named))
    return order, 201, {"Location": url_for("shop.read_order", order_id=order.id)}


@bp.get("/orders")
@bp.arguments(OrdersAsked, location="query")
@bp.response(200, OrderSummary(many=True))
def list_orders(asked):
    """Show the organisation's orders, to staff those of all (S12, S50)."""
    with reading() as session:
        rows = queries.visible_orders(authorise(session, "order.list"))
        if asked["state"]:
            rows = rows.where(Order.state == asked["state"])
        found, headers = page(session, rows, Order.id, asked)
    return found, 200, headers


@bp.get("/orders/<uuid:order_id>")
@bp.response(200, OrderView)
def read_order(order_id):
    """Show an order as it was placed (S67)."""
    with reading() as session:
        return authorise(session, "order.read", Order, order_id)


@bp.get("/held-orders")
@bp.arguments(Page, location="query")
@bp.response(200, HeldOrder(many=True))
def list_held_orders(asked):
    """Show staff the orders that wait until their buyers may act again (S17)."""
    with reading() as session:
        authorise(session, "order.list_held")
        found, headers = page(session, queries.held_orders(), Order.id, asked)
    return found, 200, headers


@bp.post("/orders/<uuid:order_id>/confirmation")
@bp.response(200, OrderView)
def confirm_order(order_id):
    """Accept an order for delivery."""
    with transaction() as session:
        order = authorise(session, "order.confirm", Order, order_id)
        order.state = next_state(rules.TRANSITIONS, order.state, rules.Cause.CONFIRMATION)
        rules.require_no_hold(order.held_at)
        order.confirmed_at = now(session)
        audit(session, "order.confirm", order.id)
        publish(session, OrderConfirmed(**order.named))
    return order


@bp.post("/orders/<uuid:order_id>/cancellation")
@bp.response(200, OrderView)
def cancel_order(order_id):
    """Cancel an order; a confirmed one only by staff."""
    with transaction() as session:
        order = authorise(session, "order.cancel", Order, order_id)
        cause = rules.cause_of_cancellation(principal().roles)
        order.state = next_state(rules.TRANSITIONS, order.state, cause)
        order.cancelled_at = now(session)
        audit(session, "order.cancel", order.id)
        publish(session, OrderCancelled(**order.named))
    return order


def _insert_product(session: Session, body: dict) -> Product | None:
    statement = insert(session, Product).values(
        id=uuid7(),
        sku=body["sku"],
        name_en=body["name"]["en"],
        name_nl=body["name"]["nl"],
        name_de=body["name"]["de"],
        unit_amount=body["price"]["amount"],
        currency=body["price"]["currency"],
        available=body["available"],
        version=1,
    )
    taken = statement.on_conflict_do_nothing(index_elements=[Product.sku])
    return session.scalars(taken.returning(Product)).one_or_none()


def _lock_standing(session: Session, person: Principal) -> int:
    """Lock what is known of the buyer; return the sequence it was heard at.

    A block that comes now waits for the order and holds it; one that came while the request was
    on its way is seen here (S17).
    """
    known = session.get(AccountStanding, person.account_id, with_for_update=True)
    if known is None:
        return 0
    refuse_powerless(known, person.epoch)
    return known.sequence


def _lines(asked: list[dict], offers: dict[str, Product]) -> list[OrderLine]:
    language = reader_language()
    return [
        OrderLine(
            position=position,
            sku=line["sku"],
            name=offers[line["sku"]].name.say(language),
            quantity=line["quantity"],
            unit_price=offers[line["sku"]].price,
        )
        for position, line in enumerate(asked, 1)
    ]


def _order(session: Session, person: Principal, body: dict, heard: int) -> Order:
    order_id, at = uuid7(), now(session)
    return Order(
        id=order_id,
        number=rules.order_number(order_id, day_of(at)),
        organisation_id=person.organisation_id,
        account_id=person.account_id,
        state=rules.State.PLACED,
        hold_sequence=heard,
        contact=Contact(**body["contact"]),
        delivery=Address(**body["delivery"]),
        channel=body["channel"],
        notice_version=body["notice_version"],
        placed_at=at,
    )
