"""What every letter has: when it is true, what it says, and why it came."""

from __future__ import annotations

from dataclasses import dataclass

from common.texts import Text
from identity.models import LinkPurpose, Topic
from identity.rules.states import HIDDEN, State


@dataclass(frozen=True)
class Letter:
    """One kind of mail. states: of the accounts for which it is still true when it goes out.

    topic: what it can be switched off with; None for what concerns the account itself.
    objection: it says where to object to advertising (S69).
    """

    states: frozenset[State]
    subject: Text
    text: Text
    why: Text
    link: LinkPurpose | None = None
    topic: Topic | None = None
    objection: bool = False


SHOWN = frozenset(State) - HIDDEN
GREETING = Text("Good day,", "Goedendag,", "Guten Tag,")
CONTACT = Text(
    "Questions, or was it not you? {operator}: {contact}. Data protection officer: {dpo}.",
    "Vragen, of was u het niet? {operator}: {contact}. Functionaris gegevensbescherming: {dpo}.",
    "Fragen, oder waren Sie es nicht? {operator}: {contact}. Datenschutzbeauftragte: {dpo}.",
)
ENTERED = Text(
    "You receive this mail because this address was entered in the registration for our "
    "customer portal.",
    "U ontvangt deze mail omdat dit adres is ingevuld bij de registratie voor ons klantportaal.",
    "Sie erhalten diese Mail, weil diese Adresse bei der Registrierung für unser Kundenportal "
    "eingegeben wurde.",
)
OWN = Text(
    "You receive this mail because you registered for our customer portal with this address.",
    "U ontvangt deze mail omdat u zich met dit adres voor ons klantportaal hebt geregistreerd.",
    "Sie erhalten diese Mail, weil Sie sich mit dieser Adresse für unser Kundenportal "
    "registriert haben.",
)
OBJECTION = Text(
    "You can object to advertising at any time: {objection}",
    "U kunt op elk moment bezwaar maken tegen reclame: {objection}",
    "Sie können Werbung jederzeit widersprechen: {objection}",
)
"""Brought to attention when somebody is first written to, and with news (art. 21(4) GDPR)."""
KNOWN = Text(
    "You receive this mail because an account of our customer portal has this address.",
    "U ontvangt deze mail omdat een account van ons klantportaal dit adres heeft.",
    "Sie erhalten diese Mail, weil ein Konto unseres Kundenportals diese Adresse hat.",
)
