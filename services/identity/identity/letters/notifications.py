"""Letters about what happened: to the account, to cases, orders and trainings; never content."""

from __future__ import annotations

from common.texts import Text
from identity.letters.letter import OWN, SHOWN, Letter
from identity.models import MailKind, Topic
from identity.rules.states import State

_ACTIVE = frozenset({State.ACTIVE})
_SWITCHED_ON = Text(
    "You receive this mail because you use our customer portal; in the portal you can switch off "
    "mails of this kind.",
    "U ontvangt deze mail omdat u ons klantportaal gebruikt; in het portaal kunt u mails van deze "
    "soort uitschakelen.",
    "Sie erhalten diese Mail, weil Sie unser Kundenportal nutzen; im Portal können Sie Mails "
    "dieser Art abschalten.",
)

LETTERS = {
    MailKind.BLOCKED: Letter(
        states=frozenset({State.BLOCKED}),
        subject=Text("Your portal account", "Uw portaalaccount", "Ihr Portalkonto"),
        text=Text(
            "your account of the customer portal cannot be used at present. If you object to "
            "this, or want to know more, write to {contact}; a person will look at it. The data "
            "protection officer answers about your data and your rights: {dpo}.",
            "uw account van het klantportaal kan op dit moment niet worden gebruikt. Maakt u "
            "bezwaar of wilt u meer weten, schrijf dan naar {contact}; een mens kijkt ernaar. De "
            "functionaris gegevensbescherming antwoordt over uw gegevens en uw rechten: {dpo}.",
            "Ihr Konto des Kundenportals kann derzeit nicht benutzt werden. Wenn Sie widersprechen "
            "oder mehr wissen möchten, schreiben Sie an {contact}; ein Mensch sieht es sich an. "
            "Die Datenschutzbeauftragten antworten zu Ihren Daten und Ihren Rechten: {dpo}.",
        ),
        why=OWN,
    ),
    MailKind.DEACTIVATED: Letter(
        states=frozenset({State.DEACTIVATED}),
        subject=Text(
            "Your account is closed", "Uw account is gesloten", "Ihr Konto ist geschlossen"
        ),
        text=Text(
            "your account of the customer portal is closed, and nobody can sign in with it. Its "
            "data are erased within a year. If it was closed by mistake, write to us before that.",
            "uw account van het klantportaal is gesloten en niemand kan zich ermee aanmelden. De "
            "gegevens worden binnen een jaar gewist. Is het per vergissing gesloten, schrijf ons "
            "dan vóór die tijd.",
            "Ihr Konto des Kundenportals ist geschlossen, und niemand kann sich damit anmelden. "
            "Die Daten werden innerhalb eines Jahres gelöscht. Wenn es versehentlich geschlossen "
            "wurde, schreiben Sie uns vorher.",
        ),
        why=OWN,
    ),
    MailKind.REACTIVATED: Letter(
        states=_ACTIVE,
        subject=Text(
            "Your account can be used again",
            "Uw account kan weer worden gebruikt",
            "Ihr Konto kann wieder benutzt werden",
        ),
        text=Text(
            "your account of the customer portal can be used again. You can sign in: {portal}",
            "uw account van het klantportaal kan weer worden gebruikt. U kunt zich aanmelden: "
            "{portal}",
            "Ihr Konto des Kundenportals kann wieder benutzt werden. Sie können sich anmelden: "
            "{portal}",
        ),
        why=OWN,
    ),
    MailKind.RESTRICTED: Letter(
        states=SHOWN,
        subject=Text(
            "The use of your data is restricted",
            "Het gebruik van uw gegevens is beperkt",
            "Die Verwendung Ihrer Daten ist eingeschränkt",
        ),
        text=Text(
            "your data in the customer portal are kept from now on, and not used (art. 18 GDPR). "
            "You can sign in, read and correct them, export them and use your rights; the rest of "
            "the portal waits until the restriction ends. We write to you before it does.",
            "uw gegevens in het klantportaal worden vanaf nu bewaard en niet gebruikt (art. 18 "
            "AVG). U kunt zich aanmelden, ze lezen, corrigeren en exporteren en uw rechten "
            "uitoefenen; de rest van het portaal wacht tot de beperking eindigt. Wij schrijven u "
            "vóór die tijd.",
            "Ihre Daten im Kundenportal werden von jetzt an aufbewahrt und nicht verwendet "
            "(Art. 18 DSGVO). Sie können sich anmelden, sie lesen, berichtigen und exportieren "
            "und Ihre Rechte ausüben; der Rest des Portals wartet, bis die Einschränkung endet. "
            "Wir schreiben Ihnen vorher.",
        ),
        why=OWN,
    ),
    MailKind.RESTRICTION_ENDS: Letter(
        states=SHOWN,
        subject=Text(
            "Your data will be used again",
            "Uw gegevens worden weer gebruikt",
            "Ihre Daten werden wieder verwendet",
        ),
        text=Text(
            "the restriction of the use of your data ends seven days after this mail was sent "
            "(art. 18(3) GDPR). If you do not agree, write to the data protection officer before: "
            "{dpo}.",
            "de beperking van het gebruik van uw gegevens eindigt zeven dagen na verzending van "
            "deze mail (art. 18, lid 3 AVG). Bent u het er niet mee eens, schrijf dan vóór die "
            "tijd naar de functionaris gegevensbescherming: {dpo}.",
            "die Einschränkung der Verwendung Ihrer Daten endet sieben Tage nach dem Versand "
            "dieser Mail (Art. 18 Abs. 3 DSGVO). Wenn Sie nicht einverstanden sind, schreiben Sie "
            "vorher an die Datenschutzbeauftragten: {dpo}.",
        ),
        why=OWN,
    ),
    MailKind.RECIPIENT_NOTICE: Letter(
        states=_ACTIVE,
        subject=Text(
            "Data of a person to correct, restrict or erase",
            "Gegevens van een persoon om te corrigeren, te beperken of te wissen",
            "Daten einer Person zu berichtigen, einzuschränken oder zu löschen",
        ),
        text=Text(
            "data that you saw as a representative were corrected, restricted or erased. Do the "
            "same with what you keep of them, and confirm it in the portal (art. 19 GDPR): "
            "{portal}",
            "gegevens die u als vertegenwoordiger zag, zijn gecorrigeerd, beperkt of gewist. Doe "
            "hetzelfde met wat u daarvan bewaart, en bevestig het in het portaal (art. 19 AVG): "
            "{portal}",
            "Daten, die Sie als Vertretung gesehen haben, wurden berichtigt, eingeschränkt oder "
            "gelöscht. Tun Sie dasselbe mit dem, was Sie davon aufbewahren, und bestätigen Sie es "
            "im Portal (Art. 19 DSGVO): {portal}",
        ),
        why=OWN,
    ),
    MailKind.CASE_ANSWERED: Letter(
        states=_ACTIVE,
        topic=Topic.CASES,
        subject=Text(
            "There is news in a service case",
            "Er is nieuws in een servicecase",
            "Es gibt Neues in einem Servicefall",
        ),
        text=Text(
            "somebody wrote in a service case that you reported. Read it in the portal: {portal}",
            "iemand heeft geschreven in een servicecase die u hebt gemeld. Lees het in het "
            "portaal: {portal}",
            "jemand hat in einem Servicefall geschrieben, den Sie gemeldet haben. Lesen Sie es im "
            "Portal: {portal}",
        ),
        why=_SWITCHED_ON,
        objection=True,
    ),
    MailKind.ORDER_CONFIRMED: Letter(
        states=_ACTIVE,
        topic=Topic.ORDERS,
        subject=Text(
            "Your order is confirmed", "Uw bestelling is bevestigd", "Bestellung bestätigt"
        ),
        text=Text(
            "an order that you placed is confirmed. You find it in the portal: {portal}",
            "een bestelling die u hebt geplaatst is bevestigd. U vindt deze in het portaal: "
            "{portal}",
            "eine Bestellung, die Sie aufgegeben haben, ist bestätigt. Sie finden sie im Portal: "
            "{portal}",
        ),
        why=_SWITCHED_ON,
        objection=True,
    ),
    MailKind.BOOKING_CONFIRMED: Letter(
        states=_ACTIVE,
        topic=Topic.TRAININGS,
        subject=Text(
            "Your booking is confirmed", "Uw boeking is bevestigd", "Ihre Buchung ist bestätigt"
        ),
        text=Text(
            "seats of a training that you booked are taken. You find the booking in the portal: "
            "{portal}",
            "plaatsen voor een training die u hebt geboekt zijn gereserveerd. U vindt de boeking "
            "in het portaal: {portal}",
            "Plätze einer Schulung, die Sie gebucht haben, sind reserviert. Sie finden die Buchung "
            "im Portal: {portal}",
        ),
        why=_SWITCHED_ON,
        objection=True,
    ),
}
