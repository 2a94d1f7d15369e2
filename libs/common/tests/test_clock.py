import calendar
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from common.clock import ShiftedClock, SystemClock, duration, now, seconds
from common.testing.clock import StandingClock


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "period", "end"),
    [
        (date(2028, 2, 29), "P1Y", date(2029, 2, 28)),
        (date(2028, 2, 29), "P4Y", date(2032, 2, 29)),
        (date(2027, 2, 28), "P1Y", date(2028, 2, 28)),
        (date(2026, 1, 31), "P1M", date(2026, 2, 28)),
        (date(2028, 1, 31), "P1M", date(2028, 2, 29)),
        (date(2026, 3, 31), "P11M", date(2027, 2, 28)),
        (date(2026, 12, 31), "P2M", date(2027, 2, 28)),
        (date(2026, 2, 28), "P30D", date(2026, 3, 30)),
        (date(2026, 12, 25), "P2W", date(2027, 1, 8)),
        (date(2026, 8, 31), "P1M1D", date(2026, 10, 1)),
    ],
)
def test_a_period_is_counted_by_the_calendar(start, period, end):
    assert (midnight(start) + duration(period)).date() == end


@given(
    st.dates(date(1990, 1, 1), date(2100, 12, 31)),
    st.integers(min_value=0, max_value=240),
)
def test_months_keep_the_day_or_end_with_the_month(start, months):
    end = midnight(start) + duration(f"P{months}M")
    whole = start.year * 12 + start.month - 1 + months
    assert (end.year, end.month) == (whole // 12, whole % 12 + 1)
    assert end.day == min(start.day, calendar.monthrange(end.year, end.month)[1])


def test_a_period_of_an_instant_keeps_its_time_of_day_and_zone():
    start = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)
    assert start + duration("P1Y") == datetime(2029, 2, 28, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("PT0.2S", 0.2),
        ("PT5M", 300.0),
        ("PT1H30M", 5400.0),
        ("P1D", 86400.0),
        ("P1W", 604800.0),
        ("P1DT1S", 86401.0),
    ],
)
def test_a_fixed_period_has_seconds(text, count):
    assert seconds(text) == count


@pytest.mark.parametrize("text", ["P1M", "P1Y", "", "5 minutes", "PT", "P1S"])
def test_what_has_no_fixed_length_has_no_seconds(text):
    with pytest.raises(ValueError, match=r".*"):
        seconds(text)


def test_the_system_clock_is_aware_and_in_utc():
    with time_machine.travel(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), tick=False):
        assert SystemClock().now() == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        assert SystemClock().now().tzinfo is UTC


def test_all_processes_with_one_shift_file_move_together(tmp_path):
    file = tmp_path / "clock.json"
    mine, theirs = ShiftedClock(file), ShiftedClock(file)
    with time_machine.travel(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), tick=False):
        assert mine.now() == theirs.now() == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        mine.advance(timedelta(days=365))
        theirs.advance(timedelta(hours=1))
        assert mine.now() == theirs.now() == datetime(2027, 3, 2, 10, 0, tzinfo=UTC)
    assert [each.name for each in tmp_path.iterdir()] == ["clock.json"]


def test_a_session_tells_the_time_of_its_service(sample):
    sample.clock.advance("P1M")
    with sample.runtime.transaction() as session:
        assert now(session) == datetime(2026, 4, 2, 9, 0, tzinfo=UTC)


def test_a_standing_clock_moves_only_when_it_is_moved():
    clock = StandingClock(datetime(2028, 2, 29, 12, 0, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance("P1Y")
    clock.advance(timedelta(days=1))
    assert clock.now() == datetime(2029, 3, 1, 12, 0, tzinfo=UTC)
