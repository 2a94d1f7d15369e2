"""What is sent and answered; the fields of a booking say what they are for and how long kept."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.texts import Text
from common.web import Page
from common.web.forms import asked
from common.web.schemas import Answer, Count, Email, Instant, Language, Line, Request
from training.models import Booking, Participant
from training.rules import MOST_PARTICIPANTS, MOST_SEATS, BookingState, SessionState


class InThreeLanguages(Request):
    """A text people read."""

    en = Line(200, required=True)
    nl = Line(200, required=True)
    de = Line(200, required=True)

    @ma.post_load
    def _as_text(self, texts: dict[str, str], **_: Any) -> Text:
        return Text(**texts)


class NewSession(Request):
    """A training to be planned."""

    title = fields.Nested(InThreeLanguages, required=True)
    place = Line(200, required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    capacity = Count(1, MOST_SEATS, required=True)


class SessionView(Answer):
    """A training as everybody sees it."""

    id = fields.UUID(required=True)
    title = fields.Nested(InThreeLanguages, required=True)
    place = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    capacity = fields.Integer(required=True)
    seats_free = fields.Integer(required=True)
    state = fields.Enum(SessionState, by_value=fields.String, required=True)
    version = fields.Integer(required=True)


class NewParticipant(Request):
    """Somebody for whom a seat is booked; everything is needed to prepare and invite (S81)."""

    name = Line(200, required=True, metadata=asked(Participant.name, Text("Name", "Naam", "Name")))
    email = Email(
        required=True,
        metadata=asked(Participant.email, Text("E-mail address", "E-mailadres", "E-Mail-Adresse")),
    )
    language = Language(
        required=True,
        metadata=asked(
            Participant.language,
            Text(
                "Language of the training papers", "Taal van de stukken", "Sprache der Unterlagen"
            ),
        ),
    )


class NewBooking(Request):
    """Seats of a training for named participants."""

    session_id = fields.UUID(
        required=True, metadata=asked(Booking.session_id, Text("Training", "Training", "Schulung"))
    )
    participants = fields.List(
        fields.Nested(NewParticipant),
        required=True,
        validate=validate.Length(1, MOST_PARTICIPANTS),
        metadata=asked(Participant.booking_id, Text("Participants", "Deelnemers", "Teilnehmende")),
    )


class BookingsAsked(Page):
    """Query of the list of bookings."""

    session_id = fields.UUID(load_default=None)


class ParticipantView(Answer):
    """A participant as colleagues and trainers see them."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    language = fields.String(required=True)


class BookingView(Answer):
    """A booking as colleagues and trainers see it."""

    id = fields.UUID(required=True)
    session_id = fields.UUID(required=True)
    organisation_id = fields.UUID(required=True)
    account_id = fields.UUID(required=True)
    state = fields.Enum(BookingState, by_value=fields.String, required=True)
    seats = fields.Integer(required=True)
    booked_at = Instant(required=True)
    cancelled_at = Instant(required=True, allow_none=True)
    participants = fields.List(fields.Nested(ParticipantView), required=True)
    version = fields.Integer(required=True)
