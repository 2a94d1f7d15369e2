"""One mail as it goes out: its parts in the reader's language, and the headers of all mails."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from babel.dates import format_date, format_time, get_timezone

from common.ids import uuid7
from common.texts import Text
from identity.letters.letter import CONTACT, GREETING
from identity.rules.addresses import mailable
from identity.settings import Settings

LOCALES = {"en": "en_GB", "nl": "nl_NL", "de": "de_DE"}
ZONE = get_timezone("Europe/Berlin")
"""Whose clock mails speak of; they name it."""


def spoken(at: datetime, language: str) -> str:
    """An instant as people of a language write it, with the zone it is meant in."""
    locale, local = LOCALES[language], at.astimezone(ZONE)
    day = format_date(local.date(), "long", locale=locale)
    return f"{day}, {format_time(local, 'HH:mm z', tzinfo=ZONE, locale=locale)}"


def message(
    settings: Settings,
    subject: Text,
    *parts: Text,
    address: str,
    language: str,
    at: datetime,
    **named: str,
) -> EmailMessage:
    """Write one mail. named: what stands in its parts beside the operator's own facts."""
    portal = settings.public_url.rstrip("/")
    contact = " · ".join(filter(None, (settings.contact_email, settings.contact_phone)))
    text = "\n\n".join(part.say(language) for part in (GREETING, *parts, CONTACT)).format(
        portal=portal,
        operator=settings.operator_name,
        contact=contact,
        dpo=settings.dpo_email,
        **named,
    )
    written = EmailMessage()
    written["From"] = Address(settings.operator_name, addr_spec=settings.mail_from)
    written["To"] = mailable(address)
    written["Subject"] = subject.say(language)
    written["Date"] = format_datetime(at)
    written["Message-ID"] = f"<{uuid7()}@{urlsplit(portal).hostname}>"
    written["Auto-Submitted"] = "auto-generated"
    written["Content-Language"] = language
    written.set_content(text)
    return written
