"""States of an account: one table of (state, trigger, footing), next state and event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from common.events.catalogue import (
    AccountActivated,
    AccountBlocked,
    AccountDeactivated,
    AccountErased,
    AccountReactivated,
    AccountRefused,
    AccountRegistered,
    AccountUnblocked,
    Verdict,
)
from common.refusals import IllegalTransition
from common.web.standing import Standing


class State(StrEnum):
    """Where an account stands."""

    REGISTERED = "registered"
    SCREENING = "screening"
    AWAITING_APPROVAL = "awaiting_approval"
    ACTIVE = "active"
    BLOCKED = "blocked"
    REFUSED = "refused"
    DEACTIVATED = "deactivated"
    ERASING = "erasing"
    ERASED = "erased"


class Trigger(StrEnum):
    """What can happen to an account."""

    CONFIRM = "confirm"
    CLEAR = "clear"
    REVIEW = "review"
    HIT = "hit"
    APPROVE = "approve"
    REFUSE = "refuse"
    BLOCK = "block"
    UNBLOCK = "unblock"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    ERASE = "erase"
    ERASE_AGAIN = "erase_again"
    COMPLETE = "complete"


class Screening(StrEnum):
    """Identity's copy of the check's outcome; no detail of it is known here (S19, S34)."""

    PENDING = "pending"
    CLEAR = "clear"
    BLOCKED = "blocked"


class RefusalReason(StrEnum):
    """Why a registration is turned down."""

    UNKNOWN_COMPANY = "unknown_company"
    NOT_AN_EMPLOYEE = "not_an_employee"
    DUPLICATE = "duplicate"
    IMPLAUSIBLE = "implausible"
    OTHER = "other"


class BlockReason(StrEnum):
    """Why staff block an account."""

    MISUSE = "misuse"
    SECURITY = "security"
    COMPLIANCE = "compliance"
    AT_REQUEST = "at_request"
    OTHER = "other"


@dataclass(frozen=True)
class Grounds:
    """What decides, beside the state, where an account can go."""

    screening: Screening = Screening.PENDING
    approved: bool = False
    blocked_by_staff: bool = False


class Footing(StrEnum):
    """What the grounds come to: what is first in the way of an account, if anything."""

    HELD = "held"
    UNSCREENED = "unscreened"
    UNAPPROVED = "unapproved"
    RELEASED = "released"


@dataclass(frozen=True)
class Step:
    """What follows from a trigger. event: the class to publish. ends_tokens: a new epoch begins."""

    state: State
    grounds: Grounds
    event: type | None
    ends_tokens: bool


_S, _T, _F = State, Trigger, Footing
# fmt: off
TRANSITIONS: dict[State, dict[tuple[Trigger, Footing | None], tuple[State, type | None]]] = {
    # trigger, footing after it (None: any)  next state, event
    _S.REGISTERED: {
        (_T.CONFIRM, None):             (_S.SCREENING, AccountRegistered),    # S4, S14
        (_T.ERASE, None):               (_S.ERASING, None),                   # never confirmed
        (_T.ERASE_AGAIN, None):         (_S.ERASING, None),                   # after a restore
    },
    _S.SCREENING: {
        (_T.CLEAR, _F.UNAPPROVED):      (_S.AWAITING_APPROVAL, None),         # S14
        (_T.CLEAR, _F.RELEASED):        (_S.ACTIVE, AccountActivated),        # appointed staff
        (_T.REVIEW, None):              (_S.SCREENING, None),                 # reading 13
        (_T.HIT, None):                 (_S.BLOCKED, AccountBlocked),         # S17
        (_T.BLOCK, None):               (_S.BLOCKED, AccountBlocked),
        (_T.REFUSE, None):              (_S.REFUSED, AccountRefused),         # S51
        (_T.DEACTIVATE, None):          (_S.DEACTIVATED, AccountDeactivated),
        (_T.ERASE_AGAIN, None):         (_S.ERASING, None),                   # after a restore
    },
    _S.AWAITING_APPROVAL: {
        (_T.CLEAR, None):               (_S.AWAITING_APPROVAL, None),         # S18
        (_T.REVIEW, None):              (_S.SCREENING, None),                 # reading 13
        (_T.HIT, None):                 (_S.BLOCKED, AccountBlocked),         # S17
        (_T.APPROVE, _F.RELEASED):      (_S.ACTIVE, AccountActivated),        # S7, S51
        (_T.BLOCK, None):               (_S.BLOCKED, AccountBlocked),
        (_T.REFUSE, None):              (_S.REFUSED, AccountRefused),         # S51
        (_T.DEACTIVATE, None):          (_S.DEACTIVATED, AccountDeactivated),
        (_T.ERASE_AGAIN, None):         (_S.ERASING, None),                   # after a restore
    },
    _S.ACTIVE: {
        (_T.CLEAR, None):               (_S.ACTIVE, None),                    # S18
        (_T.REVIEW, None):              (_S.ACTIVE, None),                    # reading 13
        (_T.HIT, None):                 (_S.BLOCKED, AccountBlocked),         # S17, S18
        (_T.BLOCK, None):               (_S.BLOCKED, AccountBlocked),
        (_T.DEACTIVATE, None):          (_S.DEACTIVATED, AccountDeactivated), # S26
        (_T.ERASE_AGAIN, None):         (_S.ERASING, None),                   # after a restore
    },
    _S.BLOCKED: {
        (_T.CLEAR, _F.HELD):            (_S.BLOCKED, None),                   # staff's stands
        (_T.CLEAR, _F.UNAPPROVED):      (_S.AWAITING_APPROVAL, None),
        (_T.CLEAR, _F.RELEASED):        (_S.ACTIVE, AccountUnblocked),        # S17 after review
        (_T.REVIEW, None):              (_S.BLOCKED, None),
        (_T.HIT, None):                 (_S.BLOCKED, None),
        (_T.BLOCK, None):               (_S.BLOCKED, None),                   # one ground more
        (_T.UNBLOCK, _F.HELD):          (_S.BLOCKED, None),                   # screening's stands
        (_T.UNBLOCK, _F.UNSCREENED):    (_S.SCREENING, None),
        (_T.UNBLOCK, _F.UNAPPROVED):    (_S.AWAITING_APPROVAL, None),
        (_T.UNBLOCK, _F.RELEASED):      (_S.ACTIVE, AccountUnblocked),
        (_T.REFUSE, None):              (_S.REFUSED, AccountRefused),         # S51
        (_T.DEACTIVATE, None):          (_S.DEACTIVATED, AccountDeactivated), # S26
        (_T.ERASE_AGAIN, None):         (_S.ERASING, None),                   # after a restore
    },
    _S.REFUSED: {
        (_T.CLEAR, None):               (_S.REFUSED, None),                   # the status alone
        (_T.REVIEW, None):              (_S.REFUSED, None),
        (_T.HIT, None):                 (_S.REFUSED, None),
        (_T.ERASE, None):               (_S.ERASING, None),                   # S51
        (_T.ERASE_AGAIN, None):         (_S.ERASING, None),                   # after a restore
    },
    _S.DEACTIVATED: {
        (_T.CLEAR, None):               (_S.DEACTIVATED, None),               # S18 the status
        (_T.REVIEW, None):              (_S.DEACTIVATED, None),
        (_T.HIT, None):                 (_S.DEACTIVATED, None),
        (_T.REACTIVATE, _F.HELD):       (_S.BLOCKED, AccountBlocked),
        (_T.REACTIVATE, _F.UNSCREENED): (_S.SCREENING, None),
        (_T.REACTIVATE, _F.UNAPPROVED): (_S.AWAITING_APPROVAL, None),
        (_T.REACTIVATE, _F.RELEASED):   (_S.ACTIVE, AccountReactivated),      # S26
        (_T.ERASE, None):               (_S.ERASING, None),                   # S26
        (_T.ERASE_AGAIN, None):         (_S.ERASING, None),                   # after a restore
    },
    _S.ERASING: {
        (_T.CLEAR, None):               (_S.ERASING, None),                   # late, nothing left
        (_T.REVIEW, None):              (_S.ERASING, None),
        (_T.HIT, None):                 (_S.ERASING, None),
        (_T.COMPLETE, None):            (_S.ERASED, AccountErased),           # S26
    },
    _S.ERASED: {
        (_T.CLEAR, None):               (_S.ERASED, None),                    # late, nothing left
        (_T.REVIEW, None):              (_S.ERASED, None),
        (_T.HIT, None):                 (_S.ERASED, None),
    },
}
STANDING = {
    State.REGISTERED:        Standing.PENDING,
    State.SCREENING:         Standing.PENDING,
    State.AWAITING_APPROVAL: Standing.PENDING,
    State.ACTIVE:            Standing.ACTIVE,
    State.BLOCKED:           Standing.BLOCKED,
    State.REFUSED:           Standing.REFUSED,
    State.DEACTIVATED:       Standing.DEACTIVATED,
    State.ERASING:           Standing.ERASED,
    State.ERASED:            Standing.ERASED,
}
# fmt: on
TRIGGER_OF = {
    Verdict.CLEAR: Trigger.CLEAR,
    Verdict.REVIEW: Trigger.REVIEW,
    Verdict.HIT: Trigger.HIT,
}
HIDDEN = frozenset({State.ERASING, State.ERASED})
"""Accounts that nobody is shown any more."""
CLOSABLE = frozenset({State.SCREENING, State.AWAITING_APPROVAL, State.ACTIVE, State.BLOCKED})
"""Accounts that end with their organisation's relation."""
SCREENED = CLOSABLE | {State.DEACTIVATED}
"""Accounts that are compared with every new list (S14, S18)."""
_POWERLESS = frozenset({State.BLOCKED, State.REFUSED, State.DEACTIVATED, State.ERASING})


def step(state: State, trigger: Trigger, grounds: Grounds) -> Step:
    """What follows from a trigger; raises IllegalTransition when the table has no such row.

    grounds: as they are before. A verdict changes the screening status in every state but those
    of an erased person.
    """
    if trigger is Trigger.REFUSE and grounds.approved:
        raise IllegalTransition("An approved account can be deactivated, not refused.")
    if trigger is Trigger.BLOCK and grounds.blocked_by_staff:
        raise IllegalTransition("Staff have blocked it already.")
    if trigger is Trigger.UNBLOCK and not grounds.blocked_by_staff:
        raise IllegalTransition("No block by staff stands.")
    after = grounds if state in HIDDEN else _grounds_after(grounds, trigger)
    rows = TRANSITIONS[state]
    row = rows.get((trigger, footing(after))) or rows.get((trigger, None))
    if row is None:
        raise IllegalTransition(f"{state.value} has no step for {trigger.value}.")
    to, event = row
    moved = to is not state
    return Step(to, after, event, moved and (to in _POWERLESS or state is State.BLOCKED))


def footing(grounds: Grounds) -> Footing:
    """What is first in the way of an account; RELEASED when nothing is."""
    if grounds.blocked_by_staff or grounds.screening is Screening.BLOCKED:
        return Footing.HELD
    if grounds.screening is Screening.PENDING:
        return Footing.UNSCREENED
    return Footing.RELEASED if grounds.approved else Footing.UNAPPROVED


def _grounds_after(grounds: Grounds, trigger: Trigger) -> Grounds:
    changes: dict[Trigger, Callable[[], Grounds]] = {
        Trigger.CLEAR: lambda: replace(grounds, screening=Screening.CLEAR),
        Trigger.HIT: lambda: replace(grounds, screening=Screening.BLOCKED),
        Trigger.REVIEW: lambda: replace(grounds, screening=_held_back(grounds)),
        Trigger.APPROVE: lambda: replace(grounds, approved=True),
        Trigger.BLOCK: lambda: replace(grounds, blocked_by_staff=True),
        Trigger.UNBLOCK: lambda: replace(grounds, blocked_by_staff=False),
    }
    return changes[trigger]() if trigger in changes else grounds


def _held_back(grounds: Grounds) -> Screening:
    """A vague candidate holds an unreleased account; a released one is reviewed as it is."""
    if grounds.screening is Screening.CLEAR and not grounds.approved:
        return Screening.PENDING
    return grounds.screening


def shown_state(state: State, blocked_by_staff: bool) -> State:
    """What is told of an account's state: whom screening alone holds back is in screening.

    What screening found is for compliance, at screening; to everybody else it is under review.
    Source: S17, S34.
    """
    return State.SCREENING if state is State.BLOCKED and not blocked_by_staff else state


def may_sign_in(state: State, screening: Screening, relation_ended: bool) -> bool:
    """Whether a person with the right password gets in (S31, S32, S34)."""
    return state is State.ACTIVE and screening is Screening.CLEAR and not relation_ended
