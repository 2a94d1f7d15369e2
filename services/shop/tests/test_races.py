"""What happens at once, on PostgreSQL; each with its guard off, to show that there is a race."""

from threading import Barrier, Thread

import pytest
import sqlalchemy as sa

from common.events.catalogue import AccountBlocked, OrderPlaced
from common.ids import uuid7
from common.testing.harness import Caller
from common.web import Role
from shop import routes
from shop.models import Order, Product

from .factories import a_product, order_body, product_body

pytestmark = pytest.mark.postgres
MANY = 20


@pytest.fixture
def shop(shop_on_postgres):
    return shop_on_postgres


@pytest.fixture
def buyer(shop):
    shop.given(a_product())
    return shop.sign_in()


def at_once(shop, person, path, body, headers):
    """Answers to the same request, sent by many threads at the same moment."""
    start, answers = Barrier(MANY), []

    def send():
        caller = Caller(shop, person)
        start.wait()
        answers.append(caller.post(path, body, headers=headers()))

    threads = [Thread(target=send) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def one_key():
    return {"Idempotency-Key": "twenty-times-this"}


def a_key_each():
    return {"Idempotency-Key": str(uuid7())}


def test_the_same_order_sent_twenty_times_at_once_is_one_order(shop, buyer):
    answers = at_once(shop, buyer.person, "/orders", order_body(), one_key)
    assert len(answers) == MANY
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json["id"] for answer in answers if answer.status_code == 201}) == 1
    busy = [answer.json["type"] for answer in answers if answer.status_code == 409]
    assert set(busy) <= {"/problems/key-in-use"}
    assert len(shop.rows(Order)) == len(shop.published(OrderPlaced)) == 1


def test_without_the_key_s_guard_they_are_twenty_orders(shop, buyer, monkeypatch):
    unguarded = routes.place_order.__wrapped__
    monkeypatch.setitem(shop.app.view_functions, "shop.place_order", unguarded)
    answers = at_once(shop, buyer.person, "/orders", order_body(), one_key)
    assert [answer.status_code for answer in answers] == [201] * MANY
    assert len(shop.rows(Order)) == MANY


def test_one_product_number_offered_twenty_times_at_once_is_one_product(shop):
    staff = shop.sign_in(Role.SHOP)
    answers = at_once(shop, staff.person, "/products", product_body(), a_key_each)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (MANY - 1)
    assert len(shop.rows(Product)) == 1


# ------------------------------------------------------------ a block, while an order is placed


def place_while_blocked(shop, buyer, monkeypatch):
    """Place an order; at its last step deliver the block of its buyer, from another thread.

    The order goes on when the block has been handled, or waits for a lock that the order holds.
    """
    person = buyer.person
    block = AccountBlocked(
        account_id=person.account_id, organisation_id=person.organisation_id, epoch=2
    )
    arriving = Thread(target=shop.when, args=(block,))

    def publish_late(session, event):
        arriving.start()
        while arriving.is_alive() and not _someone_waits(shop):
            arriving.join(timeout=0.01)
        publish(session, event)

    publish = routes.publish
    monkeypatch.setattr(routes, "publish", publish_late)
    answer = buyer.post("/orders", order_body())
    arriving.join()
    assert answer.status_code == 201
    [order] = shop.rows(Order)
    return order


def _someone_waits(shop):
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with shop.runtime.db.engine.connect() as connection:
        return connection.scalar(sa.text(f"{waiting} AND datname = current_database()"))


def test_an_order_placed_while_its_buyer_is_blocked_is_held(shop, buyer, monkeypatch):
    assert place_while_blocked(shop, buyer, monkeypatch).held_at is not None  # S17


def test_without_the_lock_on_the_standing_it_slips_through(shop, buyer, monkeypatch):
    monkeypatch.setattr(routes, "_lock_standing", lambda session, person: 0)
    assert place_while_blocked(shop, buyer, monkeypatch).held_at is None
