"""The registration, and what its form says: one source for mark, check and document (S5)."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from common.events.catalogue import ConsentPurpose
from common.texts import Text
from common.web.forms import FormView, asked
from common.web.schemas import Answer, Country, Language, Line, Request
from identity.consents import VOLUNTARY_PROFILE
from identity.models import Account
from identity.rules.profile import entered, require_consent
from identity.schemas.fields import Email, Password
from identity.schemas.profile import (
    CUSTOMER_NUMBER,
    ConsentShown,
    ConsentTextView,
    VoluntaryEntries,
)


class RequiredEntries(Request):
    """What a registration needs, and what helps to release it (S4, S7)."""

    given_name = Line(
        100,
        required=True,
        metadata=asked(Account.given_name, Text("Given name", "Voornaam", "Vorname")),
    )
    family_name = Line(
        100,
        required=True,
        metadata=asked(Account.family_name, Text("Family name", "Achternaam", "Nachname")),
    )
    email = Email(
        required=True,
        metadata=asked(
            Account.email,
            Text("Business e-mail address", "Zakelijk e-mailadres", "Geschäftliche E-Mail-Adresse"),
        ),
    )
    company = Line(
        200,
        required=True,
        metadata=asked(Account.company, Text("Company", "Bedrijf", "Unternehmen")),
    )
    customer_number = Line(
        40,
        load_default=None,
        validate=CUSTOMER_NUMBER,
        metadata=asked(
            Account.customer_number,
            Text(
                "Customer number of the company, if at hand",
                "Klantnummer van het bedrijf, indien bij de hand",
                "Kundennummer des Unternehmens, falls zur Hand",
            ),
        ),
    )
    country = Country(
        required=True,
        metadata=asked(Account.country, Text("Country", "Land", "Land")),
    )
    language = Language(
        required=True,
        metadata=asked(Account.language, Text("Language", "Taal", "Sprache")),
    )
    password = Password(
        required=True,
        metadata=asked(Account.password_hash, Text("Password", "Wachtwoord", "Passwort")),
    )


class Registration(VoluntaryEntries, RequiredEntries):
    """What a person enters; `required` is the mark, the document and the check (S4, S5).

    consents: what the person agrees to, by the text that was shown; voluntary entries need it (S6).
    """

    consents = fields.List(
        fields.Nested(ConsentShown),
        load_default=list,
        validate=validate.Length(max=len(ConsentPurpose)),
    )

    @ma.validates_schema
    def _require_consent(self, body: dict[str, Any], **_: Any) -> None:
        """Refuse voluntary entries that the person does not agree to."""
        if entered(body):
            agreed = {each["purpose"] for each in body["consents"]}
            require_consent(VOLUNTARY_PROFILE.purpose in agreed)


class RegistrationForm(FormView):
    """The fields of a registration, and what can be agreed to beside it."""

    consents = fields.List(fields.Nested(ConsentTextView))


class Appointment(Request):
    """What the operator enters of a member of its own staff."""

    given_name = Line(100, required=True)
    family_name = Line(100, required=True)
    email = Email(required=True)
    country = Country(required=True)
    language = Language(required=True)
    password = Password()


class Accepted(Answer):
    """That something was taken; it says nothing about anybody."""

    status = fields.String(validate=validate.Equal("accepted"))
