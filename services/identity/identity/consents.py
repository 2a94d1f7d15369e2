"""What people can agree to here, word for word (S6, S28)."""

from __future__ import annotations

from typing import Any

from common.events.catalogue import ConsentPurpose
from common.privacy.consent import ConsentText
from common.refusals import NotFound
from common.texts import Text
from identity.rules.profile import VoluntaryField

VOLUNTARY_PROFILE = ConsentText(
    ConsentPurpose.VOLUNTARY_PROFILE,
    "voluntary-profile-1",
    Text(
        "I agree that the operator of the portal keeps what I enter voluntarily (salutation, job "
        "title, telephone, mobile, interests) to reach and address me the way I like. My "
        "colleagues see of it only what I show them. Nothing depends on it, and I can take it "
        "back at any time in my account: the entries are then erased at once. What was done "
        "before stays lawful.",
        "Ik ga ermee akkoord dat de exploitant van het portaal bewaart wat ik vrijwillig invul "
        "(aanhef, functie, telefoon, mobiel, interesses) om mij te bereiken en aan te spreken "
        "zoals ik dat wil. Mijn collega's zien daarvan alleen wat ik hun toon. Er hangt niets van "
        "af, en ik kan mijn toestemming op elk moment in mijn account intrekken: de gegevens "
        "worden dan meteen gewist. Wat daarvoor is gedaan, blijft rechtmatig.",
        "Ich willige ein, dass der Betreiber des Portals speichert, was ich freiwillig angebe "
        "(Anrede, Funktion, Telefon, Mobiltelefon, Interessen), um mich so zu erreichen und "
        "anzusprechen, wie ich es möchte. Meine Kolleginnen und Kollegen sehen davon nur, was ich "
        "ihnen zeige. Nichts hängt davon ab, und ich kann die Einwilligung jederzeit in meinem "
        "Konto widerrufen: Die Angaben werden dann sofort gelöscht. Was vorher geschah, bleibt "
        "rechtmäßig.",
    ),
)
NEEDED_FOR = {VOLUNTARY_PROFILE.purpose: tuple(VoluntaryField)}
"""Fields that may be filled in with this consent alone."""
TEXTS = {each.purpose: each for each in (VOLUNTARY_PROFILE,)}
"""The text in force of each purpose."""


def told(language: str) -> list[dict[str, Any]]:
    """What people can agree to, as a form says it."""
    return [
        {
            "purpose": each.purpose,
            "text_id": each.id,
            "text": each.text.say(language),
            "needed_for": NEEDED_FOR[each.purpose],
        }
        for each in TEXTS.values()
    ]


def text_for(purpose: str) -> ConsentText:
    """The text in force of a purpose by its name; raises NotFound for one that there is not."""
    for each in TEXTS.values():
        if each.purpose == purpose:
            return each
    raise NotFound()
