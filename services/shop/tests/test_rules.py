from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import uuid7
from common.refusals import IllegalTransition, next_state
from common.web import Role
from shop.rules import (
    ALPHABET,
    TRANSITIONS,
    Cause,
    Currency,
    Money,
    NotForSale,
    OrderOnHold,
    PriceChanged,
    State,
    cause_of_cancellation,
    order_number,
    require_no_hold,
    require_offers,
    require_price,
    total,
)

from .factories import a_product, euro

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


# ------------------------------------------------------------------------------------------ steps


@given(st.sampled_from(State), st.sampled_from(Cause))
def test_a_step_without_a_row_is_refused(state, cause):
    if (state, cause) in TRANSITIONS:
        assert next_state(TRANSITIONS, state, cause) is TRANSITIONS[state, cause]
    else:
        with pytest.raises(IllegalTransition):
            next_state(TRANSITIONS, state, cause)


def test_a_cancelled_order_stays_cancelled():
    assert not [state for state, _ in TRANSITIONS if state is State.CANCELLED]


def test_every_state_can_be_reached_from_placed():
    reached = {State.PLACED}
    for _ in State:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
    assert reached == set(State)


def test_only_staff_cancels_a_confirmed_order():
    assert cause_of_cancellation({Role.SHOP}) is Cause.STAFF_CANCELS
    assert cause_of_cancellation({Role.MEMBER, Role.USER_MANAGER}) is Cause.CUSTOMER_CANCELS
    assert (State.CONFIRMED, Cause.CUSTOMER_CANCELS) not in TRANSITIONS


def test_an_order_on_hold_goes_no_further():
    require_no_hold(None)
    with pytest.raises(OrderOnHold):
        require_no_hold(datetime(2026, 3, 2, tzinfo=UTC))


# ------------------------------------------------------------------------------------------- sums

PRICES = st.decimals(0, 9_999_999, places=2)
LINES = st.lists(st.tuples(st.integers(1, 999), PRICES), min_size=1, max_size=100)


@given(LINES)
def test_a_total_is_exact_to_the_cent(lines):
    cents = sum(quantity * int(price * 100) for quantity, price in lines)
    found = total([(quantity, Money(price, Currency.EUR)) for quantity, price in lines])
    assert found.amount * 100 == cents
    assert found.amount.as_tuple().exponent == -2


@given(LINES)
def test_the_largest_order_fits_its_column(lines):
    assert total([(999, euro("9999999.99"))] * 100).amount < Decimal(10) ** 12


def test_a_price_that_is_not_the_shown_one_is_refused():
    require_price(euro("39.80"), euro("39.80"))
    for shown in (euro("39.79"), euro("39.81"), Money(Decimal("39.80"), Currency.CHF)):
        with pytest.raises(PriceChanged):
            require_price(shown, euro("39.80"))


@pytest.mark.parametrize(
    ("skus", "offers"),
    [
        (["A"], {}),
        (["A"], {"A": a_product("A", available=False)}),
        (["A", "A"], {"A": a_product("A")}),
        (
            ["A", "B"],
            {"A": a_product("A"), "B": a_product("B", Money(Decimal("1.00"), Currency.CHF))},
        ),
    ],
    ids=["unknown", "not available", "twice", "two currencies"],
)
def test_what_is_not_on_offer_cannot_be_ordered(skus, offers):
    with pytest.raises(NotForSale) as caught:
        require_offers(skus, offers)
    assert "A" not in str(caught.value)


# ---------------------------------------------------------------------------------------- numbers


@given(st.uuids(), DAYS)
def test_an_order_number_is_readable_and_the_same_every_time(order_id, day):
    number = order_number(order_id, day)
    year, first, second = number.split("-")
    assert year == f"{day.year % 100:02}"
    assert len(first) == len(second) == 5
    assert set(first + second) <= set(ALPHABET)
    assert number == order_number(order_id, day)


def test_orders_of_the_same_instant_have_different_numbers():
    numbers = {order_number(uuid7(), date(2026, 3, 2)) for _ in range(5_000)}
    assert len(numbers) == 5_000
