"""What is kept of bookings, why and how long; one person's erasure; the daily sweep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from common.clock import duration, now
from common.jobs import job
from common.privacy.erasure import Erasure
from common.texts import Text
from training.models import Booking, Participant, TrainingSession
from training.rules import BookingState
from training.seats import cancel_bookings, lock_open_bookings

BATCH = 500


@dataclass(frozen=True)
class Rule:
    """How long participants are kept, counted from an event; a row of data, with its reason."""

    period: str
    starts_at: Any
    state: BookingState
    reason: str


RULES = {
    "participants": Rule(
        period="P3Y",
        starts_at=TrainingSession.ends_at,
        state=BookingState.CONFIRMED,
        reason="who was trained on which machine can be asked until claims are barred "
        "(section 195 of the German Civil Code: three years)",
    ),
    "participants_of_cancelled_bookings": Rule(
        period="P30D",
        starts_at=Booking.cancelled_at,
        state=BookingState.CANCELLED,
        reason="questions about the cancellation; nobody was trained",
    ),
}

KEPT = {
    "participants": Text(
        "3 years from the end of the training, or 30 days from the cancellation of the booking.",
        "3 jaar vanaf het einde van de training, of 30 dagen vanaf de annulering van de boeking.",
        "3 Jahre ab dem Ende der Schulung oder 30 Tage ab der Stornierung der Buchung.",
    ),
    "booking": Text(
        "The booking stays; who made it cannot be told any more once their account is erased.",
        "De boeking blijft; van wie ze is, is niet meer na te gaan zodra het account is gewist.",
        "Die Buchung bleibt; von wem sie ist, ist nicht mehr festzustellen, sobald das Konto "
        "gelöscht ist.",
    ),
}
"""What people are told about how long their entries are kept (S81)."""


def kept_until(rule: Rule, start: datetime) -> datetime:
    """First instant at which a participant is not kept any more."""
    until: datetime = start + duration(rule.period)
    return until


def erase(person: Erasure) -> None:
    """Erase one person: nothing open is left, the booker becomes a pseudonym nobody can resolve.

    Participants were entered for the training, whoever booked it, and are kept under their own
    rule; whether one of them is this person cannot be known here. Source: S26, S79, S81.
    """
    session = person.session
    own = Booking.account_id == person.account_id
    cancel_bookings(session, lock_open_bookings(session, own))
    session.flush()
    starts = [
        (rule, session.scalar(_participants(rule, sa.func.max(rule.starts_at)).where(own)))
        for rule in RULES.values()
    ]
    until = max((kept_until(rule, start) for rule, start in starts if start), default=None)
    person.keep(Booking, own, reason="pseudonym")
    person.keep(
        Participant,
        Participant.booking_id.in_(sa.select(Booking.id).where(own)),
        reason="end-of-process",
        until=until.date() if until else None,
    )


@job(every="P1D")
def erase_past_participants(runtime: Any) -> int:
    """Erase participants whose time is over, a batch in each transaction; return how many.

    Source: S81, 5(1)(e).
    """
    erased = 0
    for rule in RULES.values():
        while done := _erase_batch(runtime, rule):
            erased += done
    return erased


def _erase_batch(runtime: Any, rule: Rule) -> int:
    """Erase what is due by the rule itself; the query's cut-off may be off at a month's end."""
    with runtime.transaction() as session:
        at = now(session)
        nearly = at - duration(rule.period) + duration("P3D")
        oldest = (
            _participants(rule, Participant.id, rule.starts_at)
            .where(rule.starts_at <= nearly)
            .order_by(rule.starts_at, Participant.id)
            .limit(BATCH)
            .with_for_update(of=Participant, skip_locked=True)
        )
        due = [key for key, start in session.execute(oldest) if kept_until(rule, start) <= at]
        session.execute(sa.delete(Participant).where(Participant.id.in_(due)))
    return len(due)


def _participants(rule: Rule, *columns: Any) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .select_from(Participant)
        .join(Booking, Booking.id == Participant.booking_id)
        .join(TrainingSession, TrainingSession.id == Booking.session_id)
        .where(Booking.state == rule.state)
    )
