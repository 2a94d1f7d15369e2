"""What is kept of bookings, why and how long; one person's erasure."""

from __future__ import annotations

import sqlalchemy as sa

from common.clock import now
from common.privacy import rulesets
from common.privacy.erasure import PERSON, Erasure
from common.privacy.grounds import Ground
from common.privacy.records import Records
from common.privacy.retention import Rule, Start, kept_until
from common.texts import Text
from training.models import Booking, Participant, TrainingSession
from training.rules import BookingState
from training.seats import cancel_bookings, lock_open_bookings

RULES = (
    Rule(
        record_class="participants",
        period="P3Y",
        start=Start.END_OF_PROCESS,
        source="S81",
        reason="Who was trained on which machine can be asked until claims are barred (section 195 "
        "of the German Civil Code: three years).",
    ),
    Rule(
        record_class="participants-of-cancelled",
        period="P30D",
        start=Start.END_OF_PROCESS,
        source="S81",
        reason="Questions about the cancellation; nobody was trained.",
    ),
    Rule(
        record_class="booking",
        period=None,
        start=Start.END_OF_PROCESS,
        source="S79",
        reason="Seats of a training; who booked is an id, which names nobody once it is erased.",
    ),
)

_BOOKED = sa.join(Participant, Booking, Booking.id == Participant.booking_id).join(
    TrainingSession, TrainingSession.id == Booking.session_id
)

RECORDS = (
    Records(
        record_class="participants",
        model=Participant,
        source=_BOOKED,
        where=(Booking.state == BookingState.CONFIRMED,),
        process_ended_at=TrainingSession.ends_at,
    ),
    Records(
        record_class="participants-of-cancelled",
        model=Participant,
        source=_BOOKED,
        where=(Booking.state == BookingState.CANCELLED,),
        process_ended_at=Booking.cancelled_at,
    ),
)

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


def erase(person: Erasure) -> None:
    """Erase one person: nothing open is left, the booker becomes a pseudonym nobody can resolve.

    Participants were entered for the training, whoever booked it, and are kept under their own
    rule; whether one of them is this person cannot be known here. Source: S26, S79, S81.
    """
    session = person.session
    own = Booking.account_id == person.account_id
    cancel_bookings(session, lock_open_bookings(session, own))
    session.flush()
    facts = [records.read(row).facts for records, theirs in _TRAINED for row in person.read(theirs)]
    person.keep(Booking, _THEIRS, reason=Ground.PSEUDONYM)
    person.keep(
        Participant,
        _THEIR_PARTICIPANTS,
        reason=Ground.ENDED_PROCESS,
        until=kept_until(facts, rulesets.in_force(session), now(session)),
    )


_THEIRS = Booking.account_id == PERSON
_THEIR_PARTICIPANTS = Participant.booking_id.in_(sa.select(Booking.id).where(_THEIRS))
_TRAINED = [(each, each.statement(*each.columns).where(_THEIRS)) for each in RECORDS]
