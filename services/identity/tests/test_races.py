"""What happens at once, on PostgreSQL; beside each guard a control that shows the race without."""

import re
from threading import Event, Thread, current_thread

import pytest
import sqlalchemy as sa

from common.events.catalogue import BusinessRelationshipEnded, ErasureCompleted
from common.web.access import Role
from identity import erasures
from identity.accounts import locked
from identity.jobs import send_mails
from identity.mails import write
from identity.models import Account, MailKind, SignInSession
from identity.rules.states import State
from identity.sessions import MOST

from .factories import (
    PASSWORD,
    a_receipt,
    a_registration,
    an_account,
    an_organisation,
    mails,
    other_owners,
    stored,
    with_password,
)

pytestmark = pytest.mark.postgres
LOCK, SHARE, ONCE = " FOR UPDATE", " FOR SHARE", " ON CONFLICT DO NOTHING"
UNUSED = " AND refresh_tokens.used_at IS NULL"


class Race:
    """Two calls at once: the first stops behind a statement until the second is done.

    A second that waits for the first's lock is never done before it: then the first goes on after
    its patience, in seconds. after: words of that statement. without: what is cut out of every
    statement, so that the guard is off.
    """

    def __init__(self, harness, after, without="", patience=None):
        self.after, self.without = after, without
        self.patience = patience or (30 if without else 1)
        self.stopped, self.done, self.answers = Event(), Event(), {}
        engine = harness.runtime.db.engine
        sa.event.listen(engine, "before_cursor_execute", self._cut, retval=True)
        sa.event.listen(engine, "after_cursor_execute", self._stop)

    def run(self, first, second):
        """Answers of both, the first's first."""
        self.first = Thread(target=self._call, args=("first", first))
        other = Thread(target=self._call, args=("second", second))
        self.first.start()
        assert self.stopped.wait(30), "the first never came to the statement"
        other.start()
        for thread in (self.first, other):
            thread.join(30)
        return self.answers["first"], self.answers["second"]

    def _call(self, name, call):
        try:
            self.answers[name] = call()
        finally:
            if name == "second":
                self.done.set()

    def _cut(self, connection, cursor, statement, parameters, context, many):
        if self.without:
            statement = re.sub(f"{self.without}( OF \\w+)?( SKIP LOCKED)?", "", statement)
        return statement, parameters

    def _stop(self, connection, cursor, statement, parameters, context, many):
        mine = current_thread() is self.first and all(word in statement for word in self.after)
        if mine and not self.stopped.is_set():
            self.stopped.set()
            self.done.wait(self.patience)


def two_last_receipts(identity, without):
    customer = identity.given(an_organisation())
    account = identity.given(an_account(customer, State.DEACTIVATED))
    with identity.runtime.transaction() as session:
        request = erasures.begin(session, locked(session, account.id))
    *early, last = ["identity", *other_owners()]
    for owner in early[:-1]:
        identity.when(a_receipt(identity, request, owner), owner=owner)
    race = Race(identity, ["SELECT received_receipts.owner"], without)
    race.run(
        *(
            lambda owner=owner: identity.when(
                a_receipt(identity, request, owner), owner=owner, times=1
            )
            for owner in (early[-1], last)
        )
    )
    return stored(identity, account).state, len(identity.published(ErasureCompleted))


def test_of_two_last_receipts_one_completes_the_erasure(on_postgres):
    assert two_last_receipts(on_postgres, without="") == (State.ERASED, 1)


def test_control_without_the_lock_two_last_receipts_miss_each_other(on_postgres):
    assert two_last_receipts(on_postgres, without=LOCK) == (State.ERASING, 0)


def two_refreshes(identity, without):
    customer = identity.given(an_organisation())
    account = identity.given(with_password(identity, an_account(customer)))
    asked = {"email": account.email, "password": PASSWORD}
    token = identity.anonymous().post("/sessions", asked).json["refresh_token"]

    def refresh():
        body = {"refresh_token": token}
        return identity.anonymous().post("/sessions/refresh", body).status_code

    race = Race(identity, ["UPDATE refresh_tokens"], without, patience=1)
    return sorted(race.run(refresh, refresh))


def test_of_two_refreshes_with_the_same_token_one_succeeds(on_postgres):
    assert two_refreshes(on_postgres, without="") == [200, 401]


def test_control_without_the_condition_a_token_is_good_twice(on_postgres):
    assert two_refreshes(on_postgres, without=UNUSED) == [200, 200]


def two_registrations(identity, without):
    def register():
        return identity.anonymous().post("/registrations", a_registration()).status_code

    codes = Race(identity, ["INSERT INTO accounts"], without, patience=1).run(register, register)
    return sorted(codes), len(identity.rows(Account))


def test_two_registrations_of_one_address_get_the_same_answer_and_one_account(on_postgres):
    assert two_registrations(on_postgres, without="") == ([202, 202], 1)


def test_control_without_the_clause_the_second_registration_fails(on_postgres):
    assert two_registrations(on_postgres, without=ONCE) == ([202, 500], 1)


def approval_and_end(identity, without):
    customer = identity.given(an_organisation())
    applicant = identity.given(an_account(state=State.AWAITING_APPROVAL))
    approver, admin = identity.sign_in(Role.APPROVER), identity.sign_in(Role.ADMIN)

    def approve():
        body = {"organisation_id": str(customer.id)}
        path = f"/accounts/{applicant.id}/approval"
        return approver.change("POST", path, 1, body).status_code

    def end():
        path = f"/organisations/{customer.id}/end-of-relation"
        answer = admin.change("POST", path, 1).status_code
        identity.when(BusinessRelationshipEnded(organisation_id=customer.id))
        return answer

    codes = Race(identity, ["FROM organisations"], without).run(approve, end)
    return codes, stored(identity, applicant).state


def test_nobody_is_left_active_for_a_customer_whose_relation_ends_meanwhile(on_postgres):
    assert approval_and_end(on_postgres, without="") == ((200, 200), State.DEACTIVATED)


def test_control_without_the_lock_somebody_stays_active_for_no_customer(on_postgres):
    assert approval_and_end(on_postgres, without=SHARE) == ((200, 200), State.ACTIVE)


def sign_in_and_closing(identity, without):
    customer = identity.given(an_organisation())
    account = identity.given(with_password(identity, an_account(customer)))
    support = identity.sign_in(Role.SUPPORT)

    def sign_in():
        asked = {"email": account.email, "password": PASSWORD}
        return identity.anonymous().post("/sessions", asked)

    def change(step, version):
        return support.change("POST", f"/accounts/{account.id}/{step}", version).status_code

    race = Race(identity, ["JOIN organisations"], without)
    signed_in, closed = race.run(sign_in, lambda: change("deactivation", 1))
    assert (signed_in.status_code, closed, change("reactivation", 2)) == (201, 200, 200)
    body = {"refresh_token": signed_in.json["refresh_token"]}
    return identity.anonymous().post("/sessions/refresh", body).status_code


def test_a_sign_in_that_is_overtaken_by_the_end_of_its_account_does_not_outlive_it(on_postgres):
    assert sign_in_and_closing(on_postgres, without="") == 401


def test_control_without_the_lock_such_a_sign_in_is_good_again_later(on_postgres):
    assert sign_in_and_closing(on_postgres, without=f"{LOCK} OF accounts") == 200


def two_workers(identity, without):
    account = identity.given(an_account(state=State.REGISTERED))
    with identity.runtime.transaction() as session:
        write(session, account.id, MailKind.CONFIRM)
    race = Race(identity, ["FROM mails", "mails.kind ="], without)
    race.run(lambda: send_mails(identity.runtime), lambda: send_mails(identity.runtime))
    return len(mails(identity))


def test_of_two_workers_one_sends_a_mail(on_postgres):
    assert two_workers(on_postgres, without="") == 1


def test_control_without_the_lock_both_send_it(on_postgres):
    assert two_workers(on_postgres, without=LOCK) == 2


def two_sign_ins_at_the_limit(identity, without):
    customer = identity.given(an_organisation())
    account = identity.given(with_password(identity, an_account(customer)))
    asked = {"email": account.email, "password": PASSWORD}

    def sign_in(network="192.0.2.1"):
        from_there = {"X-Forwarded-For": network}
        return identity.anonymous().post("/sessions", asked, headers=from_there).status_code

    assert {sign_in() for _ in range(MOST)} == {201}
    race = Race(identity, ["FROM sign_in_sessions", "OFFSET"], without)
    codes = race.run(sign_in, lambda: sign_in("203.0.113.1"))
    still_open = identity.rows(SignInSession, SignInSession.ended_at.is_(None))
    return sorted(codes), len(still_open)


def test_two_sign_ins_at_the_limit_leave_as_many_as_one_may_have(on_postgres):
    assert two_sign_ins_at_the_limit(on_postgres, without="") == ([201, 201], MOST)


def test_control_without_the_lock_one_of_two_sign_ins_at_the_limit_fails(on_postgres):
    codes, _ = two_sign_ins_at_the_limit(on_postgres, without=f"{LOCK} OF accounts")
    assert codes == [201, 500]
