"""Letters on the way from a registration to a released account."""

from __future__ import annotations

from common.texts import Text
from identity.letters.letter import ENTERED, OWN, SHOWN, Letter
from identity.models import LinkPurpose, MailKind
from identity.rules.states import State

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
        why=ENTERED,
    ),
    MailKind.ALREADY_REGISTERED: Letter(
        states=SHOWN - {State.REGISTERED},
        subject=Text(
            "You are registered already", "U bent al geregistreerd", "Sie sind bereits registriert"
        ),
        text=Text(
            "somebody entered this address in the registration form or in an invitation. It has an "
            "entry already, and nothing was changed. The portal: {portal}",
            "iemand heeft dit adres ingevuld in het registratieformulier of in een uitnodiging. "
            "Het is al bekend en er is niets gewijzigd. Het portaal: {portal}",
            "jemand hat diese Adresse im Registrierungsformular oder in einer Einladung "
            "eingegeben. Sie ist bereits eingetragen, und es wurde nichts geändert. Das Portal: "
            "{portal}",
        ),
        why=ENTERED,
    ),
    MailKind.SET_PASSWORD: Letter(
        states=SHOWN,
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
        why=OWN,
        objection=True,
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
        why=OWN,
    ),
}
