"""What is sent and answered; the fields of a booking say what they are for and how long kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate
from sqlalchemy.orm import InstrumentedAttribute

from common.texts import LANGUAGES, Text
from common.web import Page
from common.web.schemas import Answer, Count, Email, Instant, Line, Request
from training.models import Participant
from training.retention import RULES
from training.rules import MOST_PARTICIPANTS, MOST_SEATS, BookingState, SessionState

PURPOSES = {
    "training": Text(
        "To prepare and hold the training and to contact its participants",
        "Om de training voor te bereiden en te houden en de deelnemers te bereiken",
        "Um die Schulung vorzubereiten, durchzuführen und Teilnehmende zu erreichen",
    ),
}


def marked(label: Text, column: InstrumentedAttribute[Any] | None = None) -> dict[str, Any]:
    """Metadata of a field: what people read beside it and, of a personal one, what its column says.

    The same facts stand in OpenAPI as `x-personal-data`.
    """
    if column is None:
        return {"label": label}
    shared, own = column.class_.__personal__, column.info["personal"]
    rule = RULES[shared.keep]
    facts = {
        "category": own["category"],
        "purpose": own["purpose"] or shared.purpose,
        "basis": own["basis"] or shared.basis,
        "retention": rule.period,
        "retention_starts_with": rule.starts_with,
    }
    return {"label": label, "x-personal-data": facts}


def described(schema: ma.Schema, within: str = "") -> Iterator[dict[str, Any]]:
    """Every field of a request, nested ones by their path, as its form has to show it."""
    for name, field in schema.fields.items():
        facts = field.metadata.get("x-personal-data", {})
        purpose = PURPOSES[facts["purpose"]] if facts else None
        yield {
            **facts,
            "name": f"{within}{name}",
            "required": field.required,
            "label": field.metadata["label"],
            "purpose": purpose,
        }
        if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
            yield from described(field.inner.schema, f"{within}{name}.")


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

    name = Line(200, required=True, metadata=marked(Text("Name", "Naam", "Name"), Participant.name))
    email = Email(
        required=True,
        metadata=marked(Text("E-mail address", "E-mailadres", "E-Mail-Adresse"), Participant.email),
    )
    language = fields.String(
        required=True,
        validate=validate.OneOf(LANGUAGES),
        metadata=marked(
            Text(
                "Language of the training papers", "Taal van de stukken", "Sprache der Unterlagen"
            ),
            Participant.language,
        ),
    )


class NewBooking(Request):
    """Seats of a training for named participants."""

    session_id = fields.UUID(
        required=True, metadata=marked(Text("Training", "Training", "Schulung"))
    )
    participants = fields.List(
        fields.Nested(NewParticipant),
        required=True,
        validate=validate.Length(1, MOST_PARTICIPANTS),
        metadata=marked(Text("Participants", "Deelnemers", "Teilnehmende")),
    )


class BookingsAsked(Page):
    """Query of the list of bookings."""

    session_id = fields.UUID(load_default=None)


class ParticipantView(Answer):
    """A participant as colleagues and trainers see them."""

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


class Label(Answer):
    """A text people read, in the languages of the portal."""

    en = fields.String(required=True)
    nl = fields.String(required=True)
    de = fields.String(required=True)


class FieldView(Answer):
    """A field of a form: whether it is required and, of a personal one, what for and how long."""

    name = fields.String(required=True)
    required = fields.Boolean(required=True)
    label = fields.Nested(Label, required=True)
    category = fields.String()
    purpose = fields.Nested(Label, required=True, allow_none=True)
    basis = fields.String()
    retention = fields.String(metadata={"description": "ISO 8601 duration"})
    retention_starts_with = fields.String()


class FormView(Answer):
    """The fields of a form."""

    entries = fields.List(fields.Nested(FieldView), required=True, data_key="fields")
