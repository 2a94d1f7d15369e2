"""Voluntary entries, the consent they need, and corrections of one's own entries."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.events.catalogue import ConsentPurpose
from common.texts import Text
from common.web.forms import asked
from common.web.schemas import Answer, Country, Instant, Language, Line, Request
from identity.consents import TEXTS
from identity.models import VoluntaryProfile
from identity.rules.profile import VoluntaryField

CUSTOMER_NUMBER = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9 ./-]*$")


class Phone(Line):
    """A telephone number with its country's code, kept as it was sent; blanks may group it."""

    def __init__(self, **kwargs: Any) -> None:
        number = validate.Regexp(
            r"^\+[1-9]( ?[0-9]){6,14}$", error="Write +, the country's code and the number."
        )
        super().__init__(40, validate=number, **kwargs)


class VoluntaryEntries(Request):
    """What nobody has to tell, and nobody may without the consent to it (S6)."""

    salutation = Line(
        40,
        load_default=None,
        metadata=asked(VoluntaryProfile.salutation, Text("Salutation", "Aanhef", "Anrede")),
    )
    job_title = Line(
        100,
        load_default=None,
        metadata=asked(VoluntaryProfile.job_title, Text("Job title", "Functie", "Funktion")),
    )
    phone = Phone(
        load_default=None,
        metadata=asked(VoluntaryProfile.phone, Text("Telephone", "Telefoon", "Telefon")),
    )
    mobile = Phone(
        load_default=None,
        metadata=asked(VoluntaryProfile.mobile, Text("Mobile", "Mobiel", "Mobiltelefon")),
    )
    interests = Line(
        200,
        load_default=None,
        metadata=asked(
            VoluntaryProfile.interests,
            Text("Interests", "Interesses", "Interessen"),
            free_text=True,
        ),
    )


class Profile(VoluntaryEntries):
    """All of one's voluntary entries; what is left out is empty. shown: to colleagues."""

    shown = fields.List(
        fields.Enum(VoluntaryField, by_value=True),
        load_default=list,
        validate=validate.Length(max=len(VoluntaryField)),
    )


class ProfileView(Answer):
    """One's own voluntary entries; version: null while there is no consent to any."""

    salutation = fields.String(allow_none=True)
    job_title = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    mobile = fields.String(allow_none=True)
    interests = fields.String(allow_none=True)
    shown = fields.List(fields.String(validate=validate.OneOf(tuple(VoluntaryField))))
    version = fields.Integer(allow_none=True)


class ConsentShown(Request):
    """What somebody agrees to, and the id of the text that was shown."""

    purpose = fields.Enum(ConsentPurpose, by_value=True, required=True)
    text_id = fields.String(
        required=True, validate=validate.OneOf([each.id for each in TEXTS.values()])
    )

    @ma.validates_schema
    def _require_text_in_force(self, body: dict[str, Any], **_: Any) -> None:
        """Refuse the text of another purpose."""
        if body["text_id"] != TEXTS[body["purpose"]].id:
            raise ma.ValidationError("This is the text of another consent.", "text_id")


class ConsentTextView(Answer):
    """What one can agree to, in the reader's language. needed_for: fields that need it."""

    purpose = fields.Enum(ConsentPurpose, by_value=True)
    text_id = fields.String()
    text = fields.String()
    needed_for = fields.List(fields.String())


class ConsentView(Answer):
    """What one can agree to, in the reader's language, and whether and when one did."""

    purpose = fields.Enum(ConsentPurpose, by_value=True)
    text_id = fields.String()
    text = fields.String()
    given = fields.Boolean()
    given_at = Instant(allow_none=True)
    given_text_id = fields.String(allow_none=True)


class Rectification(Request):
    """What somebody corrects of the own entries; what is left out stays (GDPR article 16)."""

    given_name = Line(100)
    family_name = Line(100)
    company = Line(200)
    customer_number = Line(40, allow_none=True, validate=CUSTOMER_NUMBER)
    country = Country()
    language = Language()


class ShownProfile(Answer):
    """Voluntary entries that their owner shows to the reader; others are left out (reading 5)."""

    salutation = fields.String()
    job_title = fields.String()
    phone = fields.String()
    mobile = fields.String()
    interests = fields.String()
