from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import uuid7
from common.refusals import IllegalTransition, next_state
from common.web import Role
from shop.rules import (
    ALPHABET,
    RETENTION_RULES,
    TRANSITIONS,
    Cause,
    Currency,
    Money,
    NotForSale,
    OrderOnHold,
    PriceChanged,
    RetentionRule,
    Rounding,
    State,
    cause_of_cancellation,
    day_of,
    due,
    kept_until,
    may_be_over_before,
    order_number,
    require_no_hold,
    require_offers,
    require_price,
    total,
)

from .factories import a_product, euro

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
LONG_AGO = date(2000, 1, 1)


def a_rule(period="P10Y", rounding=Rounding.CALENDAR_YEAR_END, country=None, since=LONG_AGO):
    return RetentionRule("order", country, since, period, rounding, "S67")


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


# -------------------------------------------------------------------------------------- retention


def test_an_order_is_kept_ten_years_from_the_end_of_its_calendar_year():
    assert kept_until(date(2026, 3, 2), "DE", date(2026, 3, 2)) == date(2036, 12, 31)  # S67


@pytest.mark.parametrize(
    ("placed_on", "end"),
    [
        (date(2025, 12, 31), date(2035, 12, 31)),
        (date(2026, 1, 1), date(2036, 12, 31)),
        (date(2028, 2, 29), date(2038, 12, 31)),
    ],
)
def test_the_period_begins_to_run_at_the_end_of_the_year(placed_on, end):
    assert kept_until(placed_on, "NL", placed_on) == end


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("P1Y", date(2028, 2, 29), date(2029, 2, 28)),
        ("P4Y", date(2028, 2, 29), date(2032, 2, 29)),
        ("P1M", date(2027, 1, 31), date(2027, 2, 28)),
        ("P30D", date(2028, 2, 1), date(2028, 3, 2)),
    ],
)
def test_without_rounding_a_period_runs_by_the_calendar(period, start, end):
    assert due(a_rule(period, Rounding.NONE), start) == end


@given(DAYS, st.integers(0, 30))
def test_the_last_day_is_the_last_of_a_year_and_never_too_early(start, years):
    end = due(a_rule(f"P{years}Y"), start)
    assert (end.month, end.day) == (12, 31)
    assert end.year == start.year + years
    assert end >= due(a_rule(f"P{years}Y", Rounding.NONE), start)


@given(DAYS, DAYS)
def test_what_began_later_is_never_due_earlier(one, other):
    earlier, later = sorted((one, other))
    for rounding in Rounding:
        rule = a_rule("P7Y", rounding)
        assert due(rule, earlier) <= due(rule, later)


def test_a_country_without_a_row_goes_by_the_row_of_all():
    rules = (a_rule("P10Y"), a_rule("P7Y", country="NL"))
    assert kept_until(date(2026, 3, 2), "NL", date(2026, 3, 2), rules) == date(2033, 12, 31)
    assert kept_until(date(2026, 3, 2), "AT", date(2026, 3, 2), rules) == date(2036, 12, 31)


def test_a_new_law_holds_from_its_day_on_for_what_is_there_already():
    rules = (a_rule("P10Y"), a_rule("P8Y", since=date(2027, 1, 1)))
    placed_on = date(2026, 3, 2)
    assert kept_until(placed_on, "DE", date(2026, 12, 31), rules) == date(2036, 12, 31)
    assert kept_until(placed_on, "DE", date(2027, 1, 1), rules) == date(2034, 12, 31)
    assert kept_until(placed_on, "DE", date(2027, 1, 1), rules[::-1]) == date(2034, 12, 31)


PERIODS = st.sampled_from(["P10Y", "P1Y", "P6M", "P1M", "P90D", "P0D"])
RULE_SETS = st.tuples(
    st.builds(a_rule, PERIODS, st.sampled_from(Rounding)),
    st.builds(a_rule, PERIODS, st.sampled_from(Rounding), st.just("CH")),
)


@given(RULE_SETS, DAYS, st.integers(0, 5_000), st.sampled_from(["CH", "DE"]))
def test_the_sweep_looks_far_enough(rules, today, age, country):
    placed_on = today - timedelta(days=age)
    if kept_until(placed_on, country, today, rules) < today:
        assert placed_on < may_be_over_before(today, rules)


def test_midnight_is_that_of_the_books():
    assert day_of(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert day_of(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == date(2027, 1, 1)


def test_the_statement_s_ten_years_are_the_default_everywhere():
    assert [(rule.country, rule.period) for rule in RETENTION_RULES] == [(None, "P10Y")]
