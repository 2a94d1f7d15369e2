"""What is due, by rules that are rows of data: calendars, countries, laws that change, holds."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from common.privacy.retention import (
    ANYWHERE,
    TRADE_ZONE,
    Bound,
    NoRule,
    Rounding,
    RowFacts,
    Rule,
    Start,
    Why,
    begun_before,
    day_of,
    due,
    faults,
    kept_until,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
PERIODS = st.sampled_from(["P10Y", "P3Y", "P1Y", "P11M", "P6M", "P1M", "P90D", "P30D", "P0D"])
ROUNDINGS = st.sampled_from(Rounding)
BOUNDS = st.sampled_from(Bound)


def a_rule(period="P1Y", **facts):
    given_facts = {"record_class": "thing", "start": Start.COLLECTION, "source": "S26", **facts}
    return Rule(period=period, **given_facts)


def a_row(collected_at, **facts):
    return RowFacts(record_class="thing", collected_at=collected_at, **facts)


def goes(collected_at, *rules, now=NOW, **facts):
    return due(a_row(collected_at, **facts), rules, (), now)


# --------------------------------------------------------------------------------------- calendar


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("P1Y", datetime(2028, 2, 29, 16, tzinfo=UTC), datetime(2029, 2, 28, 16, tzinfo=UTC)),
        ("P4Y", datetime(2028, 2, 29, 16, tzinfo=UTC), datetime(2032, 2, 29, 16, tzinfo=UTC)),
        ("P1M", datetime(2027, 1, 31, 16, tzinfo=UTC), datetime(2027, 2, 28, 16, tzinfo=UTC)),
        ("P30D", datetime(2026, 3, 15, 1, tzinfo=UTC), datetime(2026, 4, 14, 1, tzinfo=UTC)),
    ],
)
def test_a_period_runs_by_the_calendar_in_utc_whatever_the_clocks_do(period, start, end):
    assert goes(start, a_rule(period)).at == end


@given(INSTANTS, PERIODS, ROUNDINGS, BOUNDS)
def test_nothing_is_due_before_its_period_is_over(start, period, rounding, bound):
    at = goes(start, a_rule(period, rounding=rounding, bound=bound)).at
    assert at >= goes(start, a_rule(period)).at - timedelta(days=3)
    assert at >= start


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=800)), PERIODS, ROUNDINGS)
@example(datetime(2000, 1, 29, 23, 37, tzinfo=UTC), timedelta(minutes=23), "P1M", Rounding.NONE)
def test_what_began_later_is_due_on_no_earlier_day(start, later, period, rounding):
    rule = a_rule(period, rounding=rounding)
    assert goes(start, rule).at.date() <= goes(start + later, rule).at.date()


@given(INSTANTS, st.integers(0, 30))
def test_rounded_it_ends_with_a_year_of_the_books(start, years):
    at = goes(start, a_rule(f"P{years}Y", rounding=Rounding.CALENDAR_YEAR_END)).at
    local = at.astimezone(TRADE_ZONE)
    assert (local.month, local.day, local.hour, local.minute) == (1, 1, 0, 0)
    assert local.year == start.astimezone(TRADE_ZONE).year + years + 1


def test_midnight_is_that_of_the_books():
    assert day_of(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert day_of(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == date(2027, 1, 1)


@given(INSTANTS, PERIODS, ROUNDINGS, st.timedeltas(timedelta(0), timedelta(days=6000)))
def test_a_query_that_looks_at_what_began_early_enough_misses_nothing(start, period, rounding, age):
    rule, now = a_rule(period, rounding=rounding), start + age
    if goes(start, rule, now=now).has_come(now):
        assert start < begun_before(rule, now)


# --------------------------------------------------------------------------------- bounds and law


def test_erasure_begins_before_its_limit():  # S26: P11M, so that all is gone after P1Y
    rule = a_rule("P1Y", begin="P11M")
    answer = goes(datetime(2026, 3, 31, tzinfo=UTC), rule)
    assert answer.at == datetime(2027, 2, 28, tzinfo=UTC)
    assert answer.limit_at == datetime(2027, 3, 31, tzinfo=UTC)


@given(INSTANTS, PERIODS, PERIODS)
def test_a_minimum_is_never_undercut_and_its_conflict_with_a_maximum_is_told(start, least, most):
    minimum, maximum = a_rule(least, bound=Bound.MINIMUM), a_rule(most)
    answer = goes(start, minimum, maximum)
    assert answer.at == goes(start, minimum).at
    assert answer.limit_at == goes(start, maximum).at
    assert answer.conflict == (answer.at > answer.limit_at)


@given(INSTANTS, st.lists(PERIODS, min_size=2, max_size=4))
def test_the_longest_minimum_counts(start, periods):
    minimums = [a_rule(each, bound=Bound.MINIMUM) for each in periods]
    ends = [goes(start, each).at for each in minimums]
    assert goes(start, *minimums).at == max(ends)


def test_a_country_without_a_row_goes_by_the_row_of_all():
    rules = (a_rule("P10Y"), a_rule("P7Y", country="NL"))
    assert goes(NOW, *rules, country="NL").rules == (rules[1],)
    assert goes(NOW, *rules, country="AT").rules == (rules[0],)
    assert goes(NOW, *rules).rules == (rules[0],)


def test_a_country_s_maximum_does_not_take_the_minimum_of_all_away():
    rules = (a_rule("P10Y", bound=Bound.MINIMUM), a_rule("P7Y", country="NL"))
    assert goes(NOW, *rules, country="NL").conflict


def test_a_law_holds_from_its_day_on_for_what_is_there_already():
    last = date(2024, 12, 31)
    rules = (a_rule("P10Y", valid_to=last), a_rule("P8Y", valid_from=last + timedelta(days=1)))
    start = datetime(2020, 5, 1, tzinfo=UTC)
    before, after = datetime(2024, 12, 31, 22, tzinfo=UTC), datetime(2024, 12, 31, 23, tzinfo=UTC)
    assert goes(start, *rules, now=before).at.year == 2030
    assert goes(start, *rules, now=after).at.year == goes(start, *rules[::-1], now=after).at.year
    assert goes(start, *rules, now=after).at.year == 2028


@given(st.lists(st.dates(date(2000, 1, 1), date(2050, 1, 1)), unique=True, max_size=5), st.data())
def test_of_rules_without_a_fault_every_day_has_exactly_one(days, data):
    starts = [date.min, *sorted(days)]
    ends = [day - timedelta(days=1) for day in starts[1:]] + [None]
    rules = [
        a_rule(valid_from=begin, valid_to=end) for begin, end in zip(starts, ends, strict=True)
    ]
    assert list(faults(rules)) == []
    now = data.draw(
        st.datetimes(datetime(1999, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
    )
    assert len(goes(NOW, *rules, now=now).rules) == 1
    if days:
        dropped = data.draw(st.integers(0, len(rules) - 1))
        assert list(faults(rules[:dropped] + rules[dropped + 1 :])) != []


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ([a_rule(), a_rule("P2Y")], "two rules on 0001-01-01"),
        ([a_rule(country="DE")], "no rule for every country on 0001-01-01"),
        ([a_rule(valid_to=date(2030, 1, 1))], "no rule for every country on 2030-01-02"),
        ([a_rule("1 year")], "1 year is no period"),
        ([a_rule("-P1Y")], "-P1Y is no period"),
        ([a_rule("P1Y", begin="P13M")], "erasure begins after its limit"),
        ([a_rule("P1Y", begin="P1M", bound=Bound.MINIMUM)], "a minimum has no begin"),
        ([a_rule("P1Y", follows="account")], "either has a period or follows another class"),
        ([a_rule(None, begin="P1M")], "has no period that could begin or be suspended"),
    ],
)
def test_a_fault_of_a_set_of_rules_is_named(rules, fault):
    assert [each for each in faults(rules) if fault in each]


# ------------------------------------------------------------------------ what has no date, and why


def test_a_period_that_has_not_begun_has_no_end():
    rule = a_rule(start=Start.END_OF_PROCESS)
    assert due(a_row(NOW), [rule], (), NOW).why is Why.RUNNING
    ended = RowFacts(record_class="thing", process_ended_at=NOW)
    assert due(ended, [rule], (), NOW).at == datetime(2027, 3, 2, 9, tzinfo=UTC)


def test_what_is_suspended_does_not_run_out():
    rule = a_rule("P0D", suspended_by="assessment-open")
    assert goes(NOW, rule).has_come(NOW)
    answer = goes(NOW, rule, suspensions=("assessment-open",))
    assert (answer.at, answer.why) == (None, Why.SUSPENDED)


@given(INSTANTS, INSTANTS, PERIODS, st.integers(1, 3))
def test_what_is_held_is_never_due_and_is_again_as_soon_as_no_hold_stands(start, now, period, held):
    rules, row = [a_rule(period)], a_row(start)
    assert due(row, rules, ["hold"] * held, now).why is Why.HELD
    assert not due(row, rules, ["hold"] * held, now).has_come(now)
    assert due(row, rules, (), now).has_come(now) == (due(row, rules, (), now).at <= now)


def test_what_has_no_period_goes_with_something_else_or_stays():
    assert goes(NOW, a_rule(None, follows="account")).why is Why.FOLLOWS
    assert goes(NOW, a_rule(None)).why is Why.WITHOUT_END
    assert goes(NOW, a_rule(None)).at is None


def test_a_class_without_a_rule_is_an_error_and_not_for_ever():
    with pytest.raises(NoRule, match="thing: no rule in force on 2026-03-02"):
        goes(NOW, a_rule(record_class="another"))
    with pytest.raises(NoRule):
        goes(NOW, a_rule(country="NL"), country="DE")


@given(st.lists(INSTANTS, min_size=1, max_size=5), PERIODS)
def test_several_rows_are_there_until_the_last_of_them_goes(starts, period):
    rows, rules = [a_row(start) for start in starts], [a_rule(period)]
    last = max(goes(start, *rules).at for start in starts)
    until = kept_until(rows, rules, NOW)
    assert until in (day_of(last), day_of(last) - timedelta(days=1))
    assert kept_until([*rows, a_row(None)], rules, NOW) is None


def test_of_no_rows_there_is_no_day():
    assert kept_until([], [a_rule()], NOW) is None


@given(INSTANTS)
def test_the_other_countries_rules_say_nothing(start):
    assume(start < NOW)
    assert goes(start, a_rule(country=ANYWHERE), a_rule("P0D", country="CH")).rules == (a_rule(),)
