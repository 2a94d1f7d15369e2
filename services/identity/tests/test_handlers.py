"""What identity does when screening speaks or a relation ends (S14, S17, S18, S26)."""

import itertools

import pytest
import sqlalchemy as sa

from common.events.catalogue import (
    AccountActivated,
    AccountBlocked,
    AccountDeactivated,
    AccountUnblocked,
    BusinessRelationshipEnded,
    Verdict,
)
from common.ids import uuid7
from common.web.access import Role
from identity.models import Account
from identity.rules.states import Screening, State

from .factories import a_screening, an_account, an_organisation, me, stored


def screen(identity, account, *verdicts):
    for verdict in verdicts:
        identity.when(a_screening(account.id, verdict))
    return stored(identity, account)


def facts(account, epoch):
    return {
        "account_id": account.id, "organisation_id": account.organisation_id, "epoch": epoch
    }  # fmt: skip


def test_a_cleared_applicant_waits_for_an_approval(identity):
    account = identity.given(an_account(state=State.SCREENING))
    found = screen(identity, account, Verdict.CLEAR)
    assert (found.state, found.screening) == (State.AWAITING_APPROVAL, Screening.CLEAR)
    assert identity.published() == []


def test_cleared_staff_who_were_approved_beforehand_are_active(identity, operator):
    account = identity.given(
        an_account(operator, State.SCREENING, approved_at=identity.clock.now())
    )
    assert screen(identity, account, Verdict.CLEAR).state is State.ACTIVE
    assert identity.published() == [AccountActivated(**facts(account, 1))]


@pytest.mark.parametrize("state", [State.SCREENING, State.AWAITING_APPROVAL, State.ACTIVE])
def test_a_hit_blocks_wherever_the_account_stands(identity, customer, state):
    account = identity.given(an_account(customer, state))
    found = screen(identity, account, Verdict.HIT)
    assert (found.state, found.screening) == (State.BLOCKED, Screening.BLOCKED)
    assert found.blocked_by_screening_at == identity.clock.now()
    assert identity.published() == [AccountBlocked(**facts(account, 2))]


def test_a_blocked_person_is_signed_out(identity, customer):
    account = identity.given(an_account(customer))
    caller = me(identity, account)
    assert caller.get("/accounts/me").status_code == 200
    screen(identity, account, Verdict.HIT)
    assert caller.get("/accounts/me").status_code == 401


def test_a_review_holds_a_new_account_and_leaves_an_active_one(identity, customer):
    new = identity.given(an_account(state=State.SCREENING))
    waiting = identity.given(an_account(state=State.AWAITING_APPROVAL))
    old = identity.given(an_account(customer))
    assert screen(identity, new, Verdict.REVIEW).state is State.SCREENING
    assert screen(identity, waiting, Verdict.REVIEW).state is State.SCREENING
    found = screen(identity, old, Verdict.REVIEW)
    assert (found.state, found.screening) == (State.ACTIVE, Screening.CLEAR)
    assert identity.published() == []


def test_a_cleared_hit_lets_the_person_act_again(identity, customer):
    account = identity.given(an_account(customer))
    found = screen(identity, account, Verdict.HIT, Verdict.CLEAR)
    assert (found.state, found.blocked_by_screening_at) == (State.ACTIVE, None)
    assert identity.published()[-1] == AccountUnblocked(**facts(account, 3))


def test_a_cleared_hit_does_not_lift_the_block_by_staff(identity, customer):
    account = identity.given(an_account(customer))
    screen(identity, account, Verdict.HIT)
    chief = identity.sign_in(Role.COMPLIANCE)
    chief.change("POST", f"/accounts/{account.id}/block", 2, {"reason": "misuse"})
    found = screen(identity, account, Verdict.CLEAR)
    assert (found.state, found.screening) == (State.BLOCKED, Screening.CLEAR)
    lifted = chief.change("POST", f"/accounts/{account.id}/unblock", found.version)
    assert lifted.json["state"] == "active"


def test_a_closed_account_changes_its_screening_status_alone(identity, customer):
    account = identity.given(an_account(customer, State.DEACTIVATED))
    listed = screen(identity, account, Verdict.HIT)
    assert (listed.state, listed.screening) == (State.DEACTIVATED, Screening.BLOCKED)
    cleared = screen(identity, account, Verdict.CLEAR)
    assert (cleared.state, cleared.screening) == (State.DEACTIVATED, Screening.CLEAR)
    assert identity.published() == []


@pytest.mark.parametrize(
    ("state", "verdict"), list(itertools.product([State.ERASING, State.ERASED], Verdict))
)
def test_a_late_verdict_changes_nothing_of_an_erased_person(identity, customer, state, verdict):
    account = identity.given(an_account(customer, state))
    found = screen(identity, account, verdict)
    assert (found.state, found.screening, found.epoch) == (state, Screening.PENDING, 1)
    assert identity.published() == []


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
def test_in_whatever_order_verdicts_arrive_the_newest_counts(identity, customer, order):
    account = identity.given(an_account(customer))
    verdicts = {1: Verdict.CLEAR, 2: Verdict.REVIEW, 3: Verdict.HIT}
    (subscription,) = [
        each for each in identity.service.subscriptions if each.name == "identity.apply_screening"
    ]
    for sequence in order:
        message = identity.message(a_screening(account.id, verdicts[sequence]), sequence=sequence)
        for _ in range(2):
            identity.runtime.consumer.handle(subscription, [message])
    assert stored(identity, account).state is State.BLOCKED


def test_a_verdict_about_nobody_is_not_lost_in_silence(identity):
    with pytest.raises(sa.exc.NoResultFound):
        identity.when(a_screening(uuid7()))


def test_a_verdict_about_an_unconfirmed_address_is_not_lost_in_silence(identity):
    account = identity.given(an_account(state=State.REGISTERED))
    with pytest.raises(Exception, match="registered has no step for clear"):
        identity.when(a_screening(account.id))


def test_when_a_relation_ends_its_people_are_closed_and_nobody_else(identity, customer):
    other = identity.given(an_organisation())
    own = [identity.given(an_account(customer, state)) for state in State]
    foreign = identity.given(an_account(other))
    identity.when(BusinessRelationshipEnded(organisation_id=customer.id))
    closed = {State.SCREENING, State.AWAITING_APPROVAL, State.ACTIVE, State.BLOCKED}
    for account in own:
        expected = State.DEACTIVATED if account.state in closed else account.state
        assert stored(identity, account).state is expected
    assert stored(identity, foreign).state is State.ACTIVE
    assert len(identity.published(AccountDeactivated)) == len(closed)
    assert len(identity.rows(Account)) == len(State) + 1
