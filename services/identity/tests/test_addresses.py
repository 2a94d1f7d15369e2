"""Another address: taken when the mail to it is answered, the former one is told (S30)."""

import pytest
import sqlalchemy as sa

from common.events.catalogue import AccountSessionsEnded, ErasureRequested
from common.privacy.sweeps import sweep
from common.web.access import Role
from identity import erasures, recovery
from identity.accounts import locked
from identity.models import AddressChange, MutedTopic, RecoveryRequest, SignInSession, Topic
from identity.rules.states import State

from .factories import AT, PASSWORD, an_account, mails, me, stored, with_password
from .test_recovery import (
    NEW_ADDRESS,
    ask_for_address,
    confirm,
    newest,
    recovery_token,
    sign_in,
    use,
)


@pytest.fixture
def anna(identity, customer):
    return identity.given(
        with_password(identity, an_account(customer, address="anna@muster.example"))
    )


def test_an_address_changes_when_the_mail_to_the_new_one_is_answered(identity, anna):
    sign_in(identity, anna, PASSWORD)
    answer = ask_for_address(me(identity, anna))
    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})
    assert stored(identity, anna).email == "anna@muster.example"
    address, token = newest(identity, "new address")
    assert address == NEW_ADDRESS
    assert confirm(identity, token) == 204
    found = stored(identity, anna)
    assert (found.email, found.email_key) == (NEW_ADDRESS, NEW_ADDRESS)
    assert found.epoch == 2
    assert [each.ended_at is not None for each in identity.rows(SignInSession)] == [True]
    assert len(identity.published(AccountSessionsEnded)) == 1
    assert sign_in(identity, anna, PASSWORD) == 401
    assert sign_in(identity, found, PASSWORD) == 201


def test_the_former_address_is_told_and_then_forgotten(identity, anna):
    ask_for_address(me(identity, anna))
    confirm(identity, newest(identity, "new address")[1])
    assert identity.rows(AddressChange)[0].email == "anna@muster.example"
    address, subject, text = mails(identity)[-1]
    assert (address, subject) == ("anna@muster.example", "Your account has another address")
    assert NEW_ADDRESS not in text
    assert identity.rows(AddressChange) == []


@pytest.mark.parametrize(("waited", "expected"), [("PT23H59M59S", 204), ("PT24H", 404)])
def test_the_link_to_a_new_address_is_good_for_24_hours(identity, anna, waited, expected):
    ask_for_address(me(identity, anna))
    token = newest(identity, "new address")[1]
    identity.clock.advance(waited)
    assert confirm(identity, token) == expected


def test_the_answer_is_the_same_for_an_address_in_use_and_its_owner_is_told(identity, anna):
    taken = identity.given(an_account(address="taken@muster.example"))
    person = me(identity, anna)
    free = ask_for_address(person, "free@muster.example")
    identity.clock.advance("PT10M")
    person = identity.sign_in(account_id=anna.id, organisation_id=anna.organisation_id, known=False)
    used = ask_for_address(person, "TAKEN@muster.example")
    assert (free.status_code, free.json) == (used.status_code, used.json)
    told = {address: (subject, text) for address, subject, text in mails(identity)}
    assert told[taken.email][0] == "Your address has an account"
    assert "?token=" not in told[taken.email][1]
    assert "TAKEN@muster.example" not in told


def test_the_request_runs_the_same_statements_whether_an_address_is_in_use(identity, customer):
    identity.given(an_account(address="taken@muster.example"))
    seen = []
    for address in ("taken@muster.example", "free@muster.example"):
        person = me(identity, identity.given(with_password(identity, an_account(customer))))
        ask_for_address(person, "warm-up@muster.example", "a wrong password")
        kept = []

        def note(connection, cursor, statement, *_, kept=kept):
            kept.append(statement)

        sa.event.listen(identity.runtime.db.engine, "before_cursor_execute", note)
        assert ask_for_address(person, address).status_code == 202
        sa.event.remove(identity.runtime.db.engine, "before_cursor_execute", note)
        seen.append(kept)
    assert seen[0] == seen[1]


def test_without_the_password_nobody_changes_an_address(identity, anna):
    answer = ask_for_address(me(identity, anna), password="not the password")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/current_password"
    assert identity.rows(AddressChange) == []


def test_a_newer_address_makes_the_link_to_the_older_one_void_at_once(identity, anna):
    person = me(identity, anna)
    ask_for_address(person, "first@muster.example")
    first = newest(identity, "new address")[1]
    assert ask_for_address(person, "second@muster.example").status_code == 429
    identity.clock.advance("PT10M")
    person = identity.sign_in(account_id=anna.id, organisation_id=anna.organisation_id, known=False)
    assert ask_for_address(person, "second@muster.example").status_code == 202
    assert confirm(identity, first) == 404
    assert stored(identity, anna).email == "anna@muster.example"
    address, second = newest(identity, "new address")
    assert address == "second@muster.example"
    assert confirm(identity, second) == 204


def test_no_other_change_begins_before_the_former_address_was_told(identity, anna):
    """Else whoever took an account over could hide it from its owner by a second change."""
    ask_for_address(me(identity, anna))
    assert confirm(identity, newest(identity, "new address")[1]) == 204
    with identity.runtime.transaction() as session:
        identity.clock.advance("PT10M")
        with pytest.raises(recovery.ChangeUnderWay):
            recovery.ask_for_change(session, session.merge(stored(identity, anna)), "x@y.example")
    mails(identity)
    with identity.runtime.transaction() as session:
        recovery.ask_for_change(session, session.merge(stored(identity, anna)), "x@y.example")


def test_links_mailed_to_the_former_address_are_void(identity, anna):
    old = recovery_token(identity, anna)
    ask_for_address(me(identity, anna))
    confirm(identity, newest(identity, "new address")[1])
    assert use(identity, old) == 404


def test_a_blocked_person_changes_no_address(identity, customer):
    account = identity.given(with_password(identity, an_account(customer)))
    ask_for_address(me(identity, account))
    token = newest(identity, "new address")[1]
    compliance = identity.sign_in(Role.COMPLIANCE)
    version = stored(identity, account).version
    compliance.change("POST", f"/accounts/{account.id}/block", version, {"reason": "other"})
    assert confirm(identity, token) == 404


def test_an_address_that_nobody_confirmed_is_forgotten_after_a_day(identity, anna):
    ask_for_address(me(identity, anna))
    mails(identity)
    identity.clock.advance("PT23H59M59S")
    sweep(identity.runtime)
    assert len(identity.rows(AddressChange)) == 1
    identity.clock.advance("PT1S")
    sweep(identity.runtime)
    assert identity.rows(AddressChange) == []


def test_addresses_taken_meanwhile_are_not_taken_twice(identity, customer):
    first, second = (
        identity.given(with_password(identity, an_account(customer))) for _ in range(2)
    )
    tokens = []
    for account in (first, second):
        ask_for_address(me(identity, account))
        tokens.append(newest(identity, "new address")[1])
    assert [confirm(identity, token) for token in tokens] == [204, 404]
    assert stored(identity, second).email == second.email
    assert stored(identity, second).epoch == 1


@pytest.mark.parametrize(
    "change",
    [{"email": "no address"}, {"email": None}, {"current_password": ""}, {"more": 1}],
    ids=str,
)
def test_what_is_no_new_address_is_refused(identity, anna, change):
    body = {"email": NEW_ADDRESS, "current_password": PASSWORD, **change}
    assert me(identity, anna).post("/accounts/me/address", body).status_code == 422


def test_an_erased_person_leaves_no_address_no_choice_and_no_wish_behind(identity, customer):
    account = identity.given(an_account(customer, State.DEACTIVATED, "anna@muster.example"))
    other = identity.given(an_account(customer))
    identity.given(RecoveryRequest(address="Anna@Muster.example", asked_at=AT))
    identity.given(RecoveryRequest(address="other@muster.example", asked_at=AT))
    for owner in (account, other):
        identity.given(AddressChange(account_id=owner.id, email=NEW_ADDRESS, asked_at=AT))
        identity.given(MutedTopic(account_id=owner.id, topic=Topic.CASES))
    with identity.runtime.transaction() as session:
        request = erasures.begin(session, locked(session, account.id))
    identity.when(ErasureRequested(account_id=account.id, request_id=request.id))
    assert [row.address for row in identity.rows(RecoveryRequest)] == ["other@muster.example"]
    assert [row.account_id for row in identity.rows(AddressChange)] == [other.id]
    assert [row.account_id for row in identity.rows(MutedTopic)] == [other.id]
