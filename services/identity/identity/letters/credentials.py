"""Letters about passwords and addresses: ways back in, and what was changed (S37-S41)."""

from __future__ import annotations

from common.texts import Text
from identity.letters.letter import KNOWN, SHOWN, Letter
from identity.models import LinkPurpose, MailKind
from identity.rules.states import State

_ACTIVE = frozenset({State.ACTIVE})

LETTERS = {
    MailKind.RECOVER: Letter(
        states=SHOWN,
        link=LinkPurpose.RECOVER,
        subject=Text("Choose a new password", "Kies een nieuw wachtwoord", "Neues Passwort wählen"),
        text=Text(
            "somebody asked for a new password for this address. With this link you choose one; "
            "it is valid once, until {until}. Earlier links are void. If it was not you, do "
            "nothing: your password stays as it is.\n\n{link}",
            "iemand heeft voor dit adres een nieuw wachtwoord gevraagd. Met deze link kiest u er "
            "een; de link is één keer geldig, tot {until}. Eerdere links zijn vervallen. Was u het "
            "niet, doe dan niets: uw wachtwoord blijft zoals het is.\n\n{link}",
            "für diese Adresse wurde ein neues Passwort angefordert. Mit diesem Link wählen Sie "
            "es; er gilt einmal, bis {until}. Frühere Links gelten nicht mehr. Wenn Sie es nicht "
            "waren, tun Sie nichts: Ihr Passwort bleibt, wie es ist.\n\n{link}",
        ),
        why=KNOWN,
    ),
    MailKind.PASSWORD_CHANGED: Letter(
        states=SHOWN,
        subject=Text(
            "Your password was changed", "Uw wachtwoord is gewijzigd", "Ihr Passwort wurde geändert"
        ),
        text=Text(
            "the password of your account was set or changed, and everything that was signed in "
            "with the old one was signed out. If it was you, there is nothing to do. If it was "
            "not you, request a new password in the portal at once, check your mailbox, and tell "
            "us: {portal}",
            "het wachtwoord van uw account is ingesteld of gewijzigd, en alles wat met het oude "
            "was aangemeld is afgemeld. Was u het zelf, dan hoeft u niets te doen. Was u het niet, "
            "vraag dan meteen een nieuw wachtwoord aan in het portaal, controleer uw mailbox en "
            "meld het ons: {portal}",
            "das Passwort Ihres Kontos wurde gesetzt oder geändert, und alles, was mit dem alten "
            "angemeldet war, wurde abgemeldet. Wenn Sie es selbst waren, ist nichts zu tun. Wenn "
            "nicht, fordern Sie sofort im Portal ein neues Passwort an, prüfen Sie Ihr Postfach "
            "und melden Sie es uns: {portal}",
        ),
        why=KNOWN,
    ),
    MailKind.CHANGE_ADDRESS: Letter(
        states=_ACTIVE,
        link=LinkPurpose.CHANGE_ADDRESS,
        subject=Text(
            "Confirm your new address", "Bevestig uw nieuwe adres", "Neue Adresse bestätigen"
        ),
        text=Text(
            "please confirm with this link that your portal account is to have this address from "
            "now on. It is valid once, until {until}. If it was not you, do nothing: nothing is "
            "changed, and this address is forgotten.\n\n{link}",
            "bevestig met deze link dat uw portaalaccount voortaan dit adres moet hebben. De link "
            "is één keer geldig, tot {until}. Was u het niet, doe dan niets: er wordt niets "
            "gewijzigd en dit adres wordt vergeten.\n\n{link}",
            "bitte bestätigen Sie mit diesem Link, dass Ihr Portalkonto künftig diese Adresse "
            "haben soll. Er gilt einmal, bis {until}. Wenn Sie es nicht waren, tun Sie nichts: Es "
            "ändert sich nichts, und diese Adresse wird vergessen.\n\n{link}",
        ),
        why=Text(
            "You receive this mail because this address was entered as the new one of an account "
            "of our customer portal.",
            "U ontvangt deze mail omdat dit adres is ingevuld als het nieuwe adres van een account "
            "van ons klantportaal.",
            "Sie erhalten diese Mail, weil diese Adresse als die neue eines Kontos unseres "
            "Kundenportals eingegeben wurde.",
        ),
    ),
    MailKind.ADDRESS_IN_USE: Letter(
        states=SHOWN,
        subject=Text(
            "Your address has an account",
            "Uw adres heeft al een account",
            "Ihre Adresse hat ein Konto",
        ),
        text=Text(
            "somebody entered this address as the new one of another account. It belongs to your "
            "account already, and nothing was changed. The portal: {portal}",
            "iemand heeft dit adres ingevuld als het nieuwe van een ander account. Het hoort al "
            "bij uw account en er is niets gewijzigd. Het portaal: {portal}",
            "jemand hat diese Adresse als die neue eines anderen Kontos eingegeben. Sie gehört "
            "schon zu Ihrem Konto, und es wurde nichts geändert. Das Portal: {portal}",
        ),
        why=KNOWN,
    ),
    MailKind.ADDRESS_CHANGED: Letter(
        states=SHOWN,
        subject=Text(
            "Your account has another address",
            "Uw account heeft een ander adres",
            "Ihr Konto hat eine andere Adresse",
        ),
        text=Text(
            "your portal account has another e-mail address now; this one is used no more, and "
            "everything that was signed in was signed out. If it was you, there is nothing to "
            "do. If it was not you, tell us at once, so that we can block the account.",
            "uw portaalaccount heeft nu een ander e-mailadres; dit adres wordt niet meer gebruikt, "
            "en alles wat was aangemeld is afgemeld. Was u het zelf, dan hoeft u niets te doen. "
            "Was u het niet, meld het ons dan meteen, zodat wij het account kunnen blokkeren.",
            "Ihr Portalkonto hat jetzt eine andere E-Mail-Adresse; diese wird nicht mehr benutzt, "
            "und alles, was angemeldet war, wurde abgemeldet. Wenn Sie es selbst waren, ist nichts "
            "zu tun. Wenn nicht, melden Sie es uns sofort, damit wir das Konto sperren können.",
        ),
        why=Text(
            "You receive this mail because an account of our customer portal had this address.",
            "U ontvangt deze mail omdat een account van ons klantportaal dit adres had.",
            "Sie erhalten diese Mail, weil ein Konto unseres Kundenportals diese Adresse hatte.",
        ),
    ),
}
