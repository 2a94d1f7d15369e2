"""Objections: on which ground, until when they are answered, by whom and how."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.privacy.deadlines import is_late
from common.refusals import Conflict, Invalid, NotAllowed
from common.texts import Text


class AlreadyReceived(Conflict):
    """An objection on the same ground still waits for its answer."""

    title = Text(
        "This objection is being dealt with already",
        "Dit bezwaar wordt al behandeld",
        "Dieser Widerspruch wird bereits bearbeitet",
    )


class NotImpartial(NotAllowed):
    """Nobody answers an objection to what they decided themselves."""

    title = Text(
        "Somebody else must answer this",
        "Iemand anders moet dit beantwoorden",
        "Dies muss jemand anderes beantworten",
    )


class ReviewFirst(Conflict):
    """No person has decided about the matches yet, and that is what was asked for."""

    title = Text(
        "A person must look at the matches first",
        "Iemand moet eerst naar de treffers kijken",
        "Zuerst muss ein Mensch die Treffer ansehen",
    )


class Ground(StrEnum):
    """What an objection rests on."""

    ART_21_1 = "art_21_1"
    """Against the comparison itself, which rests on a legitimate interest."""
    ART_22_3 = "art_22_3"
    """Against a block that a machine made: a person shall look at it."""


class ObjectionState(StrEnum):
    """Where an objection stands."""

    RECEIVED = "received"
    UPHELD = "upheld"
    REJECTED = "rejected"


class Outcome(StrEnum):
    """What an objection is answered with."""

    UPHOLD = "uphold"
    REJECT = "reject"


class AnswerReason(StrEnum):
    """Why it was answered so; a closed set, so that nothing about anybody is typed in."""

    COMPELLING_GROUNDS = "compelling_grounds"
    INTERESTS_PREVAIL = "interests_prevail"
    REVIEWED_AND_CLEARED = "reviewed_and_cleared"
    REVIEWED_AND_CONFIRMED = "reviewed_and_confirmed"
    NOT_CONCERNED = "not_concerned"


# fmt: off
TRANSITIONS = {
    (ObjectionState.RECEIVED, Outcome.UPHOLD): ObjectionState.UPHELD,
    (ObjectionState.RECEIVED, Outcome.REJECT): ObjectionState.REJECTED,
}
REASONS = {
    (Ground.ART_21_1, Outcome.UPHOLD): (AnswerReason.INTERESTS_PREVAIL,),
    (Ground.ART_21_1, Outcome.REJECT): (AnswerReason.COMPELLING_GROUNDS,
                                        AnswerReason.NOT_CONCERNED),
    (Ground.ART_22_3, Outcome.UPHOLD): (AnswerReason.REVIEWED_AND_CLEARED,),
    (Ground.ART_22_3, Outcome.REJECT): (AnswerReason.REVIEWED_AND_CONFIRMED,
                                        AnswerReason.NOT_CONCERNED),
}
# fmt: on


def is_overdue(state: ObjectionState, due: date, at: datetime) -> bool:
    """Whether it should have been answered before today."""
    return state is ObjectionState.RECEIVED and is_late(due, at)


def require_impartial(answerer: UUID, decided_by: Collection[UUID]) -> None:
    """Raise NotImpartial for who decided about the person.

    There is always somebody else: the data protection officer decides about no match.
    """
    if answerer in decided_by:
        raise NotImpartial("You decided about this person's matches; ask a colleague.")


def require_fitting_answer(ground: Ground, outcome: Outcome, reason: AnswerReason) -> None:
    """Raise Invalid for a reason that speaks for another answer or belongs to another ground."""
    fitting = REASONS[ground, outcome]
    if reason not in fitting:
        raise Invalid("The reason does not fit.", {"/reason": f"Must be {' or '.join(fitting)}."})


def require_reviewed(ground: Ground, *, undecided: bool) -> None:
    """Raise ReviewFirst where a person was asked for and none has looked yet (art. 22(3))."""
    if ground is Ground.ART_22_3 and undecided:
        raise ReviewFirst("Compliance must decide about every match before this is answered.")
