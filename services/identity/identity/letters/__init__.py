"""What the portal writes to people: a link and where to turn to, never what a person entered."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from common.ids import uuid7
from identity.letters import registration
from identity.letters.letter import CONTACT, GREETING, Letter
from identity.models import MailKind
from identity.rules.addresses import mailable
from identity.settings import Settings

LETTERS: dict[MailKind, Letter] = {**registration.LETTERS}


def compose(
    settings: Settings, kind: MailKind, *, address: str, language: str, link: str, at: datetime
) -> EmailMessage:
    """Write one mail. link: the whole URL, "" where the letter has none."""
    letter = LETTERS[kind]
    portal = settings.public_url.rstrip("/")
    contact = " · ".join(filter(None, (settings.contact_email, settings.contact_phone)))
    parts = (GREETING, letter.text, letter.why, CONTACT)
    text = "\n\n".join(part.say(language) for part in parts).format(
        link=link,
        portal=portal,
        operator=settings.operator_name,
        contact=contact,
        dpo=settings.dpo_email,
    )
    message = EmailMessage()
    message["From"] = Address(settings.operator_name, addr_spec=settings.mail_from)
    message["To"] = mailable(address)
    message["Subject"] = letter.subject.say(language)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{uuid7()}@{urlsplit(portal).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = language
    message.set_content(text)
    return message
