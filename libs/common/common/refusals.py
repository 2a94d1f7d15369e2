"""Reasons to say no. Rules raise them; `common.web.problems` alone knows status codes.

The class name is the problem's type for ever (SeatTaken is /problems/seat-taken), `title` is what
people read, the exception's text is the detail of this one case and holds no personal value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from common.texts import Text

State = TypeVar("State")
Trigger = TypeVar("Trigger")


class Refusal(Exception):
    """A request cannot be done, and the caller can be told why."""

    title: ClassVar[Text] = Text("Not possible", "Niet mogelijk", "Nicht möglich")

    def __init__(self, detail: str = "", retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Invalid(Refusal):
    """What was sent does not fit; errors: messages by JSON pointer."""

    title = Text(
        "Please correct the marked fields",
        "Corrigeer de gemarkeerde velden",
        "Bitte berichtigen Sie die markierten Felder",
    )

    def __init__(self, detail: str = "", errors: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.errors = dict(errors or {})


class NotSignedIn(Refusal):
    """Nobody is signed in, or not validly."""

    title = Text("Please sign in", "Meld u aan", "Bitte melden Sie sich an")


class AccountNotActive(NotSignedIn):
    """The token is valid and its account may not act."""

    title = Text(
        "This account is not active",
        "Dit account is niet actief",
        "Dieses Konto ist nicht aktiv",
    )


class NotAllowed(Refusal):
    """The person is known and may not do this."""

    title = Text("This is not allowed", "Dit is niet toegestaan", "Dies ist nicht erlaubt")


class AccountRestricted(NotAllowed):
    """The person had the use of the own data restricted: they are kept, and not used (art. 18)."""

    title = Text(
        "The use of your data is restricted",
        "Het gebruik van uw gegevens is beperkt",
        "Die Verwendung Ihrer Daten ist eingeschränkt",
    )


class NotFound(Refusal):
    """It does not exist, or the person may not know that it does."""

    title = Text("Not found", "Niet gevonden", "Nicht gefunden")


class Conflict(Refusal):
    """The present state does not permit it."""

    title = Text(
        "This is not possible now", "Dit is nu niet mogelijk", "Dies ist jetzt nicht möglich"
    )


class IllegalTransition(Conflict):
    """A state machine has no row for this step."""

    title = Text(
        "This step is not possible now",
        "Deze stap is nu niet mogelijk",
        "Dieser Schritt ist jetzt nicht möglich",
    )


class Stale(Refusal):
    """Somebody else changed it meanwhile (If-Match)."""

    title = Text(
        "It was changed meanwhile; load it again",
        "Het is intussen gewijzigd; laad het opnieuw",
        "Es wurde inzwischen geändert; bitte neu laden",
    )


class PreconditionMissing(Refusal):
    """A change needs If-Match with the ETag of what is changed."""

    title = Text("If-Match is missing", "If-Match ontbreekt", "If-Match fehlt")


class TooLarge(Refusal):
    """More was sent than is taken."""

    title = Text("This is too large", "Dit is te groot", "Dies ist zu groß")


class UnsupportedContent(Refusal):
    """The kind of content is none that is taken."""

    title = Text(
        "This kind of content is not supported",
        "Dit soort inhoud wordt niet ondersteund",
        "Diese Art von Inhalt wird nicht unterstützt",
    )


class TooMany(Refusal):
    """Too often in too short a time."""

    title = Text("Too many attempts", "Te veel pogingen", "Zu viele Versuche")


class Unavailable(Refusal):
    """Something that is needed cannot be reached now; trying again helps."""

    title = Text(
        "Please try again in a moment",
        "Probeer het zo meteen opnieuw",
        "Bitte versuchen Sie es gleich noch einmal",
    )


def next_state(
    table: Mapping[tuple[State, Trigger], State], state: State, trigger: Trigger
) -> State:
    """State after a trigger; raises IllegalTransition when the table has no such row."""
    if (state, trigger) not in table:
        named: Any = (state, trigger)
        raise IllegalTransition(f"{named[0].value} has no step for {named[1].value}.")
    return table[state, trigger]
