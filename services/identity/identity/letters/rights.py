"""Letters about what somebody asked for as a right: how it stands and where it is followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from enum import StrEnum

from babel.dates import format_date

from common.texts import Text
from identity.letters.message import LOCALES, message
from identity.rules.rights import RequestState
from identity.settings import Settings


class RightsLetter(StrEnum):
    """What is told of a request."""

    CONFIRM = "confirm"
    RECEIVED = "received"
    EXTENDED = "extended"
    ANSWERED = "answered"
    REFUSED = "refused"


@dataclass(frozen=True)
class Words:
    """Subject and text of one letter."""

    subject: Text
    text: Text


WHY = Text(
    "You receive this mail because somebody entered this address, or used this account, to ask for "
    "a right under the GDPR.",
    "U ontvangt deze mail omdat iemand dit adres heeft ingevuld, of dit account heeft gebruikt, om "
    "een recht volgens de AVG uit te oefenen.",
    "Sie erhalten diese Mail, weil jemand diese Adresse eingegeben oder dieses Konto genutzt hat, "
    "um ein Recht nach der DSGVO auszuüben.",
)
LETTERS: dict[RightsLetter, Words] = {
    RightsLetter.CONFIRM: Words(
        Text("Confirm your request", "Bevestig uw verzoek", "Bestätigen Sie Ihren Antrag"),
        Text(
            "please confirm your request with this link; you follow it there, too. If you did not "
            "ask for anything, do nothing: the entry is erased after 7 days.\n\n{link}",
            "bevestig uw verzoek met deze link; daar volgt u het ook. Hebt u nergens om gevraagd, "
            "doe dan niets: de gegevens worden na 7 dagen gewist.\n\n{link}",
            "bitte bestätigen Sie Ihren Antrag mit diesem Link; dort verfolgen Sie ihn auch. Wenn "
            "Sie nichts beantragt haben, tun Sie nichts: Der Eintrag wird nach 7 Tagen gelöscht."
            "\n\n{link}",
        ),
    ),
    RightsLetter.RECEIVED: Words(
        Text(
            "We received your request",
            "Wij hebben uw verzoek ontvangen",
            "Wir haben Ihren Antrag erhalten",
        ),
        Text(
            "we answer your request by {due_on}. You follow it here: {link}",
            "wij beantwoorden uw verzoek uiterlijk op {due_on}. U volgt het hier: {link}",
            "wir beantworten Ihren Antrag bis zum {due_on}. Sie verfolgen ihn hier: {link}",
        ),
    ),
    RightsLetter.EXTENDED: Words(
        Text(
            "Your request takes longer",
            "Uw verzoek duurt langer",
            "Ihr Antrag dauert länger",
        ),
        Text(
            "we need more time and answer your request by {due_on}. You read why here, and can "
            "complain to a supervisory authority or go to court: {link}",
            "wij hebben meer tijd nodig en beantwoorden uw verzoek uiterlijk op {due_on}. Hier "
            "leest u waarom; u kunt een klacht indienen bij een toezichthouder of naar de rechter "
            "gaan: {link}",
            "wir brauchen mehr Zeit und beantworten Ihren Antrag bis zum {due_on}. Hier lesen Sie, "
            "warum; Sie können sich bei einer Aufsichtsbehörde beschweren oder vor Gericht gehen: "
            "{link}",
        ),
    ),
    RightsLetter.ANSWERED: Words(
        Text(
            "Your request is answered",
            "Uw verzoek is beantwoord",
            "Ihr Antrag ist beantwortet",
        ),
        Text(
            "your request is answered. You read the answer here: {link}",
            "uw verzoek is beantwoord. U leest het antwoord hier: {link}",
            "Ihr Antrag ist beantwortet. Sie lesen die Antwort hier: {link}",
        ),
    ),
    RightsLetter.REFUSED: Words(
        Text(
            "We do not act on your request",
            "Wij geven geen gevolg aan uw verzoek",
            "Wir kommen Ihrem Antrag nicht nach",
        ),
        Text(
            "we do not act on your request. You read the reason here: {link}\n\nYou can complain "
            "to a supervisory authority or go to court (art. 12(4) GDPR).",
            "wij geven geen gevolg aan uw verzoek. U leest de reden hier: {link}\n\nU kunt een "
            "klacht indienen bij een toezichthouder of naar de rechter gaan (art. 12, lid 4 AVG).",
            "wir kommen Ihrem Antrag nicht nach. Sie lesen den Grund hier: {link}\n\nSie können "
            "sich bei einer Aufsichtsbehörde beschweren oder vor Gericht gehen (Art. 12 Abs. 4 "
            "DSGVO).",
        ),
    ),
}


def letter_of(state: RequestState, *, extended: bool) -> RightsLetter | None:
    """What is to be told of a request in this state; None for one that was taken back."""
    return {
        RequestState.UNCONFIRMED: RightsLetter.CONFIRM,
        RequestState.OPEN: RightsLetter.EXTENDED if extended else RightsLetter.RECEIVED,
        RequestState.ANSWERED: RightsLetter.ANSWERED,
        RequestState.REFUSED: RightsLetter.REFUSED,
    }.get(state)


def written(
    settings: Settings,
    words: Words,
    *,
    address: str,
    language: str,
    link: str,
    due_on: date,
    at: datetime,
) -> EmailMessage:
    """Write one mail. link: where the request is followed. due_on: until when it is answered."""
    return message(
        settings,
        words.subject,
        words.text,
        WHY,
        address=address,
        language=language,
        at=at,
        link=link,
        due_on=format_date(due_on, "long", locale=LOCALES[language]),
    )
