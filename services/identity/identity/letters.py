"""What the portal writes to people: a link and where to turn to, never what a person entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from common.ids import uuid7
from common.texts import Text
from identity.models import LinkPurpose, MailKind
from identity.rules.addresses import mailable
from identity.rules.states import HIDDEN, State
from identity.settings import Settings


@dataclass(frozen=True)
class Letter:
    """One kind of mail. states: of the accounts for which it is still true when it goes out."""

    states: frozenset[State]
    subject: Text
    text: Text
    why: Text
    link: LinkPurpose | None = None


_SHOWN = frozenset(State) - HIDDEN
GREETING = Text("Good day,", "Goedendag,", "Guten Tag,")
CONTACT = Text(
    "Questions, or was it not you? {operator}: {contact}. Data protection officer: {dpo}.",
    "Vragen, of was u het niet? {operator}: {contact}. Functionaris gegevensbescherming: {dpo}.",
    "Fragen, oder waren Sie es nicht? {operator}: {contact}. Datenschutzbeauftragte: {dpo}.",
)
_ENTERED = Text(
    "You receive this mail because this address was entered in the registration for our "
    "customer portal.",
    "U ontvangt deze mail omdat dit adres is ingevuld bij de registratie voor ons klantportaal.",
    "Sie erhalten diese Mail, weil diese Adresse bei der Registrierung für unser Kundenportal "
    "eingegeben wurde.",
)
_OWN = Text(
    "You receive this mail because you registered for our customer portal with this address.",
    "U ontvangt deze mail omdat u zich met dit adres voor ons klantportaal hebt geregistreerd.",
    "Sie erhalten diese Mail, weil Sie sich mit dieser Adresse für unser Kundenportal "
    "registriert haben.",
)

LETTERS = {
    MailKind.CONFIRM: Letter(
        states=frozenset({State.REGISTERED}),
        link=LinkPurpose.CONFIRM,
        subject=Text(
            "Confirm your e-mail address", "Bevestig uw e-mailadres", "E-Mail-Adresse bestätigen"
        ),
        text=Text(
            "please confirm with this link that you registered for the customer portal. It is "
            "valid for 7 days. If you did not register, do nothing: the entry is erased after "
            "30 days.\n\n{link}",
            "bevestig met deze link dat u zich voor het klantportaal hebt geregistreerd. De link "
            "is 7 dagen geldig. Hebt u zich niet geregistreerd, doe dan niets: de gegevens worden "
            "na 30 dagen gewist.\n\n{link}",
            "bitte bestätigen Sie mit diesem Link, dass Sie sich für das Kundenportal registriert "
            "haben. Er gilt 7 Tage. Wenn Sie sich nicht registriert haben, tun Sie nichts: Die "
            "Angaben werden nach 30 Tagen gelöscht.\n\n{link}",
        ),
        why=_ENTERED,
    ),
    MailKind.ALREADY_REGISTERED: Letter(
        states=_SHOWN - {State.REGISTERED},
        subject=Text(
            "You are registered already", "U bent al geregistreerd", "Sie sind bereits registriert"
        ),
        text=Text(
            "somebody entered this address in the registration form. It has an entry already, "
            "and nothing was changed. The portal: {portal}",
            "iemand heeft dit adres ingevuld in het registratieformulier. Het is al bekend en er "
            "is niets gewijzigd. Het portaal: {portal}",
            "jemand hat diese Adresse im Registrierungsformular eingegeben. Sie ist bereits "
            "eingetragen, und es wurde nichts geändert. Das Portal: {portal}",
        ),
        why=_ENTERED,
    ),
    MailKind.SET_PASSWORD: Letter(
        states=_SHOWN,
        link=LinkPurpose.SET_PASSWORD,
        subject=Text("Choose your password", "Kies uw wachtwoord", "Wählen Sie Ihr Passwort"),
        text=Text(
            "with this link you choose the password of your portal account. It is valid once, "
            "for 7 days.\n\n{link}",
            "met deze link kiest u het wachtwoord van uw portaalaccount. De link is één keer "
            "geldig, 7 dagen lang.\n\n{link}",
            "mit diesem Link wählen Sie das Passwort Ihres Portalkontos. Er gilt einmal, "
            "7 Tage lang.\n\n{link}",
        ),
        why=Text(
            "You receive this mail because an account of our customer portal has this address.",
            "U ontvangt deze mail omdat een account van ons klantportaal dit adres heeft.",
            "Sie erhalten diese Mail, weil ein Konto unseres Kundenportals diese Adresse hat.",
        ),
    ),
    MailKind.RELEASED: Letter(
        states=frozenset({State.ACTIVE}),
        subject=Text(
            "Your account is released", "Uw account is vrijgegeven", "Ihr Konto ist freigegeben"
        ),
        text=Text(
            "your account is released. You can sign in: {portal}",
            "uw account is vrijgegeven. U kunt zich aanmelden: {portal}",
            "Ihr Konto ist freigegeben. Sie können sich anmelden: {portal}",
        ),
        why=_OWN,
    ),
    MailKind.REFUSED: Letter(
        states=frozenset({State.REFUSED}),
        subject=Text("Your registration", "Uw registratie", "Ihre Registrierung"),
        text=Text(
            "we cannot release your registration for the customer portal. Your entries are "
            "erased after 30 days.",
            "wij kunnen uw registratie voor het klantportaal niet vrijgeven. Uw gegevens worden "
            "na 30 dagen gewist.",
            "wir können Ihre Registrierung für das Kundenportal nicht freigeben. Ihre Angaben "
            "werden nach 30 Tagen gelöscht.",
        ),
        why=_OWN,
    ),
}


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
