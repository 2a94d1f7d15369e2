"""HTTP: sessions for everybody to see, bookings within the organisation, both for trainers."""

from __future__ import annotations

from sqlalchemy.orm.attributes import flag_modified

from common.clock import now
from common.events.catalogue import BookingConfirmed
from common.messaging import publish
from common.privacy.audit import audit
from common.refusals import NotFound, next_state
from common.web import (
    Blueprint,
    Page,
    authorise,
    idempotent,
    page,
    reader_language,
    reading,
    transaction,
)
from common.web.forms import FormView, described
from training import queries, schemas, seats
from training.models import Booking, Participant, TrainingSession
from training.retention import KEPT
from training.rules import SESSION_STEPS, Step, require_sensible_times, require_to_come

bp = Blueprint("training", __name__)


@bp.get("/sessions")
@bp.arguments(Page, location="query")
@bp.response(200, schemas.SessionView(many=True))
def list_sessions(asked):
    """List the trainings to come (S79)."""
    with reading() as session:
        authorise(session, "session.list")
        rows = queries.upcoming_sessions(session)
        found, headers = page(session, rows, TrainingSession.id, asked)
    return found, 200, headers


@bp.get("/sessions/<uuid:session_id>")
@bp.response(200, schemas.SessionView)
def read_session(session_id):
    """Show a training."""
    with reading() as session:
        return authorise(session, "session.read", TrainingSession, session_id)


@bp.post("/sessions")
@idempotent
@bp.arguments(schemas.NewSession)
@bp.response(201, schemas.SessionView)
def plan_session(body):
    """Plan a training with a limited number of seats."""
    with transaction() as session:
        authorise(session, "session.plan")
        require_sensible_times(body["starts_at"], body["ends_at"], now(session))
        training = TrainingSession(**body)
        session.add(training)
        session.flush()
    return training


@bp.post("/sessions/<uuid:session_id>/cancellation")
@bp.response(200, schemas.SessionView)
def cancel_session(session_id):
    """Cancel a training with all its bookings."""
    with transaction() as session:
        authorise(session, "session.cancel")
        training = authorise(session, "session.cancel", TrainingSession, session_id)
        training.state = next_state(SESSION_STEPS, training.state, Step.CANCEL)
        require_to_come(training.starts_at, now(session))
        theirs = Booking.session_id == training.id
        seats.cancel_bookings(session, seats.lock_open_bookings(session, theirs))
        session.flush()
        session.refresh(training, ["seats_taken"])
    return training


@bp.get("/bookings/schema")
@bp.response(200, FormView)
def read_booking_form():
    """Name the fields of a booking: required or not, what for, how long kept (S5, S81)."""
    language = reader_language()
    form = {"fields_": described(schemas.NewBooking(), KEPT, language)}
    return form, 200, {"Content-Language": language}


@bp.post("/bookings")
@idempotent
@bp.arguments(schemas.NewBooking)
@bp.response(201, schemas.BookingView)
def book(body):
    """Take seats of a training for named participants (S79, S80, S81)."""
    participants = body["participants"]
    with transaction() as session:
        person = authorise(session, "booking.book")
        seats.take_seats(session, body["session_id"], len(participants))
        seats.require_active(session, person.account_id)
        whose = {"organisation_id": person.organisation_id}
        booking = Booking(
            session_id=body["session_id"],
            account_id=person.account_id,
            seats=len(participants),
            booked_at=now(session),
            participants=[Participant(**each, **whose) for each in participants],
            **whose,
        )
        session.add(booking)
        session.flush()
        confirmed = BookingConfirmed(
            booking_id=booking.id,
            session_id=booking.session_id,
            seats=booking.seats,
            account_id=booking.account_id,
            **whose,
        )
        publish(session, confirmed)
    return booking


@bp.get("/bookings")
@bp.arguments(schemas.BookingsAsked, location="query")
@bp.response(200, schemas.BookingView(many=True))
def list_bookings(asked):
    """List the organisation's bookings; a trainer sees everybody's (S12, S50)."""
    with reading() as session:
        person = authorise(session, "booking.list")
        rows = queries.bookings_seen_by(person, asked["session_id"])
        found, headers = page(session, rows, Booking.id, asked)
    return found, 200, headers


@bp.get("/bookings/<uuid:booking_id>")
@bp.response(200, schemas.BookingView)
def read_booking(booking_id):
    """Show a booking with its participants."""
    with reading() as session:
        return authorise(session, "booking.read", Booking, booking_id)


@bp.post("/bookings/<uuid:booking_id>/cancellation")
@bp.response(200, schemas.BookingView)
def cancel_booking(booking_id):
    """Give the seats of a booking back while the training has yet to begin (S79)."""
    with transaction() as session:
        seats.lock_session_of(session, booking_id)
        booking = authorise(session, "booking.cancel", Booking, booking_id)
        training = session.get_one(TrainingSession, booking.session_id)
        require_to_come(training.starts_at, now(session))
        seats.cancel_bookings(session, [booking])
    return booking


@bp.put("/bookings/<uuid:booking_id>/participants/<uuid:participant_id>")
@bp.arguments(schemas.NewParticipant)
@bp.response(200, schemas.BookingView)
def correct_participant(body, booking_id, participant_id):
    """Correct a participant's name, address or language; they need no account (S81, art. 16)."""
    with transaction() as session:
        booking = authorise(session, "booking.correct", Booking, booking_id)
        participant = session.get(Participant, participant_id)
        if participant is None or participant.booking_id != booking.id:
            raise NotFound()
        for name, value in body.items():
            setattr(participant, name, value)
        flag_modified(booking, "state")  # so that the booking has another version
        audit(session, "booking.correct", booking.id)
        session.flush()
    return booking
