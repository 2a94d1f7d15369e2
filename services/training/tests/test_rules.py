from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refusals import IllegalTransition, Invalid, next_state
from common.web import Role
from training.rules import (
    BOOKING_STEPS,
    FURTHEST,
    LONGEST,
    POLICY,
    SESSION_STEPS,
    BookingState,
    SeatsTaken,
    SessionOver,
    SessionState,
    Step,
    require_open,
    require_sensible_times,
    require_to_come,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def test_cancelling_is_the_only_step_and_is_taken_once():
    assert next_state(BOOKING_STEPS, BookingState.CONFIRMED, Step.CANCEL) == "cancelled"
    assert next_state(SESSION_STEPS, SessionState.PLANNED, Step.CANCEL) == "cancelled"
    with pytest.raises(IllegalTransition):
        next_state(BOOKING_STEPS, BookingState.CANCELLED, Step.CANCEL)
    with pytest.raises(IllegalTransition):
        next_state(SESSION_STEPS, SessionState.CANCELLED, Step.CANCEL)


def test_a_session_is_over_in_the_instant_it_begins():
    require_to_come(NOW, NOW - timedelta(microseconds=1))
    with pytest.raises(SessionOver):
        require_to_come(NOW, NOW)


def test_a_cancelled_session_is_never_open():
    require_open(SessionState.PLANNED, NOW + timedelta(days=1), NOW)
    with pytest.raises(SessionOver):
        require_open(SessionState.CANCELLED, NOW + timedelta(days=1), NOW)


@given(INSTANTS, INSTANTS)
def test_times_that_are_accepted_are_to_come_and_in_order(starts_at, ends_at):
    sensible = NOW < starts_at <= NOW + FURTHEST and starts_at < ends_at <= starts_at + LONGEST
    with nullcontext() if sensible else pytest.raises(Invalid):
        require_sensible_times(starts_at, ends_at, NOW)


def test_refusals_have_a_title_in_each_language():
    for refusal in (SeatsTaken, SessionOver):
        title = refusal.title
        assert len({title.en, title.nl, title.de}) == 3


def test_only_members_user_managers_and_trainers_are_in_the_policy():
    for action in POLICY.values():
        assert set(action.grants) <= {Role.MEMBER, Role.USER_MANAGER, Role.TRAINER}
