import json
from decimal import Decimal

import pytest

from common.events.catalogue import OrderCancelled, OrderConfirmed, OrderPlaced
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.testing.harness import pointers
from common.web import Role
from common.web.standing import AccountStanding, Standing
from shop.models import Order, OrderLine, Product
from shop.rules import Currency, Money, State

from .factories import (
    PLACED_AT,
    a_product,
    an_order,
    blocked,
    order_body,
    product_body,
    unblocked,
)


@pytest.fixture
def buyer(shop):
    """A member of a customer, with a nozzle on offer."""
    shop.given(a_product())
    return shop.sign_in(Role.MEMBER)


@pytest.fixture
def staff(shop):
    """Somebody who runs the shop."""
    return shop.sign_in(Role.SHOP)


def colleague(shop, caller, *roles):
    return shop.sign_in(*roles, organisation_id=caller.person.organisation_id)


def problem(answer, status, kind):
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{kind}")
    assert answer.content_type == "application/problem+json"


# -------------------------------------------------------------------------------------- catalogue


def test_what_staff_offers_everybody_who_is_signed_in_can_see(shop, staff):  # S66
    added = staff.post("/products", product_body())
    assert added.status_code == 201
    for role in Role:
        reader = shop.sign_in(role)
        assert reader.get("/products").json == [added.json]
        assert reader.get(added.headers["Location"]).json == added.json
    assert added.json == {
        "id": added.json["id"],
        "sku": "NOZZLE-12",
        "name": {"en": "Nozzle 1.2 mm", "nl": "Spuitmond 1,2 mm", "de": "Düse 1,2 mm"},
        "price": {"amount": "19.90", "currency": "EUR"},
        "available": True,
        "version": 1,
    }


def test_nobody_sees_the_catalogue_without_signing_in(shop):
    problem(shop.anonymous().get("/products"), 401, "not-signed-in")


def test_the_catalogue_comes_in_pages(shop, buyer):
    shop.given(a_product("NOZZLE-14"))
    shop.given(a_product("NOZZLE-16"))
    first = buyer.get("/products?limit=2")
    assert [each["sku"] for each in first.json] == ["NOZZLE-16", "NOZZLE-14"]
    following = first.headers["Link"].partition(">")[0].removeprefix("<")
    second = buyer.get(following.removeprefix("http://localhost"))
    assert [each["sku"] for each in second.json] == ["NOZZLE-12"]
    assert "Link" not in second.headers


def test_a_product_number_is_given_once(shop, staff):
    assert staff.post("/products", product_body()).status_code == 201
    problem(staff.post("/products", product_body()), 409, "sku-taken")
    assert len(shop.rows(Product)) == 1


def test_a_changed_price_holds_for_new_orders_and_leaves_the_old(shop, buyer, staff):
    placed = buyer.post("/orders", order_body()).json
    [product] = shop.rows(Product)
    path = f"/products/{product.id}"
    price = {"amount": "25.00", "currency": "EUR"}
    changed = staff.change("PATCH", path, 1, {"price": price})
    assert (changed.status_code, changed.json["price"]) == (200, price)
    assert changed.headers["ETag"] == '"2"'
    problem(buyer.post("/orders", order_body()), 409, "price-changed")
    total = {"amount": "50.00", "currency": "EUR"}
    assert buyer.post("/orders", order_body(expected_total=total)).status_code == 201
    assert buyer.get(f"/orders/{placed['id']}").json == placed


def test_a_product_can_be_renamed_and_taken_off(shop, buyer, staff):
    [product] = shop.rows(Product)
    names = {"en": "Tip", "nl": "Tip", "de": "Spitze"}
    change = {"name": names, "available": False}
    changed = staff.change("PATCH", f"/products/{product.id}", 1, change).json
    assert (changed["name"], changed["available"]) == (names, False)
    problem(buyer.post("/orders", order_body()), 409, "not-for-sale")


def test_a_product_is_changed_by_who_saw_its_present_state(shop, staff, buyer):
    [product] = shop.rows(Product)
    path = f"/products/{product.id}"
    problem(staff.call("PATCH", path, json={"available": False}), 428, "precondition-missing")
    assert staff.change("PATCH", path, 1, {"available": False}).status_code == 200
    problem(staff.change("PATCH", path, 1, {"available": True}), 412, "stale")
    assert not shop.rows(Product)[0].available


# ------------------------------------------------------------------------------------ place orders


def test_an_order_is_placed_with_its_own_contact_at_the_shown_price(shop, buyer):
    answer = buyer.post("/orders", order_body())
    order = answer.json
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/orders/{order['id']}"
    assert order == {
        "id": order["id"],
        "number": order["number"],
        "state": "placed",
        "account_id": str(buyer.person.account_id),
        "organisation_id": str(buyer.person.organisation_id),
        "channel": "portal",
        "notice_version": "2026-01",
        "contact": order_body()["contact"],
        "contact_corrected_at": None,
        "delivery": order_body()["delivery"],
        "lines": [
            {
                "position": 1,
                "sku": "NOZZLE-12",
                "name": "Nozzle 1.2 mm",
                "quantity": 2,
                "unit_price": {"amount": "19.90", "currency": "EUR"},
            }
        ],
        "total": {"amount": "39.80", "currency": "EUR"},
        "placed_at": "2026-03-02T09:00:00Z",
        "confirmed_at": None,
        "cancelled_at": None,
        "version": 1,
    }
    assert order["number"].startswith("26-")
    [row] = shop.rows(Order)
    assert shop.published() == [
        OrderPlaced(
            order_id=row.id,
            organisation_id=buyer.person.organisation_id,
            account_id=buyer.person.account_id,
        )
    ]


def test_the_lines_are_named_in_the_language_the_order_was_placed_in(buyer):
    headers = {"Accept-Language": "de-AT,en;q=0.5"}
    order = buyer.post("/orders", order_body(), headers=headers).json
    assert order["lines"][0]["name"] == "Düse 1,2 mm"


def test_an_order_from_the_app_says_so_and_names_the_app_s_notice(buyer):
    body = order_body(channel="easy_order", notice_version="easy-order-3")
    order = buyer.post("/orders", body).json  # S78
    assert (order["channel"], order["notice_version"]) == ("easy_order", "easy-order-3")


def test_a_phone_number_is_voluntary(buyer):
    contact = {"name": "Anna Muster", "email": "anna@muster.example"}
    order = buyer.post("/orders", order_body(contact=contact)).json
    assert order["contact"] == {**contact, "phone": None}


@pytest.mark.parametrize(
    "shown",
    [
        {"amount": "39.79", "currency": "EUR"},
        {"amount": "39.81", "currency": "EUR"},
        {"amount": "39.80", "currency": "CHF"},
        {"amount": "0.00", "currency": "EUR"},
    ],
)
def test_at_another_price_than_the_shown_one_nothing_is_ordered(shop, buyer, shown):
    headers = {"Idempotency-Key": "a-key-of-mine", "Accept-Language": "nl"}
    answer = buyer.post("/orders", order_body(expected_total=shown), headers=headers)
    problem(answer, 409, "price-changed")
    assert answer.json["title"].startswith("De prijs is gewijzigd")
    assert shop.rows(Order) == shop.rows(OrderLine) == shop.published() == []
    assert buyer.post("/orders", order_body(), headers=headers).status_code == 201


def test_what_is_not_in_the_catalogue_cannot_be_ordered(shop, buyer):
    lines = [{"sku": "UNKNOWN", "quantity": 1}]
    problem(buyer.post("/orders", order_body(lines=lines)), 409, "not-for-sale")
    assert shop.rows(Order) == []


def test_an_order_has_one_currency(shop, buyer):
    shop.given(a_product("LENS-1", Money(Decimal("10.00"), Currency.CHF)))
    lines = [{"sku": "NOZZLE-12", "quantity": 1}, {"sku": "LENS-1", "quantity": 1}]
    problem(buyer.post("/orders", order_body(lines=lines)), 409, "not-for-sale")
    assert shop.rows(Order) == []


def test_staff_places_no_order(shop, buyer, staff):
    problem(staff.post("/orders", order_body()), 403, "not-allowed")
    assert shop.rows(Order) == []


@pytest.mark.parametrize("state", [Standing.BLOCKED, Standing.DEACTIVATED, Standing.ERASED])
def test_who_may_not_act_any_more_places_no_order_with_a_token_still_valid(shop, buyer, state):
    with shop.runtime.transaction() as session:
        session.get(AccountStanding, buyer.person.account_id).state = state
    problem(buyer.post("/orders", order_body()), 401, "account-not-active")
    assert shop.rows(Order) == []


def test_the_same_request_with_the_same_key_is_one_order(shop, buyer):
    headers = {"Idempotency-Key": "one-order-please"}
    first = buyer.post("/orders", order_body(), headers=headers)
    again = buyer.post("/orders", order_body(), headers=headers)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert len(shop.rows(Order)) == len(shop.published(OrderPlaced)) == 1


def test_the_same_key_with_another_order_is_refused(shop, buyer):
    headers = {"Idempotency-Key": "one-order-please"}
    assert buyer.post("/orders", order_body(), headers=headers).status_code == 201
    other = order_body(notice_version="2026-02")
    problem(buyer.post("/orders", other, headers=headers), 422, "key-of-another-request")
    assert len(shop.rows(Order)) == 1


def test_without_a_key_nothing_is_ordered(shop, buyer):
    problem(buyer.call("POST", "/orders", json=order_body()), 422, "idempotency-key-missing")
    assert shop.rows(Order) == []


LONG, NUL, SURROGATE = "x" * 300, "Anna\0", "Anna\ud800"
FAULTS = {
    "/lines": [[], {}, None, "x", [{"sku": "NOZZLE-12", "quantity": 1}] * 101],
    "/lines/0": [None, 7, "NOZZLE-12", []],
    "/lines/0/sku": [None, 7, "", "nozzle", LONG, NUL, SURROGATE, "NOZZLE-12\n", "-A", "A" * 41],
    "/lines/0/quantity": [None, 0, -1, 1000, 10**30, 1.0, 1.5, "2", True, [], 1e400],
    "/expected_total": [None, "39.80", 39.8, []],
    "/expected_total/amount": [
        None, 39.8, 40, "39.8", "39.800", "-39.80", "1e9", "NaN", "Infinity", "٣٩.٨٠", "039.80",
        "39.80\n", "9" * 13 + ".00", LONG,
    ],
    "/expected_total/currency": [None, "", "eur", "XXX", 7, LONG],
    "/contact": [None, "Anna", []],
    "/contact/name": [None, 7, "", " ", " Anna", "x" * 201, NUL, SURROGATE, "Anna\nMuster"],
    "/contact/email": [None, 7, "", "anna", "anna@", "@muster.example", NUL, SURROGATE,
        "x" * 250 + "@m.de"],
    "/contact/phone": [7, "", "call me", "1" * 41, "٠٧١٥٦", NUL, SURROGATE],
    "/delivery": [None, "here", []],
    "/delivery/street": [None, 7, "", "x" * 201, NUL, SURROGATE],
    "/delivery/postal_code": [None, 71254, "", "1" * 21, NUL, SURROGATE],
    "/delivery/city": [None, 7, "", "x" * 101, NUL, SURROGATE],
    "/delivery/country": [None, 7, "", "de", "XX", "DEU", NUL, SURROGATE],
    "/channel": [None, 7, "", "fax", SURROGATE],
    "/notice_version": [None, 7, "", "a b", "x" * 41, NUL, SURROGATE],
    "/surprise": [1],
    "/contact/surprise": ["x"],
    "/lines/0/surprise": ["x"],
}  # fmt: skip


@pytest.mark.parametrize(("pointer", "values"), FAULTS.items())
def test_what_does_not_fit_is_named_and_nothing_is_stored(shop, buyer, pointer, values):
    for value in values:
        body = order_body()
        place, last = _place(body, pointer)
        place[last] = value
        answer = buyer.post("/orders", data=json.dumps(body), content_type="application/json")
        assert answer.status_code in (400, 422), value
        assert answer.content_type == "application/problem+json"
        if answer.status_code == 422:
            named = [found for found in pointers(answer) if found.startswith(pointer) or not found]
            assert named, value
    assert shop.rows(Order) == shop.rows(OrderLine) == shop.published() == []


REQUIRED = (
    "/lines", "/lines/0/sku", "/lines/0/quantity", "/expected_total", "/expected_total/amount",
    "/expected_total/currency", "/contact", "/contact/name", "/contact/email", "/delivery",
    "/delivery/street", "/delivery/postal_code", "/delivery/city", "/delivery/country",
    "/notice_version",
)  # fmt: skip


def test_what_is_required_must_be_there(shop, buyer):
    for pointer in REQUIRED:
        body = order_body()
        place, last = _place(body, pointer)
        del place[last]
        answer = buyer.post("/orders", body)
        assert (answer.status_code, pointers(answer)) == (422, {pointer})
    assert shop.rows(Order) == []


def _place(body, pointer):
    *parents, last = [int(each) if each == "0" else each for each in pointer[1:].split("/")]
    for key in parents:
        body = body[key]
    return body, last


def test_a_body_that_is_no_order_is_refused(shop, buyer):
    for body in ("", "{", "[]", "null", "7", '{"a":NaN}', "[" * 5_000):
        answer = buyer.post("/orders", data=body, content_type="application/json")
        assert answer.status_code in (400, 422), body
        assert answer.content_type == "application/problem+json"
    assert shop.rows(Order) == []


ODD_PRODUCTS = [
    ("/sku", {"sku": "lower case"}),
    ("/sku", {"sku": None}),
    ("/name", {"name": "Nozzle"}),
    ("/name/nl", {"name": {"en": "Nozzle", "de": "Düse"}}),
    ("/name/en", {"name": {"en": "x" * 201, "nl": "x", "de": "x"}}),
    ("/price", {"price": "19.90"}),
    ("/price/amount", {"price": {"amount": 19.9, "currency": "EUR"}}),
    ("/price/amount", {"price": {"amount": "-1.00", "currency": "EUR"}}),
    ("/price/amount", {"price": {"amount": "10000000.00", "currency": "EUR"}}),
    ("/price/currency", {"price": {"amount": "19.90", "currency": "JPY"}}),
    ("/available", {"available": "yes"}),
    ("/available", {"available": 1}),
    ("/surprise", {"surprise": 1}),
]


def test_a_product_that_does_not_fit_is_not_offered(shop, staff):
    for pointer, parts in ODD_PRODUCTS:
        answer = staff.post("/products", product_body(**parts))
        assert answer.status_code == 422
        assert pointers(answer) in ({pointer}, {""})
    assert shop.rows(Product) == []


def test_a_query_that_does_not_fit_is_refused(shop):
    reader = shop.sign_in()
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "cursor=%00", "state=lost"):
        answer = reader.get(f"/orders?{query}")
        assert answer.status_code == 422, query
        assert answer.content_type == "application/problem+json"


def test_neither_a_log_line_nor_a_problem_repeats_what_was_sent(shop, buyer, capsys):
    canary = "canary\0@muster.example"
    for part in ("contact", "delivery"):
        for name in order_body()[part]:
            body = order_body()
            body[part][name] = canary
            answer = buyer.post("/orders", body)
            assert answer.status_code == 422
            assert "canary" not in answer.text
    assert buyer.post("/orders", order_body()).status_code == 201
    written = "".join(capsys.readouterr())
    assert "request answered" in written
    assert not [each for each in ("canary", "muster", "Ditzingen", "303-0") if each in written]


# --------------------------------------------------------------------------------- order history


def test_colleagues_see_the_organisation_s_orders_newest_first_and_nobody_else_s(shop, buyer):
    older = buyer.post("/orders", order_body()).json
    newer = buyer.post("/orders", order_body()).json
    shop.given(an_order())
    reader = colleague(shop, buyer)
    listed = reader.get("/orders").json
    assert [each["id"] for each in listed] == [newer["id"], older["id"]]
    assert reader.get(f"/orders/{older['id']}").json == older


def test_a_list_of_orders_holds_no_contact_and_no_address(shop, buyer):
    buyer.post("/orders", order_body())
    [listed] = buyer.get("/orders").json
    assert set(listed) == {
        "id", "number", "state", "account_id", "organisation_id", "total", "placed_at", "version",
    }  # fmt: skip


@pytest.mark.parametrize("role", [Role.SHOP, Role.FINANCE])
def test_shop_and_finance_see_the_orders_of_all(shop, role):
    orders = [shop.given(an_order()) for _ in range(2)]
    reader = shop.sign_in(role)
    assert {each["id"] for each in reader.get("/orders").json} == {str(each.id) for each in orders}
    assert all(reader.get(f"/orders/{each.id}").status_code == 200 for each in orders)


def test_orders_can_be_listed_by_state_page_by_page(shop, staff):
    confirmed = [shop.given(an_order(state=State.CONFIRMED)) for _ in range(3)]
    shop.given(an_order())
    first = staff.get("/orders?state=confirmed&limit=2")
    following = first.headers["Link"].partition(">")[0].removeprefix("<http://localhost")
    second = staff.get(following)
    ids = [each["id"] for each in first.json + second.json]
    assert ids == [str(each.id) for each in reversed(confirmed)]


def test_another_organisation_s_order_does_not_exist(shop):
    order = shop.given(an_order())
    stranger = shop.sign_in(Role.MEMBER)
    unknown = stranger.get(f"/orders/{uuid7()}")
    answer = stranger.get(f"/orders/{order.id}")
    problem(answer, 404, "not-found")
    assert {**answer.json, "trace_id": ""} == {**unknown.json, "trace_id": ""}
    assert stranger.get("/orders").json == []


def test_an_order_has_an_etag(shop, buyer):
    order = buyer.post("/orders", order_body()).json
    assert buyer.get(f"/orders/{order['id']}").headers["ETag"] == '"1"'


# --------------------------------------------------------------------- confirmation, cancellation


def test_staff_confirms_an_order(shop, staff):
    order = shop.given(an_order())
    answer = staff.change("POST", f"/orders/{order.id}/confirmation", 1)
    assert answer.status_code == 200
    assert (answer.json["state"], answer.json["version"]) == ("confirmed", 2)
    assert answer.json["confirmed_at"] == "2026-03-02T09:00:00Z"
    assert shop.published() == [OrderConfirmed(**order.named)]
    [entry] = shop.rows(AuditEntry)
    assert (entry.action, entry.actor) == ("order.confirm", str(staff.person.account_id))


def test_the_buyer_cancels_an_order_nobody_confirmed(shop, buyer):
    order = buyer.post("/orders", order_body()).json
    shop.forget_published()
    answer = buyer.change("POST", f"/orders/{order['id']}/cancellation", 1)
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    assert answer.json["cancelled_at"] == "2026-03-02T09:00:00Z"
    [row] = shop.rows(Order)
    assert shop.published() == [OrderCancelled(**row.named)]


def test_a_user_manager_cancels_an_employee_s_order(shop, buyer):
    order = buyer.post("/orders", order_body()).json
    chief = colleague(shop, buyer, Role.USER_MANAGER)
    assert chief.change("POST", f"/orders/{order['id']}/cancellation", 1).status_code == 200


def test_a_colleague_cancels_nothing(shop, buyer):
    order = buyer.post("/orders", order_body()).json
    path = f"/orders/{order['id']}/cancellation"
    problem(colleague(shop, buyer).change("POST", path, 1), 403, "not-allowed")
    assert shop.rows(Order)[0].state is State.PLACED


def test_a_confirmed_order_is_cancelled_by_staff_only(shop, buyer, staff):
    order = buyer.post("/orders", order_body()).json
    path = f"/orders/{order['id']}"
    assert staff.change("POST", f"{path}/confirmation", 1).status_code == 200
    problem(buyer.change("POST", f"{path}/cancellation", 2), 409, "illegal-transition")
    assert shop.rows(Order)[0].state is State.CONFIRMED
    assert staff.change("POST", f"{path}/cancellation", 2).json["state"] == "cancelled"


def test_a_cancelled_order_moves_no_more(shop, staff):
    order = shop.given(an_order(state=State.CANCELLED, cancelled_at=PLACED_AT))
    for step in ("confirmation", "cancellation"):
        answer = staff.change("POST", f"/orders/{order.id}/{step}", 1)
        problem(answer, 409, "illegal-transition")
    assert shop.published() == []


@pytest.mark.parametrize("step", ["confirmation", "cancellation"])
def test_an_order_is_moved_by_who_saw_its_present_state(shop, staff, step):
    order = shop.given(an_order(version=3))
    path = f"/orders/{order.id}/{step}"
    problem(staff.call("POST", path), 428, "precondition-missing")
    problem(staff.change("POST", path, 2), 412, "stale")
    assert shop.rows(Order)[0].state is State.PLACED
    assert shop.published() == []


# ------------------------------------------------------------------------------------------ holds


def test_an_order_on_hold_is_not_confirmed_until_it_is_released(shop, buyer, staff):
    order = buyer.post("/orders", order_body()).json
    [row] = shop.rows(Order)
    shop.when(blocked(row))
    path = f"/orders/{order['id']}"
    version = staff.get(path).json["version"]
    problem(staff.change("POST", f"{path}/confirmation", version), 409, "order-on-hold")
    shop.when(unblocked(row))
    version = staff.get(path).json["version"]
    assert staff.change("POST", f"{path}/confirmation", version).status_code == 200


def test_an_order_on_hold_can_be_cancelled(shop, staff):
    order = shop.given(an_order())
    shop.when(blocked(order))
    assert staff.change("POST", f"/orders/{order.id}/cancellation", 2).status_code == 200
    assert staff.get("/held-orders").json == []


def test_staff_sees_what_is_on_hold(shop, staff):
    order = shop.given(an_order())
    shop.given(an_order())
    shop.when(blocked(order))
    [held] = staff.get("/held-orders").json
    assert (held["id"], held["held_at"]) == (str(order.id), "2026-03-02T09:00:00Z")


def test_a_customer_does_not_learn_of_a_hold(shop):
    order = shop.given(an_order())
    chief = shop.sign_in(Role.USER_MANAGER, organisation_id=order.organisation_id)
    before = chief.get(f"/orders/{order.id}").json
    shop.when(blocked(order))
    after = chief.get(f"/orders/{order.id}").json
    assert {**after, "version": 1} == before  # S17: compliance only
    problem(chief.get("/held-orders"), 403, "not-allowed")
