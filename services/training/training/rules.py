"""Who may do what, which steps a booking and a session have, and when it is too late."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from common.refusals import Conflict, Invalid
from common.texts import Text
from common.web import Reach, may, may_change

MOST_PARTICIPANTS = 20
MOST_SEATS = 1_000
LONGEST = timedelta(days=31)
FURTHEST = timedelta(days=5 * 366)

POLICY = {
    "session.list": may(
        member=Reach.EVERYWHERE, user_manager=Reach.EVERYWHERE, trainer=Reach.EVERYWHERE
    ),
    "session.read": may(
        member=Reach.EVERYWHERE, user_manager=Reach.EVERYWHERE, trainer=Reach.EVERYWHERE
    ),
    "session.plan": may(trainer=Reach.EVERYWHERE),
    "session.cancel": may_change(trainer=Reach.EVERYWHERE),
    "booking.book": may(member=Reach.OWN, user_manager=Reach.OWN),
    "booking.list": may(
        member=Reach.ORGANISATION, user_manager=Reach.ORGANISATION, trainer=Reach.EVERYWHERE
    ),
    "booking.read": may(
        member=Reach.ORGANISATION, user_manager=Reach.ORGANISATION, trainer=Reach.EVERYWHERE
    ),
    "booking.cancel": may_change(
        member=Reach.OWN, user_manager=Reach.ORGANISATION, trainer=Reach.EVERYWHERE
    ),
    "booking.correct": may_change(
        member=Reach.OWN, user_manager=Reach.ORGANISATION, trainer=Reach.EVERYWHERE
    ),
}


class SeatsTaken(Conflict):
    """Fewer seats are free than were asked for."""

    title = Text(
        "There are not enough free seats",
        "Er zijn niet genoeg vrije plaatsen",
        "Es sind nicht genügend Plätze frei",
    )


class SessionOver(Conflict):
    """The training has begun or was cancelled; its seats are not given and not taken back."""

    title = Text(
        "This training has begun or was cancelled",
        "Deze training is begonnen of geannuleerd",
        "Diese Schulung hat begonnen oder wurde abgesagt",
    )


class SessionState(StrEnum):
    """Whether a session takes place."""

    PLANNED = "planned"
    CANCELLED = "cancelled"


class BookingState(StrEnum):
    """Whether seats are taken."""

    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What can be done to a session or a booking."""

    CANCEL = "cancel"


# fmt: off
SESSION_STEPS = {
    (SessionState.PLANNED,   Step.CANCEL): SessionState.CANCELLED,  # S79
}
BOOKING_STEPS = {
    (BookingState.CONFIRMED, Step.CANCEL): BookingState.CANCELLED,  # S79, S80
}
# fmt: on


def require_open(state: SessionState, starts_at: datetime, at: datetime) -> None:
    """Raise SessionOver unless the session is planned and has yet to begin."""
    if state is not SessionState.PLANNED:
        raise SessionOver("The training was cancelled.")
    require_to_come(starts_at, at)


def require_to_come(starts_at: datetime, at: datetime) -> None:
    """Raise SessionOver once a session has begun."""
    if starts_at <= at:
        raise SessionOver("The training has begun.")


def require_sensible_times(starts_at: datetime, ends_at: datetime, at: datetime) -> None:
    """Raise Invalid, naming the field, unless a session can be planned at these times."""
    if not at < starts_at <= at + FURTHEST:
        raise Invalid(
            "The times do not fit.", {"/starts_at": "Must lie within the next five years."}
        )
    if not starts_at < ends_at <= starts_at + LONGEST:
        raise Invalid(
            "The times do not fit.", {"/ends_at": "Must be after the start, at most 31 days later."}
        )
