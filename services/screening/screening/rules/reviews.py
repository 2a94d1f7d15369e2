"""Who decides about a match, with how many eyes, and for which reason (S17, art. 22)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from common.refusals import Conflict, Invalid, NotAllowed
from common.texts import Text
from screening.rules.comparisons import EntryKey, Found, judge
from screening.rules.states import Occasion, Ruling, Trigger


class OwnScreening(NotAllowed):
    """Nobody decides about their own name."""

    title = Text(
        "Somebody else must decide this",
        "Iemand anders moet dit beslissen",
        "Dies muss jemand anderes entscheiden",
    )


class OwnProposal(NotAllowed):
    """Nobody approves what they proposed."""

    title = Text(
        "Somebody else must approve this",
        "Iemand anders moet dit goedkeuren",
        "Dies muss jemand anderes genehmigen",
    )


class NothingToDecide(Conflict):
    """Nothing matches that could be cleared or confirmed."""

    title = Text(
        "There is nothing to decide",
        "Er is niets te beslissen",
        "Es gibt nichts zu entscheiden",
    )


class ProposalOpen(Conflict):
    """A proposal waits for a second person; there is one at a time."""

    title = Text(
        "A proposal is waiting for approval",
        "Er wacht al een voorstel op goedkeuring",
        "Ein Vorschlag wartet bereits auf Genehmigung",
    )


class NothingProposed(Conflict):
    """There is no proposal to approve or to withdraw."""

    title = Text(
        "There is no proposal",
        "Er is geen voorstel",
        "Es gibt keinen Vorschlag",
    )


class ProposalLapsed(Conflict):
    """What was proposed is about an entry or a name that is another by now."""

    title = Text(
        "The proposal has lapsed",
        "Het voorstel is vervallen",
        "Der Vorschlag ist verfallen",
    )


class NameChanging(Conflict):
    """The person has another name, which is still to be compared."""

    title = Text(
        "The name is being compared again",
        "De naam wordt opnieuw vergeleken",
        "Der Name wird gerade neu verglichen",
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
PEOPLE_NEEDED = {
    (Trigger.FOUND_DOUBT,   Ruling.CLEAR):   1,
    (Trigger.FOUND_DOUBT,   Ruling.CONFIRM): 2,  # a block begins
    (Trigger.FOUND_HIT,     Ruling.CLEAR):   2,  # a block ends
    (Trigger.FOUND_HIT,     Ruling.CONFIRM): 1,  # it blocks already
    (Trigger.FOUND_NOTHING, Ruling.CONFIRM): 2,  # a clearing is taken back
}
"""How many people a ruling takes, by what the match comes to by itself and as ruled until now."""
# fmt: on


def require_another(decider: UUID, account_id: UUID) -> None:
    """Raise OwnScreening when somebody would decide about their own name."""
    if decider == account_id:
        raise OwnScreening("Ask a colleague of compliance.")


def require_second_person(proposed_by: UUID, approver: UUID) -> None:
    """Raise OwnProposal when somebody would approve what they proposed."""
    if approver == proposed_by:
        raise OwnProposal("Ask a colleague of compliance to approve it.")


def require_fitting_reason(ruling: Ruling, reason: Reason) -> None:
    """Raise Invalid for a reason that speaks for the opposite."""
    if reason not in REASONS[ruling]:
        fitting = " or ".join(REASONS[ruling])
        raise Invalid("The reason does not fit.", {"/reason": f"Must be {fitting}."})


def require_settled_name(occasion: Occasion, *, pending: bool) -> None:
    """Raise NameChanging while another name waits: what is decided would be about the former."""
    if pending and occasion is Occasion.NAME:
        raise NameChanging("Wait a moment, and look at what the new name matches.")


def matches_meant(
    found: Sequence[Found],
    decided: Mapping[EntryKey, Ruling],
    named: Collection[tuple[str, str]] | None,
) -> list[Found]:
    """Which matches a decision is about.

    named: list and entry of each; without it, all that nobody has cleared, or, where that leaves
    nothing, all. Raises NothingToDecide.
    """
    if named is None:
        uncleared = [each for each in found if decided.get(each.key) is not Ruling.CLEAR]
        meant = uncleared or list(found)
    else:
        meant = [each for each in found if (each.list_id, each.entry_id) in named]
        if len(meant) < len(named):
            raise NothingToDecide("One of the entries matches no more, or never did.")
    if not meant:
        raise NothingToDecide("Nothing on any list matches the name.")
    return meant


def people_needed(
    meant: Sequence[Found], decided: Mapping[EntryKey, Ruling], ruling: Ruling
) -> int:
    """How many people it takes to rule so about all these matches together.

    Raises NothingToDecide where one of them is cleared already.
    Source: S17, art. 22 (whoever is blocked, or released from a block, is so by two people).
    """
    steps = [(judge([each], decided)[0], ruling) for each in meant]
    if not all(step in PEOPLE_NEEDED for step in steps):
        raise NothingToDecide("It is cleared already.")
    return max(PEOPLE_NEEDED[step] for step in steps)
