"""Ways back in: a new password, another address (S30, S37-S41)."""

import re

import pytest

from common.events.catalogue import AccountSessionsEnded
from common.privacy.audit import AuditEntry
from common.web.access import Role
from identity.accounts import set_password
from identity.mails import write
from identity.models import (
    LinkToken,
    Mail,
    MailKind,
    SignInSession,
)
from identity.passwords import Passwords
from identity.rules.states import State

from .factories import (
    PASSWORD,
    an_account,
    mails,
    me,
    stored,
    token_in,
    with_password,
)
from .second_factors import Person, by_password, show, somebody

NEXT = "violet anchor dispatch meadow"
NEW_ADDRESS = "anna.neu@muster.example"


@pytest.fixture
def anna(identity, customer):
    return identity.given(
        with_password(identity, an_account(customer, address="anna@muster.example"))
    )


def ask(identity, address):
    return identity.anonymous().post("/passwords/recovery", {"email": address})


def newest(identity, subject):
    """Address and token of the newest mail with this in its subject."""
    found = [each for each in mails(identity) if subject in each[1]]
    return found[-1][0], token_in(found[-1][2])


def recovery_token(identity, account):
    ask(identity, account.email)
    return newest(identity, "new password")[1]


def use(identity, token, password=NEXT):
    body = {"token": token, "password": password}
    return identity.anonymous().post("/passwords", body).status_code


def sign_in(identity, account, password):
    asked = {"email": account.email, "password": password}
    return identity.anonymous().post("/sessions", asked).status_code


def kinds_sent(identity, account):
    identity.run_steps()
    return {each.kind for each in identity.rows(Mail, Mail.account_id == account.id)}


def ask_for_address(person, address=NEW_ADDRESS, password=PASSWORD):
    body = {"email": address, "current_password": password}
    return person.post("/accounts/me/address", body)


def confirm(identity, token):
    answer = identity.anonymous().post("/accounts/address-confirmation", {"token": token})
    return answer.status_code


def test_the_link_sets_a_new_password_and_everything_signed_in_ends(identity, anna):
    sign_in(identity, anna, PASSWORD)
    token = recovery_token(identity, anna)
    assert use(identity, token) == 204
    assert sign_in(identity, anna, PASSWORD) == 401
    (opened,) = identity.rows(SignInSession)
    assert opened.ended_at is not None
    assert len(identity.published(AccountSessionsEnded)) == 1
    assert sign_in(identity, anna, NEXT) == 201


@pytest.mark.parametrize(("waited", "expected"), [("PT59M59S", 204), ("PT60M", 404)])
def test_a_link_is_good_for_60_minutes(identity, anna, waited, expected):
    token = recovery_token(identity, anna)
    identity.clock.advance(waited)
    assert use(identity, token) == expected


def test_the_mail_says_until_when_by_the_readers_calendar(identity, customer):
    account = identity.given(an_account(customer, language="de"))
    ask(identity, account.email)
    ((_, subject, text),) = mails(identity)
    assert subject == "Neues Passwort wählen"
    assert "bis 2. März 2026, 11:00 MEZ" in text


def test_a_link_is_good_once(identity, anna):
    token = recovery_token(identity, anna)
    assert use(identity, token) == 204
    assert use(identity, token, "copper lantern walrus tunnel") == 404
    assert sign_in(identity, anna, NEXT) == 201


def test_a_newer_link_makes_the_older_one_void(identity, anna):
    older = recovery_token(identity, anna)
    identity.clock.advance("PT10M")
    newer = recovery_token(identity, anna)
    assert use(identity, older) == 404
    assert use(identity, newer) == 204


def test_a_new_password_makes_every_other_link_void(identity, anna):
    with identity.runtime.transaction() as session:
        write(session, anna.id, MailKind.SET_PASSWORD)
    first = newest(identity, "your password")[1]
    person = me(identity, anna)
    ask_for_address(person)
    address = newest(identity, "new address")[1]
    assert use(identity, recovery_token(identity, anna)) == 204
    assert use(identity, first) == 404
    assert confirm(identity, address) == 404


def test_a_link_for_one_purpose_is_good_for_no_other(identity, anna):
    token = recovery_token(identity, anna)
    assert confirm(identity, token) == 404
    body = {"token": token}
    answer = identity.anonymous().post("/registrations/confirmation", body)
    assert answer.status_code == 404
    assert use(identity, token) == 204


@pytest.mark.parametrize("state", [State.BLOCKED, State.DEACTIVATED, State.AWAITING_APPROVAL])
def test_a_new_password_lifts_no_block_and_opens_nothing(identity, customer, state):
    account = identity.given(with_password(identity, an_account(customer, state)))
    token = recovery_token(identity, account)
    assert use(identity, token) == 204
    assert stored(identity, account).state is state
    assert sign_in(identity, account, NEXT) == 401
    assert identity.published() == []


def test_a_new_password_bypasses_no_second_factor(identity):
    """ASVS 6.4.3: who reads somebody's mail still lacks the second factor."""
    anna = Person(identity, somebody(identity)).add_app()
    begun_before = by_password(identity, anna.account)
    assert use(identity, recovery_token(identity, anna.account)) == 204
    answer = by_password(identity, anna.account, NEXT)
    assert (answer.status_code, answer.json["methods"]) == (202, ["code", "recovery_code"])
    assert show(identity, begun_before, code=anna.next_code()).status_code == 401
    assert show(identity, answer, code=anna.next_code()).status_code == 201


def test_a_blocked_person_gets_the_same_mail(identity, customer):
    texts = []
    for state in (State.ACTIVE, State.BLOCKED):
        account = identity.given(an_account(customer, state))
        ask(identity, account.email)
        texts.append(re.sub(r"token=[\w-]+", "", mails(identity)[-1][2]))
    assert texts[0] == texts[1]


def test_only_the_hash_of_a_link_is_kept(identity, anna):
    token = recovery_token(identity, anna)
    assert len(token) >= 43
    assert token not in {row.hash for row in identity.rows(LinkToken)}


def test_an_erased_person_is_not_written_to(identity, customer):
    account = identity.given(an_account(customer, State.ERASING))
    ask(identity, account.email)
    assert mails(identity) == []


# ---------------------------------------------------------------------------- the owner is told


def test_its_owner_is_told_of_every_new_password(identity, anna):
    assert use(identity, recovery_token(identity, anna)) == 204
    address, subject, text = mails(identity)[-1]
    assert (address, subject) == (anna.email, "Your password was changed")
    assert "If it was not you, request a new password" in text
    assert NEXT not in text


def test_its_owner_is_told_whoever_sets_it(identity, anna):
    kept = identity.runtime.resource(Passwords).make(NEXT)
    with identity.runtime.transaction() as session:
        set_password(session, session.merge(anna), kept)
    assert MailKind.PASSWORD_CHANGED in kinds_sent(identity, anna)


# -------------------------------------------------------------------------------- staff start it


def test_support_starts_a_reset_and_never_sees_or_chooses_the_password(identity, anna):
    support = identity.sign_in(Role.SUPPORT)
    body = {"password": "chosen by somebody else"}
    answer = support.post(f"/accounts/{anna.id}/password-link", body)
    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})
    (entry,) = identity.rows(AuditEntry, AuditEntry.action == "account.recover")
    assert (entry.actor, entry.subject) == (str(support.person.account_id), str(anna.id))
    assert sign_in(identity, anna, PASSWORD) == 201
    assert use(identity, newest(identity, "new password")[1]) == 204
    assert sign_in(identity, anna, NEXT) == 201


def test_nobody_starts_a_reset_of_an_erased_account(identity, customer):
    account = identity.given(an_account(customer, State.ERASED))
    support = identity.sign_in(Role.SUPPORT)
    assert support.post(f"/accounts/{account.id}/password-link").status_code == 404
