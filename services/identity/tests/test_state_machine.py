"""Whatever happens to an account in whatever order: the table holds, and every change is whole.

One machine takes steps through the pure rules, the other through the database. What must hold is
said by a memory of their own, which knows nothing of the table.
"""

from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from common.events.catalogue import AccountActivated, AccountReactivated
from common.refusals import IllegalTransition
from identity.rules.states import (
    TRANSITIONS,
    Footing,
    Grounds,
    Screening,
    State,
    Trigger,
    footing,
    step,
)

from .factories import AT, an_account, an_organisation
from .steps import seen, take_and_look

CALM = settings(
    max_examples=150,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
STORED = settings(CALM, max_examples=30)


@dataclass(frozen=True)
class Memory:
    """What happened so far, as somebody remembers it who never saw the table."""

    approved: bool
    cleared: bool = False
    blocked: bool = False
    confirmed: bool = False

    def after(self, trigger):
        """The same, after one thing more."""
        facts = {
            Trigger.CONFIRM: {"confirmed": True},
            Trigger.APPROVE: {"approved": True},
            Trigger.CLEAR: {"cleared": True},
            Trigger.HIT: {"cleared": False},
            Trigger.REVIEW: {"cleared": self.cleared and self.approved},
            Trigger.BLOCK: {"blocked": True},
            Trigger.UNBLOCK: {"blocked": False},
        }
        return replace(self, **facts.get(trigger, {}))


class Life(RuleBasedStateMachine):
    """An account from its registration on. appointed: the operator's own staff."""

    @initialize(appointed=st.booleans())
    def begin(self, appointed):
        self.memory, self.state, self.was_erased = (
            Memory(approved=appointed),
            State.REGISTERED,
            False,
        )
        self.epoch = 1
        self.come_to_be(appointed)

    @rule(trigger=st.sampled_from(Trigger))
    def happen(self, trigger):
        try:
            after = self.take(trigger)
        except IllegalTransition:
            return
        self.state, self.memory = after, self.memory.after(trigger)

    @invariant()
    def active_means_confirmed_cleared_approved_and_not_blocked(self):
        if self.state is State.ACTIVE:
            assert self.memory == Memory(approved=True, cleared=True, confirmed=True)

    @invariant()
    def erased_is_final(self):
        assert not self.was_erased or self.state is State.ERASED
        self.was_erased = self.state is State.ERASED


class Ruled(Life):
    """A life by the pure rules."""

    def come_to_be(self, appointed):
        self.grounds = Grounds(approved=appointed)

    def take(self, trigger):
        result = step(self.state, trigger, self.grounds)
        self.grounds = result.grounds
        return result.state


class Stored(Life):
    """A life in the database; every step is looked at from outside."""

    def __init__(self, identity, organisation):
        super().__init__()
        self.identity, self.organisation = identity, organisation

    def come_to_be(self, appointed):
        approved = {"approved_at": AT} if appointed else {}
        account = an_account(self.organisation, State.REGISTERED, **approved)
        self.account_id = self.identity.given(account).id

    def take(self, trigger):
        state = take_and_look(self.identity, self.account_id, trigger)
        epoch = seen(self.identity, self.account_id).account.epoch
        assert epoch >= self.epoch
        self.epoch = epoch
        return state


@pytest.fixture(scope="module")
def organisation(shared_identity):
    """The customer that all accounts here belong to."""
    return shared_identity.given(an_organisation())


def test_the_rules_keep_everybody_out_who_is_not_cleared_approved_and_unblocked():
    run_state_machine_as_test(Ruled, settings=CALM)


WRONG_ROWS = {
    "approved without a screening": (State.REGISTERED, Trigger.APPROVE, AccountActivated),
    "approved while it is screened": (State.SCREENING, Trigger.APPROVE, AccountActivated),
    "back from the dead": (State.ERASED, Trigger.REACTIVATE, AccountReactivated),
    "reactivated whatever stands": (State.DEACTIVATED, Trigger.REACTIVATE, AccountReactivated),
}


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_one_wrong_row_in_the_table_is_found(monkeypatch, what):
    """Control: the machine above looks."""
    state, trigger, event = WRONG_ROWS[what]
    wrong = {row: to for row, to in TRANSITIONS[state].items() if row[0] is not trigger}
    monkeypatch.setitem(TRANSITIONS, state, {**wrong, (trigger, None): (State.ACTIVE, event)})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Ruled, settings=settings(CALM, max_examples=2000))


def test_in_the_database_every_change_is_whole_in_whatever_order_things_happen(
    shared_identity, organisation
):
    run_state_machine_as_test(lambda: Stored(shared_identity, organisation), settings=STORED)


@pytest.mark.parametrize("table", ["audit_entries", "outbox"])
def test_a_change_that_leaves_something_out_is_found(identity, customer, table):
    """Control: the steps above are looked at from outside."""
    with identity.runtime.transaction() as session:
        session.execute(
            sa.text(
                f"CREATE TRIGGER swallow BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END"
            )
        )
    account = identity.given(an_account(customer))
    with pytest.raises(AssertionError):
        take_and_look(identity, account.id, Trigger.BLOCK)


def corners():
    """Every state and grounds that an account can come to."""
    found, todo = set(), [(State.REGISTERED, Grounds(approved=each)) for each in (False, True)]
    while todo:
        state, grounds = here = todo.pop()
        if here in found:
            continue
        found.add(here)
        for trigger in Trigger:
            try:
                result = step(state, trigger, grounds)
            except IllegalTransition:
                continue
            todo.append((result.state, result.grounds))
    return sorted(found, key=str)


def in_corner(organisation, state, grounds):
    """An account that stands there."""
    held = grounds.screening is Screening.BLOCKED
    return an_account(
        organisation,
        state,
        screening=grounds.screening,
        approved_at=AT if grounds.approved else None,
        blocked_by_staff_at=AT if grounds.blocked_by_staff else None,
        blocked_by_screening_at=AT if held else None,
        confirmed_at=AT,
    )


def test_every_pair_of_state_and_trigger_does_what_the_table_says_and_the_others_nothing(
    shared_identity, organisation
):
    taken, refused = set(), set()
    for state, grounds in corners():
        for trigger in Trigger:
            account = shared_identity.given(in_corner(organisation, state, grounds))
            try:
                take_and_look(shared_identity, account.id, trigger)
                taken.add((state, trigger))
            except IllegalTransition:
                refused.add((state, trigger))
    rows = {(state, trigger) for state, rows in TRANSITIONS.items() for trigger, _ in rows}
    assert taken == rows
    assert refused >= {(state, trigger) for state in State for trigger in Trigger} - rows


def test_an_account_that_is_not_released_is_never_active_in_any_corner():
    assert {footing(grounds) for state, grounds in corners() if state is State.ACTIVE} == {
        Footing.RELEASED
    }
