"""What the gateway's own pages say."""

from common.texts import Text

PAGES = {
    "portal": Text("Customer portal", "Klantportaal", "Kundenportal"),
    "start": Text(
        "Each service describes itself:",
        "Elke dienst beschrijft zichzelf:",
        "Jeder Dienst beschreibt sich selbst:",
    ),
    "confirm": Text(
        "Confirm your e-mail address", "Bevestig uw e-mailadres", "E-Mail-Adresse bestätigen"
    ),
    "confirm_done": Text(
        "Thank you. We now check your registration and write to you when your account is released.",
        "Dank u. Wij controleren uw registratie en schrijven u zodra uw account is vrijgegeven.",
        "Danke. Wir prüfen Ihre Registrierung und schreiben Ihnen, sobald Ihr Konto frei ist.",
    ),
    "address": Text(
        "Confirm your new address", "Bevestig uw nieuwe adres", "Neue Adresse bestätigen"
    ),
    "address_done": Text(
        "Your account has this address now. Please sign in again.",
        "Uw account heeft nu dit adres. Meld u opnieuw aan.",
        "Ihr Konto hat jetzt diese Adresse. Bitte melden Sie sich erneut an.",
    ),
    "objection": Text(
        "No advertising, please", "Geen reclame, alstublieft", "Keine Werbung, bitte"
    ),
    "objection_done": Text(
        "You objected to advertising; it counts from now on. You can change that in your account.",
        "U hebt bezwaar gemaakt tegen reclame; dat geldt vanaf nu. In uw account kunt u dat "
        "wijzigen.",
        "Sie haben Werbung widersprochen; das gilt ab jetzt. In Ihrem Konto können Sie das ändern.",
    ),
    "request": Text("Your request", "Uw verzoek", "Ihr Antrag"),
    "request_done": Text(
        "This is how your request stands:", "Zo staat uw verzoek ervoor:", "So steht Ihr Antrag:"
    ),
    "due_on": Text("Answered by", "Beantwoord uiterlijk op", "Beantwortet bis"),
    "unconfirmed": Text("to be confirmed", "te bevestigen", "zu bestätigen"),
    "open": Text("being dealt with", "in behandeling", "in Bearbeitung"),
    "answered": Text("answered", "beantwoord", "beantwortet"),
    "refused": Text("refused", "geweigerd", "abgelehnt"),
    "withdrawn": Text("taken back", "ingetrokken", "zurückgezogen"),
    "password": Text("Choose a password", "Kies een wachtwoord", "Passwort wählen"),
    "password_label": Text(
        "New password (12 to 256 characters)",
        "Nieuw wachtwoord (12 tot 256 tekens)",
        "Neues Passwort (12 bis 256 Zeichen)",
    ),
    "password_done": Text(
        "Your password is set. You can sign in now.",
        "Uw wachtwoord is ingesteld. U kunt zich nu aanmelden.",
        "Ihr Passwort ist gesetzt. Sie können sich jetzt anmelden.",
    ),
    "invitation": Text("Open your account", "Open uw account", "Konto eröffnen"),
    "invitation_done": Text(
        "Thank you. We now check your entries and write to you when your account is released.",
        "Dank u. Wij controleren uw gegevens en schrijven u zodra uw account is vrijgegeven.",
        "Danke. Wir prüfen Ihre Angaben und schreiben Ihnen, sobald Ihr Konto frei ist.",
    ),
    "given_name_label": Text("Given name", "Voornaam", "Vorname"),
    "family_name_label": Text("Family name", "Achternaam", "Nachname"),
    "country_label": Text("Country", "Land", "Land"),
    "privacy": Text("Privacy notice", "Privacyverklaring", "Datenschutzhinweise"),
    "responsible": Text("Responsible", "Verantwoordelijk", "Verantwortlich"),
    "dpo": Text(
        "Data protection officer",
        "Functionaris gegevensbescherming",
        "Datenschutzbeauftragte",
    ),
    "version": Text("Version", "Versie", "Version"),
    "documentation": Text("documentation", "documentatie", "Dokumentation"),
}
