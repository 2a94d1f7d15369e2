"""Which passwords are good enough: by length and how soon they are guessed.

12 to 256 characters (schemas/fields.py), all of which count; no composition rules, no expiry. What
is refused is what is tried first: known passwords, rows of keys, repeats, and whatever stands close
to the person (names, address, company, portal, operator).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from common.texts import Text
from identity.rules.refusals import PasswordGuessable

LEAST_SCORE = 3
"""Of 0 to 4: "safely unguessable", more than 10^8 guesses without the throttle."""
SCORED = 72
"""Characters that are looked at: more cannot make a password weaker, and take long to compare."""
SHORTEST_WORD, SHORTEST_PART = 2, 4
"""Letters of a word that counts for nothing standing alone, and as a part of others."""
PORTAL = ("portal", "customer portal", "kundenportal", "klantportaal")

CONTEXT = Text(
    "Too much of it is names, addresses or words of the portal; add words that have nothing to do "
    "with you.",
    "Het bestaat te veel uit namen, adressen of woorden van het portaal; voeg woorden toe die "
    "niets met u te maken hebben.",
    "Es besteht zu sehr aus Namen, Adressen oder Wörtern des Portals; fügen Sie Wörter hinzu, die "
    "nichts mit Ihnen zu tun haben.",
)
KNOWN = Text(
    "It is close to passwords that are tried first; take several unrelated words.",
    "Het lijkt op wachtwoorden die als eerste worden geprobeerd; neem enkele losse woorden.",
    "Es ähnelt Passwörtern, die als Erstes probiert werden; nehmen Sie mehrere Wörter ohne "
    "Zusammenhang.",
)
ADVICE = {
    "spatial": Text(
        "Rows of keys are guessed soon; take several unrelated words.",
        "Toetsenrijen worden snel geraden; neem enkele losse woorden.",
        "Tastenreihen sind schnell erraten; nehmen Sie mehrere Wörter ohne Zusammenhang.",
    ),
    "repeat": Text(
        "Repeating the same makes it hardly better; add other words.",
        "Herhalen maakt het nauwelijks beter; voeg andere woorden toe.",
        "Wiederholungen machen es kaum besser; fügen Sie andere Wörter hinzu.",
    ),
    "sequence": Text(
        "Sequences like abc or 4321 are guessed soon; take several unrelated words.",
        "Reeksen zoals abc of 4321 worden snel geraden; neem enkele losse woorden.",
        "Folgen wie abc oder 4321 sind schnell erraten; nehmen Sie mehrere Wörter ohne "
        "Zusammenhang.",
    ),
    "date": Text(
        "Dates and years are guessed soon; add words.",
        "Datums en jaartallen worden snel geraden; voeg woorden toe.",
        "Daten und Jahreszahlen sind schnell erraten; fügen Sie Wörter hinzu.",
    ),
}
ADVICE["regex"] = ADVICE["date"]
"""What to do about the longest part of a password that was recognised, by its pattern."""


def refuse_guessable(password: str, *context_words: str | None, language: str = "en") -> None:
    """Raise PasswordGuessable when a password is guessed too soon; it points at /password.

    context_words: what stands close to the person, in any form; it counts for nothing. language:
    that of the advice. Source: S10, S29 (ASVS 6.2.1-6.2.12).
    """
    advice = weakness(password, context_words)
    if advice is not None:
        text = advice.say(language)
        raise PasswordGuessable(text, {"/password": text})


def weakness(password: str, context: Iterable[str | None]) -> Text | None:
    """What to do about a password, None when it is good enough."""
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # 12 MB that a worker never needs

    words = _words(context)
    rest = _without(password, words)
    if not rest.strip():
        return CONTEXT
    found = zxcvbn(rest[:SCORED], user_inputs=words)
    if found["score"] >= LEAST_SCORE:
        return None
    if len(rest) < len(password):
        return CONTEXT
    longest = max(found["sequence"], key=lambda match: len(match["token"]))
    if longest.get("dictionary_name") == "user_inputs":
        return CONTEXT
    return ADVICE.get(longest["pattern"], KNOWN)


def _words(context: Iterable[str | None]) -> list[str]:
    """Words in what is known of a person, the longest first."""
    text = " ".join(part for part in (*context, *PORTAL) if part).casefold()
    words = {word for word in re.split(r"[\W_]+", text) if len(word) >= SHORTEST_WORD}
    return sorted(words, key=lambda word: (-len(word), word))


def _without(password: str, words: list[str]) -> str:
    """A password as it is compared, and what the words of its context leave of it."""
    parts = [word for word in words if len(word) >= SHORTEST_PART]
    alone = [word for word in words if len(word) < SHORTEST_PART]
    pattern = "|".join([*parts, rf"(?<![^\W_])(?:{'|'.join(alone)})(?![^\W_])"])
    return re.sub(pattern, "", password.casefold())
