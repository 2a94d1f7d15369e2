"""The letter to somebody whom another person invited, with what art. 14 GDPR has them told."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage

from common.texts import Text
from identity.letters.message import message
from identity.settings import Settings

SUBJECT = Text(
    "Your invitation to the customer portal",
    "Uw uitnodiging voor het klantportaal",
    "Ihre Einladung zum Kundenportal",
)
INVITATION = Text(
    "you are invited to use the customer portal of {operator} for {organisation}. With this link "
    "you enter your name and choose a password. It is valid once, for 30 days.\n\n{link}\n\n"
    "If you do not want an account, do nothing.",
    "u bent uitgenodigd om het klantportaal van {operator} te gebruiken voor {organisation}. Met "
    "deze link vult u uw naam in en kiest u een wachtwoord. De link is één keer geldig, 30 dagen "
    "lang.\n\n{link}\n\nWilt u geen account, doe dan niets.",
    "Sie sind eingeladen, das Kundenportal von {operator} für {organisation} zu nutzen. Mit diesem "
    "Link geben Sie Ihren Namen ein und wählen ein Passwort. Er gilt einmal, 30 Tage lang.\n\n"
    "{link}\n\nWenn Sie kein Konto möchten, tun Sie nichts.",
)
NOTICE = Text(
    "What we do with your address (art. 14 GDPR, notice {notice}: {portal}/privacy). Responsible "
    "is {operator}. We have your e-mail address, and no other data, from {organisation}, who "
    "entered it to invite you. We use it for this invitation alone, on the basis of art. 6(1)(b) "
    "GDPR, and pass it on to nobody; your organisation sees it in its list of invitations. If "
    "you do not use the link, the address is erased automatically 30 days after this mail was "
    "sent. You have the right of access, rectification, erasure, restriction and objection, and "
    "the right to complain to a supervisory authority. The data protection officer answers at "
    "{dpo} and has the address erased at once if you wish. No decision is made automatically.",
    "Wat wij met uw adres doen (art. 14 AVG, verklaring {notice}: {portal}/privacy). "
    "Verantwoordelijk is {operator}. Wij hebben uw e-mailadres, en geen andere gegevens, van "
    "{organisation}, die het heeft ingevuld om u uit te nodigen. Wij gebruiken het uitsluitend "
    "voor deze uitnodiging, op grond van art. 6, lid 1, onder b AVG, en geven het aan niemand "
    "door; uw organisatie ziet het in haar lijst met uitnodigingen. Gebruikt u de link niet, dan "
    "wordt het adres 30 dagen na verzending van deze mail automatisch gewist. U hebt recht op "
    "inzage, rectificatie, wissing, beperking en bezwaar, en u kunt een klacht indienen bij een "
    "toezichthoudende autoriteit. De functionaris gegevensbescherming antwoordt via {dpo} en "
    "laat het adres op uw verzoek meteen wissen. Er wordt niets automatisch over u besloten.",
    "Was wir mit Ihrer Adresse tun (Art. 14 DSGVO, Hinweise {notice}: {portal}/privacy). "
    "Verantwortlich ist {operator}. Wir haben Ihre E-Mail-Adresse, und keine weiteren Daten, von "
    "{organisation}; sie wurde dort eingegeben, um Sie einzuladen. Wir verwenden sie nur für "
    "diese Einladung, auf der Grundlage von Art. 6 Abs. 1 Buchst. b DSGVO, und geben sie an "
    "niemanden weiter; Ihre Organisation sieht sie in der Liste ihrer Einladungen. Nutzen Sie "
    "den Link nicht, wird die Adresse 30 Tage nach dem Versand dieser Mail automatisch gelöscht. "
    "Sie haben das Recht auf Auskunft, Berichtigung, Löschung, Einschränkung und Widerspruch und "
    "können sich bei einer Aufsichtsbehörde beschweren. Die Datenschutzbeauftragten antworten "
    "unter {dpo} und lassen die Adresse auf Wunsch sofort löschen. Es wird nichts automatisiert "
    "über Sie entschieden.",
)


def invitation(
    settings: Settings,
    *,
    address: str,
    language: str,
    organisation: str,
    notice: str,
    link: str,
    at: datetime,
) -> EmailMessage:
    """Write the mail that alone holds an invitation's link.

    organisation: the customer's name. notice: version of the privacy notice in force.
    """
    return message(
        settings,
        SUBJECT,
        INVITATION,
        NOTICE,
        address=address,
        language=language,
        at=at,
        organisation=organisation,
        link=link,
        notice=notice,
    )
