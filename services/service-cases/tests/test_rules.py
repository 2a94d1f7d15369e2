"""Who may do what, and how a case moves."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from common.events.catalogue import CaseClosed, CaseState, CaseStateChanged
from common.refusals import IllegalTransition, next_state
from common.web import Reach, Role
from service_cases.rules import (
    POLICY,
    TRANSITIONS,
    CaseIsClosed,
    RelationEnded,
    Side,
    Trigger,
    after_message,
    moved,
    refuse_after_the_end,
    side_of,
)


def reachable(state):
    found, todo = {state}, [state]
    while todo:
        here = todo.pop()
        after = {to for (of, _), to in TRANSITIONS.items() if of is here} - found
        found |= after
        todo += after
    return found


def test_every_state_can_be_reached_from_a_report():
    assert reachable(CaseState.REPORTED) == set(CaseState)


@pytest.mark.parametrize("state", CaseState)
def test_every_case_can_be_closed(state):
    assert CaseState.CLOSED in reachable(state)


@pytest.mark.parametrize("trigger", Trigger)
def test_nothing_moves_a_closed_case(trigger):
    with pytest.raises(IllegalTransition):
        next_state(TRANSITIONS, CaseState.CLOSED, trigger)


def test_every_step_of_the_table_changes_the_state():
    assert [pair for pair, state in TRANSITIONS.items() if pair[0] is state] == []


def test_every_trigger_is_in_the_policy_and_needs_if_match():
    assert all(POLICY[f"case.{trigger}"].guarded for trigger in Trigger)


def test_only_support_takes_asks_and_solves():
    for trigger in (Trigger.TAKE, Trigger.ASK_CUSTOMER, Trigger.SOLVE):
        assert set(POLICY[f"case.{trigger}"].grants) == {Role.SUPPORT}


def test_nobody_of_a_customer_reaches_beyond_the_organisation():  # S50, S62
    reaches = {
        action.grants.get(role) for action in POLICY.values() for role in Role if role != "support"
    }
    assert reaches == {None, Reach.ORGANISATION}


def test_only_customers_and_support_may_do_anything():  # S12
    allowed = {role for action in POLICY.values() for role in action.grants}
    assert allowed == {Role.MEMBER, Role.USER_MANAGER, Role.SUPPORT}


@pytest.mark.parametrize("state", [each for each in CaseState if each is not CaseState.CLOSED])
def test_a_message_of_support_leaves_the_state(state):
    assert after_message(state, Side.SUPPORT) is state


@pytest.mark.parametrize("state", [each for each in CaseState if each is not CaseState.CLOSED])
def test_a_message_of_the_customer_takes_up_only_a_waiting_case(state):
    waiting = state is CaseState.WAITING_FOR_CUSTOMER
    expected = CaseState.IN_PROGRESS if waiting else state
    assert after_message(state, Side.CUSTOMER) is expected


@pytest.mark.parametrize("side", Side)
def test_a_closed_case_takes_no_message(side):
    with pytest.raises(CaseIsClosed):
        after_message(CaseState.CLOSED, side)


def test_who_is_of_the_organisation_writes_as_customer_and_others_as_support():
    ours = uuid4()
    assert side_of(ours, ours) is Side.CUSTOMER
    assert side_of(None, ours) is Side.SUPPORT
    assert side_of(uuid4(), ours) is Side.SUPPORT


def test_a_machine_of_a_former_customer_takes_no_case():
    refuse_after_the_end(None)
    with pytest.raises(RelationEnded):
        refuse_after_the_end(datetime(2026, 1, 1, tzinfo=UTC))


def test_closing_is_told_as_a_change_and_as_the_end():
    ids = {"case_id": uuid4(), "organisation_id": uuid4()}
    assert moved(**ids, state=CaseState.CLOSED) == (
        CaseStateChanged(**ids, state=CaseState.CLOSED),
        CaseClosed(**ids),
    )
    assert moved(**ids, state=CaseState.SOLVED) == (
        CaseStateChanged(**ids, state=CaseState.SOLVED),
    )
