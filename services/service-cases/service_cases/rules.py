"""Rules of service-cases: who may do what, how a case moves, how long it is kept."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.events.catalogue import CaseClosed, CaseState, CaseStateChanged
from common.refusals import Conflict, next_state
from common.texts import Text
from common.web import Reach, may, may_change


class Trigger(StrEnum):
    """What moves a case on."""

    TAKE = "take"
    ASK_CUSTOMER = "ask_customer"
    ANSWER = "answer"
    SOLVE = "solve"
    REOPEN = "reopen"
    CLOSE = "close"


class Side(StrEnum):
    """Who is talking in a case."""

    CUSTOMER = "customer"
    SUPPORT = "support"


# fmt: off
_CUSTOMER = {"member": Reach.ORGANISATION, "user_manager": Reach.ORGANISATION}  # S62
_SUPPORT = {"support": Reach.EVERYWHERE}                                        # S58, S61
POLICY = {
    "machine.list":      may(**_CUSTOMER, **_SUPPORT),
    "machine.register":  may(**_SUPPORT),
    "case.report":       may(**_CUSTOMER),  # S57
    "case.list":         may(**_CUSTOMER, **_SUPPORT),
    "case.read":         may(**_CUSTOMER, **_SUPPORT),
    "case.write":        may(**_CUSTOMER, **_SUPPORT),
    "case.correct":     may_change(**_CUSTOMER, **_SUPPORT),  # art. 16
    "case.take":         may_change(**_SUPPORT),
    "case.ask_customer": may_change(**_SUPPORT),
    "case.answer":       may_change(**_CUSTOMER, **_SUPPORT),  # or by telephone
    "case.solve":        may_change(**_SUPPORT),
    "case.reopen":       may_change(**_CUSTOMER, **_SUPPORT),
    "case.close":        may_change(**_CUSTOMER, **_SUPPORT),
}

TRANSITIONS = {
    (CaseState.REPORTED,             Trigger.TAKE):         CaseState.IN_PROGRESS,
    (CaseState.REPORTED,             Trigger.CLOSE):        CaseState.CLOSED,  # withdrawn
    (CaseState.IN_PROGRESS,          Trigger.ASK_CUSTOMER): CaseState.WAITING_FOR_CUSTOMER,
    (CaseState.IN_PROGRESS,          Trigger.SOLVE):        CaseState.SOLVED,
    (CaseState.IN_PROGRESS,          Trigger.CLOSE):        CaseState.CLOSED,
    (CaseState.WAITING_FOR_CUSTOMER, Trigger.ANSWER):       CaseState.IN_PROGRESS,
    (CaseState.WAITING_FOR_CUSTOMER, Trigger.SOLVE):        CaseState.SOLVED,
    (CaseState.WAITING_FOR_CUSTOMER, Trigger.CLOSE):        CaseState.CLOSED,
    (CaseState.SOLVED,               Trigger.REOPEN):       CaseState.IN_PROGRESS,
    (CaseState.SOLVED,               Trigger.CLOSE):        CaseState.CLOSED,  # S64
}
# fmt: on


class CaseIsClosed(Conflict):
    """A closed case takes no message: its retention has begun."""

    title = Text(
        "This case is closed", "Deze servicecase is gesloten", "Dieser Servicefall ist geschlossen"
    )


class RelationEnded(Conflict):
    """The customer's relation ended; its machines take no new case."""

    title = Text(
        "The business relationship has ended",
        "De zakelijke relatie is beëindigd",
        "Die Geschäftsbeziehung ist beendet",
    )


class SerialNumberTaken(Conflict):
    """A machine with this serial number is registered."""

    title = Text(
        "This serial number is already registered",
        "Dit serienummer is al geregistreerd",
        "Diese Seriennummer ist bereits registriert",
    )


def refuse_after_the_end(relation_ended_at: datetime | None) -> None:
    """Raise RelationEnded for a machine of a customer who is one no more."""
    if relation_ended_at is not None:
        raise RelationEnded("The machine takes no new case.")


def side_of(organisation_id: UUID | None, of_the_case: UUID) -> Side:
    """Side on which somebody of this organisation writes in a case."""
    return Side.CUSTOMER if organisation_id == of_the_case else Side.SUPPORT


def after_message(state: CaseState, side: Side) -> CaseState:
    """State after somebody wrote: a customer's answer takes a waiting case up again.

    Raises CaseIsClosed. Source: S58.
    """
    if state is CaseState.CLOSED:
        raise CaseIsClosed("Report a new case.")
    if side is Side.CUSTOMER and state is CaseState.WAITING_FOR_CUSTOMER:
        return next_state(TRANSITIONS, state, Trigger.ANSWER)
    return state


def moved(case_id: UUID, organisation_id: UUID, state: CaseState) -> tuple[Any, ...]:
    """Events that tell of a case's new state; closing is told twice, for those who wait for it."""
    about: dict[str, Any] = {"case_id": case_id, "organisation_id": organisation_id}
    changed = CaseStateChanged(**about, state=state)
    return (changed, CaseClosed(**about)) if state is CaseState.CLOSED else (changed,)
