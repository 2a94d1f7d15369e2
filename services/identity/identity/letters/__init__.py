"""What the portal writes to people: a link and where to turn to, never what a person entered."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage

from identity.letters import credentials, notifications, registration, second_factors
from identity.letters.letter import OBJECTION, Letter
from identity.letters.message import message, spoken
from identity.models import MailKind
from identity.settings import Settings

LETTERS: dict[MailKind, Letter] = {
    **registration.LETTERS,
    **credentials.LETTERS,
    **notifications.LETTERS,
    **second_factors.LETTERS,
}


def compose(
    settings: Settings,
    kind: MailKind,
    *,
    address: str,
    language: str,
    at: datetime,
    objection: str,
    link: str = "",
    until: datetime | None = None,
) -> EmailMessage:
    """Write one mail. link: the whole URL, "" where the letter has none. until: its end.

    objection: where the person objects to advertising, for letters that say it.
    """
    letter = LETTERS[kind]
    return message(
        settings,
        letter.subject,
        letter.text,
        letter.why,
        *((OBJECTION,) if letter.objection else ()),
        address=address,
        language=language,
        at=at,
        link=link,
        objection=objection,
        until="" if until is None else spoken(until, language),
    )
