"""A mail is handed over whole or not at all, and a fault is one exception without its content."""

from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from common.mail import FolderMailer, MailRefused, SmtpMailer, mailer
from common.testing.server import free_port


@pytest.fixture
def message():
    made = EmailMessage()
    made["From"], made["To"] = "portal@example.com", "anna@example.com"
    made["Subject"] = "Ein Schritt für Sie"
    made.set_content("Hier: https://portal.example.com/l/1\n")
    return made


class Refusing(Sink):
    async def handle_RCPT(self, server, session, envelope, address, options):
        return f"550 no such mailbox {address}"


class Keeping(Sink):
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def smtp():
    started = []

    def start(handler):
        port = free_port()
        started.append(Controller(handler, hostname="127.0.0.1", port=port))
        started[-1].start()
        return f"smtp://127.0.0.1:{port}"

    yield start
    for each in started:
        each.stop()


def test_a_folder_holds_whole_mails_only(tmp_path, message):
    mailer(f"folder:{tmp_path}/mail").send(message)
    (file,) = (tmp_path / "mail").iterdir()
    assert file.suffix == ".eml"
    assert b"https://portal.example.com/l/1" in file.read_bytes()


def test_an_smtp_server_gets_the_mail(smtp, message):
    server = Keeping()
    mailer(smtp(server)).send(message)
    ((recipients, content),) = server.taken
    assert recipients == ["anna@example.com"]
    assert b"https://portal.example.com/l/1" in content


def test_a_mail_that_is_refused_says_so_without_the_address(smtp, message):
    with pytest.raises(MailRefused) as caught:
        mailer(smtp(Refusing())).send(message)
    assert str(caught.value) == "SMTPRecipientsRefused"


def test_a_server_that_is_away_is_worth_another_try(message):
    with pytest.raises(MailRefused, match=r"^ConnectionRefusedError$"):
        mailer(f"smtp://127.0.0.1:{free_port()}").send(message)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_server_without_encryption_gets_no_mail_when_encryption_is_asked_for(
    smtp, message, scheme
):
    server = Keeping()
    url = smtp(server).replace("smtp:", f"{scheme}:")
    with pytest.raises(MailRefused):
        mailer(url).send(message)
    assert server.taken == []


def test_the_way_is_chosen_by_the_url(tmp_path):
    assert isinstance(mailer(f"folder:{tmp_path}"), FolderMailer)
    assert isinstance(mailer("smtps://user:p%40ss@mail.example.com:465"), SmtpMailer)


def test_a_folder_forgets_what_went_to_one_address_and_nothing_else(tmp_path):
    box = mailer(f"folder:{tmp_path}")
    for address in ("anna@muster.example", "anna@muster.example", "hanna@muster.example"):
        message = EmailMessage()
        message["To"] = address
        message.set_content("anna@muster.example")
        box.send(message)
    box.forget("anna@muster.example")
    (left,) = tmp_path.glob("*.eml")
    assert b"To: hanna@muster.example" in left.read_bytes()
