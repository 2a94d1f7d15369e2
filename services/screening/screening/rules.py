"""Who may do what, what a comparison and a decision lead to, which lists are not taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from common.refusals import Conflict, Invalid, NotAllowed
from common.texts import Text
from common.web import Reach, may, may_change
from screening.matching import Match, Outcome

POLICY = {
    "list.list": may(compliance=Reach.EVERYWHERE, dpo=Reach.EVERYWHERE),
    "screening.list": may(compliance=Reach.EVERYWHERE),
    "screening.read": may(compliance=Reach.EVERYWHERE),
    "screening.decide": may_change(compliance=Reach.EVERYWHERE),
    "screening.lists_used": may(compliance=Reach.EVERYWHERE, dpo=Reach.EVERYWHERE),
}

EntryKey = tuple[str, str, str]
"""List, entry and the entry's fingerprint: this very entry, as it stands today."""


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


class Status(StrEnum):
    """Where one person's screening stands (S19)."""

    PENDING = "pending"
    CLEAR = "clear"
    REVIEW = "review"
    HIT = "hit"


OPEN = (Status.REVIEW, Status.HIT)
"""What a person has to look at."""


class Trigger(StrEnum):
    """What moves a screening: what a comparison found, or what a person decided."""

    FOUND_NOTHING = "found_nothing"
    FOUND_DOUBT = "found_doubt"
    FOUND_HIT = "found_hit"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"


class Ruling(StrEnum):
    """What a person decided about a match."""

    CLEAR = "clear"
    CONFIRM = "confirm"


class Reason(StrEnum):
    """Why a person decided so; a closed set, so that nothing about anybody is typed in."""

    ANOTHER_PERSON = "another_person"
    NAME_ONLY_RESEMBLES = "name_only_resembles"
    SAME_PERSON = "same_person"
    CANNOT_BE_RULED_OUT = "cannot_be_ruled_out"


class Occasion(StrEnum):
    """Why a name is to be compared (S14, S18)."""

    REGISTRATION = "registration"
    LIST = "list"
    OPERATOR = "operator"
    NAME = "name"


# fmt: off
TRANSITIONS = {
    (Status.PENDING, Trigger.FOUND_NOTHING): Status.CLEAR,   # S14
    (Status.PENDING, Trigger.FOUND_DOUBT):   Status.REVIEW,  # S17 a person decides
    (Status.PENDING, Trigger.FOUND_HIT):     Status.HIT,     # S17
    (Status.CLEAR,   Trigger.FOUND_NOTHING): Status.CLEAR,   # S18
    (Status.CLEAR,   Trigger.FOUND_DOUBT):   Status.REVIEW,  # S18
    (Status.CLEAR,   Trigger.FOUND_HIT):     Status.HIT,     # S17, S18
    (Status.REVIEW,  Trigger.FOUND_NOTHING): Status.CLEAR,   # S18 the entry is gone
    (Status.REVIEW,  Trigger.FOUND_DOUBT):   Status.REVIEW,
    (Status.REVIEW,  Trigger.FOUND_HIT):     Status.HIT,     # S17
    (Status.HIT,     Trigger.FOUND_NOTHING): Status.CLEAR,   # S18 the entry is gone
    (Status.HIT,     Trigger.FOUND_DOUBT):   Status.REVIEW,  # S18 the entry names another person
    (Status.HIT,     Trigger.FOUND_HIT):     Status.HIT,
    (Status.REVIEW,  Trigger.CLEARED):       Status.CLEAR,   # S17 by a person alone
    (Status.REVIEW,  Trigger.CONFIRMED):     Status.HIT,     # S17 by a person alone
    (Status.HIT,     Trigger.CLEARED):       Status.CLEAR,   # S17 the provisional block is lifted
    (Status.HIT,     Trigger.CONFIRMED):     Status.HIT,     # S17 it is provisional no more
    (Status.CLEAR,   Trigger.CONFIRMED):     Status.HIT,     # a clearing is taken back
}

REASONS = {
    Ruling.CLEAR:   (Reason.ANOTHER_PERSON, Reason.NAME_ONLY_RESEMBLES),
    Ruling.CONFIRM: (Reason.SAME_PERSON, Reason.CANNOT_BE_RULED_OUT),
}
TRIGGER_OF = {Ruling.CLEAR: Trigger.CLEARED, Ruling.CONFIRM: Trigger.CONFIRMED}
# fmt: on


@dataclass(frozen=True)
class Found:
    """A listed person whom the compared name may mean, in the list's own words."""

    list_id: str
    entry_id: str
    entry_fingerprint: str
    matched_name: str
    score: float
    outcome: Outcome
    explanation: str

    @property
    def key(self) -> EntryKey:
        """The entry as it stands."""
        return self.list_id, self.entry_id, self.entry_fingerprint


NOT_COMPARABLE = Found(
    list_id="none",
    entry_id="none",
    entry_fingerprint="",
    matched_name="",
    score=0.0,
    outcome="review",
    explanation="The name holds no letter that could be compared with any list.",
)
"""Stands for a name that no list can be searched for: a person decides about it as about others."""


def found_in(match: Match, fingerprint_of: Callable[[str, str], str]) -> list[Found]:
    """What a comparison found, with the fingerprint of every entry; nothing when it is clear."""
    if match.outcome != "clear" and not match.candidates:
        return [NOT_COMPARABLE]
    return [
        Found(
            list_id=each.list_id,
            entry_id=each.entry_id,
            entry_fingerprint=fingerprint_of(each.list_id, each.entry_id),
            matched_name=each.matched_name,
            score=each.score,
            outcome=each.outcome,
            explanation=each.explanation,
        )
        for each in match.candidates
    ]


def judge(found: Iterable[Found], decided: Mapping[EntryKey, Ruling]) -> tuple[Trigger, float]:
    """What all that was found comes to, and the highest score that is still open.

    decided: what a person ruled about this very name and these very entries: a clearing takes the
    entry out, a confirmation makes it a hit, and another entry, or another name, is open again.
    Source: S17 (a hit blocks, a doubt is decided by a person).
    """
    trigger, score = Trigger.FOUND_NOTHING, 0.0
    for each in found:
        ruling = decided.get(each.key)
        if ruling is Ruling.CLEAR:
            continue
        score = max(score, each.score)
        if each.outcome == "hit" or ruling is Ruling.CONFIRM:
            trigger = Trigger.FOUND_HIT
        elif trigger is Trigger.FOUND_NOTHING:
            trigger = Trigger.FOUND_DOUBT
    return trigger, score


def require_another(decider: UUID, account_id: UUID) -> None:
    """Raise OwnScreening when somebody would decide about their own name."""
    if decider == account_id:
        raise OwnScreening("Ask a colleague of compliance.")


def require_fitting_reason(ruling: Ruling, reason: Reason) -> None:
    """Raise Invalid for a reason that speaks for the opposite."""
    if reason not in REASONS[ruling]:
        fitting = " or ".join(REASONS[ruling])
        raise Invalid("The reason does not fit.", {"/reason": f"Must be {fitting}."})


FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that came to nothing: twice as long each time."""
    return min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)


@dataclass(frozen=True)
class ListSize:
    """What tells a complete list from a damaged one."""

    entries: int
    people: int
    published_on: date | None


def why_refused(arrived: ListSize, in_force: ListSize | None, *, allow_shrink: bool) -> str | None:
    """Why a version of a list must not come into force; None when it may.

    A list that names nobody clears everybody, always. One that is older than the version in force
    or lacks more than a tenth of it is a mistake unless the operator says otherwise.
    Source: S18 (lists are regularly updated).
    """
    if not arrived.people:
        return "it names no person"
    if in_force is None or allow_shrink:
        return None
    for what in ("entries", "people"):
        had, has = getattr(in_force, what), getattr(arrived, what)
        if has * 10 < had * 9:
            return f"it holds {has} {what} of {had} in force: more than a tenth is missing"
    dates = arrived.published_on, in_force.published_on
    if dates[0] and dates[1] and dates[0] < dates[1]:
        return f"it is of {dates[0]}, older than the version in force of {dates[1]}"
    return None
