"""The letter about second factors: it goes out whenever one is added, removed, renewed or lost."""

from __future__ import annotations

from common.texts import Text
from identity.letters.letter import KNOWN, SHOWN, Letter
from identity.models import MailKind

LETTERS = {
    MailKind.SECOND_FACTOR_CHANGED: Letter(
        states=SHOWN,
        subject=Text(
            "Your second factor was changed",
            "Uw tweede factor is gewijzigd",
            "Ihr zweiter Faktor wurde geändert",
        ),
        text=Text(
            "something was changed about how you sign in beside your password: an authenticator "
            "app, a passkey or recovery codes were added, removed or renewed, or a recovery code "
            "was used. If it was you, there is nothing to do. If it was not you, choose a new "
            "password in the portal at once and tell us: {portal}",
            "er is iets gewijzigd aan hoe u zich naast uw wachtwoord aanmeldt: een "
            "authenticator-app, een passkey of herstelcodes zijn toegevoegd, verwijderd of "
            "vernieuwd, of er is een herstelcode gebruikt. Was u het zelf, dan hoeft u niets te "
            "doen. Was u het niet, kies dan meteen een nieuw wachtwoord in het portaal en meld "
            "het ons: {portal}",
            "es wurde etwas daran geändert, wie Sie sich neben Ihrem Passwort anmelden: Eine "
            "Authenticator-App, ein Passkey oder Wiederherstellungscodes kamen hinzu, wurden "
            "entfernt oder erneuert, oder ein Wiederherstellungscode wurde benutzt. Wenn Sie es "
            "selbst waren, ist nichts zu tun. Wenn nicht, wählen Sie sofort im Portal ein neues "
            "Passwort und melden Sie es uns: {portal}",
        ),
        why=KNOWN,
    ),
}
