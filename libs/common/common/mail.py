"""Mail: a way out for messages, to a folder or to SMTP; nothing here is logged."""

from __future__ import annotations

import smtplib
import ssl
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from common.ids import uuid7


class MailRefused(Exception):
    """The mail could not be handed over; it is worth trying again later."""


class Mailer(Protocol):
    """Whatever takes a finished message."""

    def send(self, message: EmailMessage) -> None:
        """Hand a message over; raises MailRefused when that is not possible now."""

    def forget(self, address: str) -> None:
        """Keep nothing of what went to this address."""


class FolderMailer:
    """Writes each mail as an .eml file; for development."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def send(self, message: EmailMessage) -> None:
        """Write the message, whole or not at all."""
        draft = self._folder / f"{uuid7()}.draft"
        draft.write_bytes(message.as_bytes())
        draft.rename(draft.with_suffix(".eml"))

    def forget(self, address: str) -> None:
        """Delete every mail to this address."""
        for file in self._folder.glob("*.eml"):
            to = BytesHeaderParser(policy=policy.default).parsebytes(file.read_bytes())["To"]
            if address in {each.addr_spec for each in to.addresses}:
                file.unlink(missing_ok=True)


class SmtpMailer:
    """Sends through an SMTP server; `smtps://` and `smtp+starttls://` are encrypted."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def send(self, message: EmailMessage) -> None:
        """Send within 10 seconds; raises MailRefused for any fault of the server or the way."""
        try:
            with self._connect() as connection:
                if self._url.username:
                    password = unquote(self._url.password or "")
                    connection.login(unquote(self._url.username), password)
                connection.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailRefused(type(error).__name__) from error

    def forget(self, address: str) -> None:
        """Nothing of a mail is kept here once the server has it."""

    def _connect(self) -> smtplib.SMTP:
        host, port = self._url.hostname or "localhost", self._url.port or 0
        if self._url.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=10, context=ssl.create_default_context())
        connection = smtplib.SMTP(host, port, timeout=10)
        if self._url.scheme == "smtp+starttls":
            connection.starttls(context=ssl.create_default_context())
        return connection


def mailer(url: str) -> Mailer:
    """Choose by URL: `folder:/path`, `smtp://host:port`, `smtp+starttls://…`, `smtps://…`."""
    if url.startswith("folder:"):
        return FolderMailer(Path(url.removeprefix("folder:")))
    return SmtpMailer(url)
