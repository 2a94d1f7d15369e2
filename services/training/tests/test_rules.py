from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
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


@given(
    st.timedeltas(-timedelta(days=2), FURTHEST + timedelta(days=2)),
    st.timedeltas(-timedelta(days=2), LONGEST + timedelta(days=2)),
)
@example(timedelta(0), LONGEST)
@example(FURTHEST, LONGEST)
@example(FURTHEST, timedelta(0))
def test_a_training_begins_within_five_years_and_lasts_at_most_a_month(wait, length):
    starts_at, ends_at = NOW + wait, NOW + wait + length
    nothing = timedelta(0)
    sensible = nothing < wait <= FURTHEST and nothing < length <= LONGEST
    with nullcontext() if sensible else pytest.raises(Invalid):
        require_sensible_times(starts_at, ends_at, NOW)


def test_refusals_have_a_title_in_each_language():
    for refusal in (SeatsTaken, SessionOver):
        title = refusal.title
        assert len({title.en, title.nl, title.de}) == 3


def test_only_members_user_managers_and_trainers_are_in_the_policy():
    for action in POLICY.values():
        assert set(action.grants) <= {Role.MEMBER, Role.USER_MANAGER, Role.TRAINER}
