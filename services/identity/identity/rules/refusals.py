"""Reasons of identity to say no."""

from __future__ import annotations

from datetime import datetime

from common.refusals import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, TooMany
from common.texts import Text


class SignInFailed(NotSignedIn):
    """The answer to every failed sign-in, whatever the reason (S30, reading 9)."""

    title = Text(
        "Signing in was not possible",
        "Aanmelden was niet mogelijk",
        "Die Anmeldung war nicht möglich",
    )


class ErasureNotComplete(Conflict):
    """There is no certificate before every owner has answered (S26)."""

    title = Text(
        "The erasure is not complete yet",
        "De wissing is nog niet voltooid",
        "Die Löschung ist noch nicht abgeschlossen",
    )


class SignInOver(NotSignedIn):
    """The sign-in cannot be prolonged."""

    title = Text("Please sign in again", "Meld u opnieuw aan", "Bitte melden Sie sich erneut an")


class TooManyTries(TooMany):
    """So many tries failed that the next one has to wait; the same for addresses nobody has."""


class PasswordGuessable(Invalid):
    """The password is guessed too soon; errors say what to do about it."""

    title = Text(
        "Please choose a password that is harder to guess",
        "Kies een wachtwoord dat moeilijker te raden is",
        "Bitte wählen Sie ein schwerer zu erratendes Passwort",
    )


class NotThePassword(Invalid):
    """What was given as one's present password is not it."""


class LinkNotValid(NotFound):
    """A mailed link is unknown, too old or was used."""

    title = Text(
        "This link is not valid any more",
        "Deze link is niet meer geldig",
        "Dieser Link gilt nicht mehr",
    )


class NoticePublished(Conflict):
    """People were told this version already; it says what it said (S1)."""

    title = Text(
        "This notice was published before",
        "Deze verklaring is al gepubliceerd",
        "Diese Hinweise wurden bereits veröffentlicht",
    )


class ConsentMissing(Invalid):
    """Something voluntary was entered and its owner did not agree to that, or no more (S6)."""

    title = Text(
        "Your consent is needed first",
        "Eerst is uw toestemming nodig",
        "Zuerst ist Ihre Einwilligung nötig",
    )


class ChangeUnderWay(Conflict):
    """The last change of the address is not done with: its former one was not told."""

    title = Text(
        "The last change of the address is still under way",
        "De laatste adreswijziging is nog niet afgerond",
        "Die letzte Änderung der Adresse ist noch nicht abgeschlossen",
    )


class UnknownOrganisation(Invalid):
    """No such customer."""


class RelationEnded(Conflict):
    """The organisation is no customer any more."""

    title = Text(
        "The relation with this organisation has ended",
        "De relatie met deze organisatie is beëindigd",
        "Die Beziehung zu dieser Organisation ist beendet",
    )


class ContractOver(Conflict):
    """The contract has ended; another one is needed (S25)."""

    title = Text(
        "This contract has ended",
        "Dit contract is beëindigd",
        "Dieser Vertrag ist beendet",
    )


class ConfirmedBefore(Conflict):
    """The recipient has said before that it is done (art. 19 GDPR)."""

    title = Text(
        "This was confirmed before",
        "Dit is al bevestigd",
        "Dies wurde bereits bestätigt",
    )


class OwnDecision(NotAllowed):
    """Nobody decides about their own account (S51)."""

    title = Text(
        "Somebody else has to decide this",
        "Iemand anders moet dit beslissen",
        "Das muss jemand anders entscheiden",
    )


def refuse_ended_relation(relation_ended_at: datetime | None) -> None:
    """Raise RelationEnded when the organisation is no customer any more."""
    if relation_ended_at is not None:
        raise RelationEnded("Nobody can act for this organisation any more.")
