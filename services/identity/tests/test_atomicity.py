"""A crash between any two statements leaves all of a change or nothing of it.

Every change is run again and again, and dies at its first statement, its second, and so on, until
it gets through. A crash is no Exception: nobody can catch it and tidy up.
"""

from datetime import timedelta
from functools import partial

import pytest

from common.events.catalogue import (
    BusinessRelationshipEnded,
    ErasureRequested,
    PersonalDataErased,
    Verdict,
)
from common.ids import uuid7
from common.privacy.audit import audit
from identity import routes as modules
from identity.accounts import locked
from identity.jobs import expire_invitations, work_off_recoveries
from identity.models import ErasureRequest, Invitation, RecoveryRequest
from identity.retention import begin_erasures
from identity.rules.invitations import InvitationState
from identity.rules.states import State

from .arrangements import ARRANGED, STATES, call
from .crashes import dies_everywhere
from .factories import (
    AT,
    a_receipt,
    a_screening,
    an_account,
    an_organisation,
    other_owners,
)
from .surface import routes

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize("module", sorted(set(modules.__all__) - {"bp"}))
def test_a_crash_anywhere_in_a_request_leaves_all_or_nothing(identity_with, module):
    identity = identity_with(recipients="provider:Mails Ltd")
    taken = [
        each
        for each in routes(identity.app)
        if each.module == f"identity.routes.{module}"
        and each.method in CHANGING
        and not each.access.startswith("internal:")
    ]
    for route in taken:
        assert dies_everywhere(identity, call(route)) > 2, route


def test_what_is_arranged_is_arranged_for_routes_there_are(identity):
    assert ARRANGED.keys() | STATES.keys() <= {str(each) for each in routes(identity.app)}


# ---------------------------------------------------------------------------- events and jobs


def delivered(harness, function, event, owner=None):
    """The delivery of an event to one handler."""
    message = harness.message(event, owner=owner)
    subscription = next(
        each for each in harness.service.subscriptions if each.function.__name__ == function
    )
    return lambda: harness.runtime.consumer.handle(subscription, [message])


def a_hit(harness):
    account = harness.given(an_account(harness.given(an_organisation())))
    return delivered(harness, "apply_screening", a_screening(account.id, Verdict.HIT))


def a_clearance_of_the_approved(harness):
    customer = harness.given(an_organisation())
    account = an_account(customer, State.SCREENING, approved_at=AT)
    return delivered(harness, "apply_screening", a_screening(harness.given(account).id))


def the_end_of_a_relation(harness):
    customer = harness.given(an_organisation())
    for state in (State.ACTIVE, State.BLOCKED, State.SCREENING):
        harness.given(an_account(customer, state))
    event = BusinessRelationshipEnded(organisation_id=customer.id)
    return delivered(harness, "close_organisation", event)


def an_erasure(harness):
    """A person whose erasure was asked for."""
    customer = harness.given(an_organisation())
    account = harness.given(an_account(customer, State.ERASING, deactivated_at=AT))
    request = ErasureRequest(id=uuid7(), account_id=account.id, requested_at=AT, asked_at=AT)
    return harness.given(request)


def the_erasure_of_a_person(harness):
    request = an_erasure(harness)
    event = ErasureRequested(account_id=request.account_id, request_id=request.id)
    return delivered(harness, "erase_person", event)


def the_last_receipt(harness):
    request = an_erasure(harness)
    delivered(
        harness,
        "erase_person",
        ErasureRequested(account_id=request.account_id, request_id=request.id),
    )()
    own = next(
        each for each in harness.published(PersonalDataErased) if each.request_id == request.id
    )
    harness.when(own, owner="identity", times=1)
    *others, last = other_owners()
    for owner in others:
        harness.when(a_receipt(harness, request, owner), owner=owner, times=1)
    return delivered(harness, "collect_receipt", a_receipt(harness, request, last), owner=last)


def a_due_erasure(harness):
    customer = harness.given(an_organisation())
    gone = AT - timedelta(days=400)
    account = harness.given(an_account(customer, State.DEACTIVATED, deactivated_at=gone))

    def begin():
        with harness.runtime.transaction() as session:
            begin_erasures(session, [account.id])

    return begin


def an_expired_invitation(harness):
    customer, address = harness.given(an_organisation()), f"ida.{uuid7().hex}@muster.example"
    invitation = Invitation(
        organisation_id=customer.id, email=address, email_key=address, language="de",
        invited_by=uuid7(), state=InvitationState.SENT, asked_at=AT, sent_at=AT, expires_at=AT,
    )  # fmt: skip
    harness.given(invitation)
    return partial(expire_invitations, harness.runtime)


def a_request_for_a_new_password(harness):
    account = harness.given(an_account(harness.given(an_organisation())))
    harness.given(RecoveryRequest(address=account.email, asked_at=AT))
    return partial(work_off_recoveries, harness.runtime)


@pytest.mark.parametrize(
    "prepare",
    [
        a_hit,
        a_clearance_of_the_approved,
        the_end_of_a_relation,
        the_erasure_of_a_person,
        the_last_receipt,
        a_due_erasure,
        an_expired_invitation,
        a_request_for_a_new_password,
    ],
)
def test_a_crash_anywhere_in_what_follows_from_an_event_or_a_date_leaves_all_or_nothing(
    identity, prepare
):
    assert dies_everywhere(identity, prepare) > 5


def test_the_same_holds_on_both_databases(on_both):
    assert dies_everywhere(on_both, a_hit) > 5


# ------------------------------------------------------------------------------------- controls


def committing_in_the_middle(harness):
    """A change in two transactions: the block, and then its entry in the audit."""
    account = harness.given(an_account(harness.given(an_organisation())))

    def change():
        with harness.runtime.transaction(actor="test") as session:
            locked(session, account.id).epoch += 1
        with harness.runtime.transaction(actor="test") as session:
            audit(session, "account.block", account.id)

    return change


def test_a_change_that_commits_in_the_middle_is_found(identity):
    with pytest.raises(AssertionError, match="half done"):
        dies_everywhere(identity, committing_in_the_middle)
