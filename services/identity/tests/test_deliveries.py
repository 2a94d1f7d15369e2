"""Mails on their way: refused for a while, given up, over TLS or not at all (S4)."""

import io
import ssl
import threading
from datetime import timedelta
from ipaddress import ip_address

import aiosmtpd.controller
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from common import logs
from common.metrics import MAILS
from common.privacy.sweeps import sweep
from common.testing.server import free_port
from identity.accounts import locked
from identity.mails import claim
from identity.models import LinkToken, Mail, MailKind
from identity.rules.states import State

from .factories import AT, an_account, an_organisation, mails
from .test_mails import ask


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
def postboxes():
    """Function that opens a Postbox; how: what else aiosmtpd is told."""
    started = []

    def open_one(controller=aiosmtpd.controller.Controller, **how):
        box = Postbox()
        box.port = free_port()
        started.append(controller(box, hostname="127.0.0.1", port=box.port, **how))
        started[-1].start()
        return box

    yield open_one
    for each in started:
        each.stop()


@pytest.fixture
def postbox(postboxes):
    return postboxes()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself, and a server's TLS with it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=365))
        .not_valid_after(AT + timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context, folder / "server.crt"


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


def given_up(identity):
    account = identity.given(an_account(state=State.REGISTERED))
    ask(identity, account, MailKind.CONFIRM)
    for _ in range(11):
        identity.run_steps()
        identity.clock.advance("PT12H")
    return account


def test_a_mail_that_is_refused_for_days_is_given_up_and_left_to_the_operator(
    identity_with, postbox
):
    identity = identity_with(mail_url=f"smtp://127.0.0.1:{postbox.port}")
    counted = MAILS.labels("given_up")._value.get()
    given_up(identity)
    (row,) = identity.rows(Mail)
    assert (row.attempts, row.sent_at) == (11, None)
    assert row.given_up_at is not None
    assert MAILS.labels("given_up")._value.get() == counted + 1
    postbox.open.set()
    identity.clock.advance("P1D")
    identity.run_steps()
    assert postbox.taken == []


def test_a_mail_that_was_given_up_goes_out_when_it_is_asked_for_again(identity_with, postbox):
    identity = identity_with(mail_url=f"smtp://127.0.0.1:{postbox.port}")
    account = given_up(identity)
    postbox.open.set()
    ask(identity, account, MailKind.CONFIRM)
    identity.run_steps()
    assert len(postbox.taken) == 1


def test_a_mail_that_was_given_up_is_forgotten_after_a_month(identity_with, postbox):
    identity = identity_with(mail_url=f"smtp://127.0.0.1:{postbox.port}")
    given_up(identity)
    identity.clock.advance("P29DT11H59M59S")
    sweep(identity.runtime)
    assert len(identity.rows(Mail)) == 1
    identity.clock.advance("PT1S")
    sweep(identity.runtime)
    assert identity.rows(Mail) == []


def test_what_is_logged_of_a_refused_mail_names_nobody(identity_with, postbox):
    identity = identity_with(mail_url=f"smtp://127.0.0.1:{postbox.port}")
    lines = io.StringIO()
    logs.configure("debug", lines)
    account = given_up(identity)
    logged = lines.getvalue()
    assert "mail refused" in logged
    assert "mail given up" in logged
    assert str(account.id) in logged
    assert not any(each in logged for each in (account.email, "@", "451 later", "token"))


def over_tls(identity_with, postboxes, scheme, context):
    kind = "ssl_context" if scheme == "smtps" else "tls_context"
    box = postboxes(**{kind: context})
    box.open.set()
    identity = identity_with(mail_url=f"{scheme}://127.0.0.1:{box.port}")
    ask(identity, identity.given(an_account(state=State.REGISTERED)), MailKind.CONFIRM)
    identity.run_steps()
    return box, identity.rows(Mail)[0]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_server_whose_certificate_is_not_trusted_gets_nothing(
    identity_with, postboxes, certificate, scheme
):
    box, row = over_tls(identity_with, postboxes, scheme, certificate[0])
    assert box.taken == []
    assert (row.attempts, row.sent_at, row.given_up_at) == (1, None, None)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_control_the_same_server_gets_the_mail_when_it_is_trusted(
    identity_with, postboxes, certificate, scheme, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    box, row = over_tls(identity_with, postboxes, scheme, certificate[0])
    assert len(box.taken) == 1
    assert row.sent_at is not None


def test_a_server_that_offers_no_tls_gets_nothing_where_tls_is_asked_for(identity_with, postbox):
    postbox.open.set()
    identity = identity_with(mail_url=f"smtp+starttls://127.0.0.1:{postbox.port}")
    ask(identity, identity.given(an_account(state=State.REGISTERED)), MailKind.CONFIRM)
    identity.run_steps()
    assert postbox.taken == []
    assert identity.rows(Mail)[0].attempts == 1


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
