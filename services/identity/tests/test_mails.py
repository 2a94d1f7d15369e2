"""Mails that go out (S4, S12): addresses and links are made when they go, nothing lies around."""

import pytest

from identity.letters import LETTERS
from identity.mails import write
from identity.models import AddressChange, Mail, MailKind
from identity.rules.states import State

from .factories import AT, an_account, mails, token_in

STATE_FOR = {
    MailKind.CONFIRM: State.REGISTERED,
    MailKind.REFUSED: State.REFUSED,
    MailKind.BLOCKED: State.BLOCKED,
    MailKind.DEACTIVATED: State.DEACTIVATED,
}
"""Accounts that a kind of mail is for; every other is for active ones."""
ELSEWHERE = {MailKind.CHANGE_ADDRESS: None, MailKind.ADDRESS_CHANGED: AT}
"""Mails that go to another address than the account's, by when its change was confirmed."""


def ask(identity, account, kind):
    with identity.runtime.transaction() as session:
        write(session, account.id, kind)


def somebody_for(identity, kind, **facts):
    """An account that a kind of mail is for, and where it goes."""
    account = identity.given(an_account(state=STATE_FOR.get(kind, State.ACTIVE), **facts))
    if kind not in ELSEWHERE:
        return account, account.email
    change = AddressChange(
        account_id=account.id,
        email="elsewhere@muster.example",
        asked_at=AT,
        confirmed_at=ELSEWHERE[kind],
    )
    return account, identity.given(change).email


@pytest.mark.parametrize("language", ["en", "nl", "de"])
@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_says_why_it_came_and_whom_to_turn_to_in_the_readers_language(
    identity, kind, language
):
    account, expected = somebody_for(identity, kind, language=language)
    ask(identity, account, kind)
    ((address, subject, text),) = mails(identity)
    letter = LETTERS[kind]
    assert (address, subject) == (expected, letter.subject.say(language))
    assert letter.why.say(language) in text
    assert "service@operator.example" in text
    assert "privacy@operator.example" in text
    assert ("?token=" in text) is (letter.link is not None)
    assert "{" not in text


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_repeats_nothing_a_person_entered(identity, kind):
    entered = dict.fromkeys(("given_name", "family_name", "company"), "canary")
    account, _ = somebody_for(identity, kind, **entered)
    ask(identity, account, kind)
    assert "canary" not in str(mails(identity))


def test_a_link_leads_to_the_portals_own_page(identity_with):
    identity = identity_with(public_url="https://portal.example/")
    account = identity.given(an_account(state=State.REGISTERED))
    ask(identity, account, MailKind.CONFIRM)
    text = mails(identity)[0][2]
    assert f"https://portal.example/confirm?token={token_in(text)}\n" in text


def test_what_waits_to_go_out_holds_no_address_and_no_secret():
    assert {column.key for column in Mail.__table__.columns} == {
        "account_id", "kind", "next_try_at", "attempts", "sent_at", "given_up_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (MailKind.CONFIRM, State.SCREENING),
        (MailKind.RELEASED, State.BLOCKED),
        (MailKind.REFUSED, State.ERASING),
        (MailKind.SET_PASSWORD, State.ERASED),
        (MailKind.ALREADY_REGISTERED, State.ERASING),
        (MailKind.RECOVER, State.ERASING),
        (MailKind.BLOCKED, State.ACTIVE),
        (MailKind.DEACTIVATED, State.ACTIVE),
        (MailKind.CHANGE_ADDRESS, State.ACTIVE),
        (MailKind.ADDRESS_CHANGED, State.ACTIVE),
        (MailKind.CASE_ANSWERED, State.BLOCKED),
    ],
)
def test_a_mail_that_is_not_true_any_more_does_not_go_out(identity, kind, state):
    account = identity.given(an_account(state=state))
    ask(identity, account, kind)
    assert mails(identity) == []
    assert identity.rows(Mail) == []


def test_a_mail_goes_out_once(identity):
    account = identity.given(an_account(state=State.REGISTERED))
    for _ in range(3):
        ask(identity, account, MailKind.CONFIRM)
    assert len(mails(identity)) == 1
    assert len(mails(identity)) == 1


def test_an_internationalised_domain_is_written_as_servers_know_it(identity):
    account = identity.given(an_account(state=State.REGISTERED, address="anna@bücher.example"))
    ask(identity, account, MailKind.CONFIRM)
    assert mails(identity)[0][0] == "anna@xn--bcher-kva.example"
