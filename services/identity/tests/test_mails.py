"""Mails that go out (S4, S12): addresses and links are made when they go, nothing lies around."""

import threading

import aiosmtpd.controller
import pytest

from common.testing.server import free_port
from identity.accounts import locked
from identity.letters import LETTERS
from identity.mails import claim, write
from identity.models import LinkToken, Mail, MailKind
from identity.rules.states import State

from .factories import an_account, an_organisation, mails, token_in

STATE_FOR = {
    MailKind.CONFIRM: State.REGISTERED,
    MailKind.ALREADY_REGISTERED: State.ACTIVE,
    MailKind.SET_PASSWORD: State.ACTIVE,
    MailKind.RELEASED: State.ACTIVE,
    MailKind.REFUSED: State.REFUSED,
}


def ask(identity, account, kind):
    with identity.runtime.transaction() as session:
        write(session, account.id, kind)


@pytest.mark.parametrize("language", ["en", "nl", "de"])
@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_says_why_it_came_and_whom_to_turn_to_in_the_readers_language(
    identity, kind, language
):
    account = identity.given(an_account(state=STATE_FOR[kind], language=language))
    ask(identity, account, kind)
    ((address, subject, text),) = mails(identity)
    letter = LETTERS[kind]
    assert (address, subject) == (account.email, letter.subject.say(language))
    assert letter.why.say(language) in text
    assert "service@operator.example" in text
    assert "privacy@operator.example" in text
    assert ("?token=" in text) is (letter.link is not None)
    assert "{" not in text


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_repeats_nothing_a_person_entered(identity, kind):
    entered = dict.fromkeys(("given_name", "family_name", "company"), "canary")
    account = identity.given(an_account(state=STATE_FOR[kind], **entered))
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
        "account_id", "kind", "next_try_at", "attempts", "sent_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (MailKind.CONFIRM, State.SCREENING),
        (MailKind.RELEASED, State.BLOCKED),
        (MailKind.REFUSED, State.ERASING),
        (MailKind.SET_PASSWORD, State.ERASED),
        (MailKind.ALREADY_REGISTERED, State.ERASING),
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


class Postbox:
    """An SMTP server that refuses until it is told to take mails."""

    def __init__(self):
        self.open, self.taken = threading.Event(), []

    async def handle_DATA(self, server, session, envelope):
        if not self.open.is_set():
            return "451 later"
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def postbox():
    box = Postbox()
    box.port = free_port()
    controller = aiosmtpd.controller.Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def test_a_refused_mail_is_tried_again_later_and_its_newest_link_is_good(identity_with, postbox):
    identity = identity_with(mail_url=f"smtp://127.0.0.1:{postbox.port}")
    account = identity.given(an_account(state=State.REGISTERED))
    ask(identity, account, MailKind.CONFIRM)
    identity.run_steps()
    (row,) = identity.rows(Mail)
    assert (row.attempts, row.sent_at) == (1, None)
    postbox.open.set()
    identity.run_steps()
    assert postbox.taken == []
    identity.clock.advance("PT1M")
    identity.run_steps()
    (envelope,) = postbox.taken
    assert envelope.rcpt_tos == [account.email]
    assert len(identity.rows(LinkToken)) == 1
    assert identity.rows(Mail)[0].sent_at == identity.clock.now()


def test_a_mail_that_is_refused_for_days_is_given_up(identity_with, postbox):
    identity = identity_with(mail_url=f"smtp://127.0.0.1:{postbox.port}")
    account = identity.given(an_account(state=State.REGISTERED))
    ask(identity, account, MailKind.CONFIRM)
    for _ in range(11):
        identity.run_steps()
        identity.clock.advance("PT12H")
    assert identity.rows(Mail) == []


def test_a_server_that_is_away_is_waited_for(identity_with, postbox):
    identity = identity_with(mail_url="smtp://127.0.0.1:1")
    account = identity.given(an_account(state=State.REGISTERED))
    ask(identity, account, MailKind.CONFIRM)
    identity.run_steps()
    assert identity.rows(Mail)[0].attempts == 1


def test_a_mail_whose_worker_died_goes_out_when_its_lease_is_over(on_both):
    account = on_both.given(an_account(on_both.given(an_organisation()), State.ACTIVE))
    ask(on_both, account, MailKind.RELEASED)
    with on_both.runtime.transaction() as session:
        assert claim(session, locked(session, account.id), MailKind.RELEASED)
    assert mails(on_both) == []
    on_both.clock.advance("PT5M")
    assert len(mails(on_both)) == 1
