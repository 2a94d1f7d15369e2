"""States, dates, addresses and names, without a database."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import uuid7
from common.refusals import IllegalTransition
from identity.rules.access import Entry, display_name
from identity.rules.addresses import AddressNotValid, email_key
from identity.rules.dates import wait_after_refused_mail
from identity.rules.states import (
    HIDDEN,
    TRANSITIONS,
    Footing,
    Grounds,
    Screening,
    State,
    Trigger,
    footing,
    may_sign_in,
    step,
)

APPOINTED = Grounds(approved=True)


def after(triggers, grounds=None, state=State.REGISTERED):
    """Where a series of triggers leads; what is not possible is passed over."""
    grounds = grounds or Grounds()
    for trigger in triggers:
        try:
            result = step(state, trigger, grounds)
        except IllegalTransition:
            continue
        state, grounds = result.state, result.grounds
    return state, grounds


def reachable(triggers, grounds):
    """Every state and grounds that some series of these triggers leads to."""
    seen, todo = set(), [(State.REGISTERED, grounds)]
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        for trigger in triggers:
            todo.append(after([trigger], here[1], here[0]))
    return seen


@given(st.lists(st.sampled_from(Trigger), max_size=30), st.booleans())
def test_no_series_of_events_makes_an_account_active_without_clearance_and_approval(
    triggers, appointed
):
    state, grounds = after(triggers, Grounds(approved=appointed))
    if state is State.ACTIVE:
        assert footing(grounds) is Footing.RELEASED
        assert Trigger.CLEAR in triggers
        assert appointed or Trigger.APPROVE in triggers


@pytest.mark.parametrize("grounds", [Grounds(), APPOINTED])
def test_an_account_is_active_only_on_firm_ground_in_every_reachable_corner(grounds):
    for state, held in reachable(Trigger, grounds):
        assert (state is State.ACTIVE) <= (footing(held) is Footing.RELEASED)
        if state is State.AWAITING_APPROVAL:
            assert footing(held) is Footing.UNAPPROVED
        if state is State.BLOCKED:
            assert footing(held) is Footing.HELD


def test_without_a_clear_verdict_nobody_ever_becomes_active():
    triggers = set(Trigger) - {Trigger.CLEAR}
    for grounds in (Grounds(), APPOINTED):
        assert State.ACTIVE not in {state for state, _ in reachable(triggers, grounds)}


def test_without_an_approval_nobody_who_registered_ever_becomes_active():
    found = reachable(set(Trigger) - {Trigger.APPROVE}, Grounds())
    assert State.ACTIVE not in {state for state, _ in found}


def test_every_state_and_every_row_of_the_table_can_be_reached():
    used = set()
    for grounds in (Grounds(), APPOINTED):
        for state, held in reachable(Trigger, grounds):
            for trigger in Trigger:
                try:
                    result = step(state, trigger, held)
                except IllegalTransition:
                    continue
                used.add((state, trigger, footing(result.grounds)))
                used.add((state, trigger, None))
    rows = {(state, *row) for state, rows in TRANSITIONS.items() for row in rows}
    assert {state for state, _, _ in used} == set(State)
    assert rows <= used


def test_whatever_the_footing_a_trigger_that_is_possible_has_exactly_one_row():
    for rows in TRANSITIONS.values():
        for trigger in {trigger for trigger, _ in rows}:
            guards = [guard for each, guard in rows if each is trigger]
            assert guards == [None] or None not in guards


def test_every_reachable_living_account_survives_any_verdict():
    verdicts = (Trigger.CLEAR, Trigger.REVIEW, Trigger.HIT)
    for grounds in (Grounds(), APPOINTED):
        for state, held in reachable(Trigger, grounds):
            if state is not State.REGISTERED:
                for verdict in verdicts:
                    step(state, verdict, held)


@pytest.mark.parametrize("state", [State.SCREENING, State.AWAITING_APPROVAL, State.ACTIVE])
def test_a_hit_blocks_from_every_living_state(state):
    result = step(state, Trigger.HIT, Grounds(Screening.CLEAR, approved=state is State.ACTIVE))
    assert result.state is State.BLOCKED
    assert result.ends_tokens


def test_a_review_holds_a_new_account_and_leaves_a_released_one_as_it_is():
    fresh = step(State.SCREENING, Trigger.REVIEW, Grounds())
    waiting = step(State.AWAITING_APPROVAL, Trigger.REVIEW, Grounds(Screening.CLEAR))
    released = step(State.ACTIVE, Trigger.REVIEW, Grounds(Screening.CLEAR, approved=True))
    assert (fresh.state, waiting.state) == (State.SCREENING, State.SCREENING)
    assert waiting.grounds.screening is Screening.PENDING
    assert (released.state, released.grounds.screening) == (State.ACTIVE, Screening.CLEAR)


def test_one_ground_that_is_lifted_does_not_lift_the_other():
    both = Grounds(Screening.BLOCKED, approved=True, blocked_by_staff=True)
    cleared = step(State.BLOCKED, Trigger.CLEAR, both)
    unblocked = step(State.BLOCKED, Trigger.UNBLOCK, both)
    assert (cleared.state, unblocked.state) == (State.BLOCKED, State.BLOCKED)
    assert step(State.BLOCKED, Trigger.UNBLOCK, cleared.grounds).state is State.ACTIVE
    assert step(State.BLOCKED, Trigger.CLEAR, unblocked.grounds).state is State.ACTIVE


def test_a_cleared_hit_leads_back_only_as_far_as_the_account_had_come():
    approved = Grounds(Screening.BLOCKED, approved=True)
    assert step(State.BLOCKED, Trigger.CLEAR, approved).state is State.ACTIVE
    new = Grounds(Screening.BLOCKED)
    assert step(State.BLOCKED, Trigger.CLEAR, new).state is State.AWAITING_APPROVAL


def test_staff_cannot_lift_what_only_screening_blocks():
    with pytest.raises(IllegalTransition):
        step(State.BLOCKED, Trigger.UNBLOCK, Grounds(Screening.BLOCKED, approved=True))


def test_an_account_that_was_listed_while_closed_comes_back_blocked():
    listed = step(State.DEACTIVATED, Trigger.HIT, Grounds(Screening.CLEAR, approved=True))
    assert listed.state is State.DEACTIVATED
    assert step(State.DEACTIVATED, Trigger.REACTIVATE, listed.grounds).state is State.BLOCKED


@pytest.mark.parametrize(
    ("state", "verdict"),
    list(product(sorted(HIDDEN), (Trigger.CLEAR, Trigger.REVIEW, Trigger.HIT))),
)
def test_a_late_verdict_about_an_erased_person_changes_nothing(state, verdict):
    result = step(state, verdict, Grounds())
    assert (result.state, result.grounds, result.event) == (state, Grounds(), None)


def test_an_approved_account_cannot_be_refused():
    with pytest.raises(IllegalTransition):
        step(State.SCREENING, Trigger.REFUSE, APPOINTED)


def test_only_active_cleared_people_of_open_customers_sign_in():
    for state, screening, ended in product(State, Screening, (True, False)):
        expected = (state, screening, ended) == (State.ACTIVE, Screening.CLEAR, False)
        assert may_sign_in(state, screening, ended) is expected


def test_a_refused_mail_waits_longer_each_time_and_is_given_up_in_the_end():
    waits = [wait_after_refused_mail(n) for n in range(1, 12)]
    assert waits[-1] is None
    assert waits[:-1] == sorted(waits[:-1])


@pytest.mark.parametrize(
    "spelling",
    ["anna@Muster.example", "ANNA@muster.EXAMPLE", "anna@muster.example"],
)
def test_an_address_is_recognised_however_it_is_written(spelling):
    assert email_key(spelling) == "anna@muster.example"


def test_a_domain_is_recognised_in_both_of_its_spellings():
    assert email_key("anna@bücher.example") == email_key("anna@xn--bcher-kva.example")


@pytest.mark.parametrize("text", ["", "anna", "a@b", "@x.example", "a b@x.example", "ä@x.example"])
def test_what_nothing_can_be_mailed_to_is_no_address(text):
    with pytest.raises(AddressNotValid):
        email_key(text)


def shown(entry, reader, *, staff=False, language="en"):
    return display_name(entry, reader, staff, "The Operator", language)


def test_colleagues_and_staff_see_a_name_and_nobody_else_does():
    here, elsewhere = uuid7(), uuid7()
    entry = Entry(here, State.ACTIVE, "Anna", "Muster", of_staff=False)
    assert shown(entry, here) == "Anna Muster"
    assert shown(entry, elsewhere, staff=True) == "Anna Muster"
    assert shown(entry, elsewhere) is None


def test_an_account_without_organisation_is_nobodys_colleague():
    entry = Entry(None, State.SCREENING, "Anna", "Muster", of_staff=False)
    assert shown(entry, None) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Former user"), ("nl", "Voormalige gebruiker"), ("de", "Ehemaliger Nutzer")],
)
def test_an_erased_colleague_is_a_former_user_in_the_readers_language(language, text):
    here = uuid7()
    entry = Entry(here, State.ERASED, None, None, of_staff=False)
    assert shown(entry, here, language=language) == text


def test_customers_see_the_operator_instead_of_its_peoples_names():
    operator = uuid7()
    entry = Entry(operator, State.ACTIVE, "Sven", "Staff", of_staff=True)
    assert shown(entry, uuid7()) == "The Operator"
    assert shown(entry, operator, staff=True) == "Sven Staff"
