"""Who may decide about a match, and for which reason."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from common.refusals import Conflict, Invalid, NotAllowed
from common.texts import Text
from screening.rules.states import Ruling


class OwnScreening(NotAllowed):
    """Nobody decides about their own name."""

    title = Text(
        "Somebody else must decide this",
        "Iemand anders moet dit beslissen",
        "Dies muss jemand anderes entscheiden",
    )


class NothingToDecide(Conflict):
    """The name is on no list, so there is nothing to clear or to confirm."""

    title = Text(
        "There is nothing to decide",
        "Er is niets te beslissen",
        "Es gibt nichts zu entscheiden",
    )


class Reason(StrEnum):
    """Why a person decided so; a closed set, so that nothing about anybody is typed in."""

    ANOTHER_PERSON = "another_person"
    NAME_ONLY_RESEMBLES = "name_only_resembles"
    SAME_PERSON = "same_person"
    CANNOT_BE_RULED_OUT = "cannot_be_ruled_out"


# fmt: off
REASONS = {
    Ruling.CLEAR:   (Reason.ANOTHER_PERSON, Reason.NAME_ONLY_RESEMBLES),
    Ruling.CONFIRM: (Reason.SAME_PERSON, Reason.CANNOT_BE_RULED_OUT),
}
# fmt: on


def require_another(decider: UUID, account_id: UUID) -> None:
    """Raise OwnScreening when somebody would decide about their own name."""
    if decider == account_id:
        raise OwnScreening("Ask a colleague of compliance.")


def require_fitting_reason(ruling: Ruling, reason: Reason) -> None:
    """Raise Invalid for a reason that speaks for the opposite."""
    if reason not in REASONS[ruling]:
        fitting = " or ".join(REASONS[ruling])
        raise Invalid("The reason does not fit.", {"/reason": f"Must be {fitting}."})
