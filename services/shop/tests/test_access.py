"""Who may do what, for every role and every row of the policy (S12, S29, S50)."""

import pytest

from common.ids import uuid7
from common.web import Role
from shop.models import Order, Product
from shop.rules import POLICY

from .factories import a_product, an_order, order_body, product_body

OWN, COLLEAGUE, ELSEWHERE = "own", "a colleague's", "another organisation's"
CUSTOMERS = {Role.MEMBER, Role.USER_MANAGER}


def everywhere(*roles):
    return {(role, whose) for role in roles for whose in (OWN, COLLEAGUE, ELSEWHERE)}


SEEN = everywhere(Role.SHOP, Role.FINANCE) | {
    (role, whose) for role in CUSTOMERS for whose in (OWN, COLLEAGUE)
}
MAY = {
    "order.read": SEEN,
    "order.confirm": everywhere(Role.SHOP),
    "order.cancel": everywhere(Role.SHOP)
    | {(Role.MEMBER, OWN), (Role.USER_MANAGER, OWN), (Role.USER_MANAGER, COLLEAGUE)},
}
CALLS = {
    "order.read": ("GET", "/orders/{}"),
    "order.confirm": ("POST", "/orders/{}/confirmation"),
    "order.cancel": ("POST", "/orders/{}/cancellation"),
}


@pytest.mark.parametrize("role", Role)
def test_an_order_is_open_to_whom_the_policy_names(shop, role):
    caller = shop.sign_in(role)
    person = caller.person
    for action, (method, path) in CALLS.items():
        for whose in (OWN, COLLEAGUE, ELSEWHERE):
            order = an_order(
                organisation_id=uuid7() if whose == ELSEWHERE else person.organisation_id,
                account_id=person.account_id if whose == OWN else uuid7(),
            )
            shop.given(order)
            allowed = (role, whose) in MAY[action]
            refusal = 404 if whose == ELSEWHERE else 403
            answer = caller.change(method, path.format(order.id), 1)
            assert answer.status_code == (200 if allowed else refusal), (action, whose)
            [row] = shop.rows(Order, Order.id == order.id)
            assert (row.version == 1) == (action == "order.read" or not allowed)


@pytest.mark.parametrize("role", Role)
def test_what_is_not_about_one_order_is_open_to_whom_the_policy_names(shop, role):
    product = shop.given(a_product())
    caller = shop.sign_in(role)
    lists = caller.get("/orders").status_code == 200
    assert lists == (role in CUSTOMERS | {Role.SHOP, Role.FINANCE})
    places = caller.post("/orders", order_body()).status_code == 201
    assert places == (role in CUSTOMERS)
    adds = caller.post("/products", product_body(sku="OTHER")).status_code == 201
    assert adds == (role is Role.SHOP)
    changes = caller.change("PATCH", f"/products/{product.id}", 1, {"available": False})
    assert (changes.status_code == 200) == (role is Role.SHOP)
    assert (caller.get("/held-orders").status_code == 200) == (role is Role.SHOP)
    assert [each.available for each in shop.rows(Product, Product.sku == "NOZZLE-12")] == [
        role is not Role.SHOP
    ]


def test_every_route_needs_an_active_account(shop):
    for rule in shop.app.url_map.iter_rules():
        if not rule.endpoint.startswith("shop."):
            continue
        path = str(rule).replace("<uuid:order_id>", str(uuid7()))
        path = path.replace("<uuid:product_id>", str(uuid7()))
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert shop.anonymous().call(method, path).status_code == 401, (method, path)


def test_every_row_of_the_policy_is_somebody_s():
    assert all(action.grants for action in POLICY.values())
