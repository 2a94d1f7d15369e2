"""The registration, and what its form says: one source for mark, check and document (S5)."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from babel import Locale
from marshmallow import fields, validate

from common.texts import Text
from common.web.schemas import Answer, Line, Request
from identity.models import Account
from identity.schemas.fields import Country, Email, Language, Password

PURPOSES = {
    "identify": Text(
        "To recognise you as a contact of our customer and to run your account",
        "Om u als contactpersoon van onze klant te herkennen en uw account te beheren",
        "Um Sie als Ansprechpartner unseres Kunden zu erkennen und Ihr Konto zu führen",
    ),
    "approve": Text(
        "To release your registration for the right customer",
        "Om uw registratie voor de juiste klant vrij te geven",
        "Um Ihre Registrierung für den richtigen Kunden freizugeben",
    ),
    "content": Text(
        "To show you the portal in your language",
        "Om u het portaal in uw taal te tonen",
        "Um Ihnen das Portal in Ihrer Sprache zu zeigen",
    ),
}
"""What people are told about why a field is asked for, by the purpose of its column (S7)."""


def asked(column: Any, label: Text) -> dict[str, Any]:
    """Metadata of a field that people fill in: its label, and the facts of the column it goes to.

    Source: S5 (what is needed is marked; purpose, basis and retention of each field).
    """
    shared, own = Account.__personal__, column.info["personal"]
    return {
        "label": label,
        "x-personal-data": {
            "category": own["category"],
            "purpose": own["purpose"] or shared.purpose,
            "basis": (own["basis"] or shared.basis).value,
            "retention": shared.keep,
        },
    }


class Registration(Request):
    """What a person enters; `required` is the mark, the document and the check (S4, S5)."""

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
        validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9 ./-]*$"),
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


class Appointment(Request):
    """What the operator enters of a member of its own staff."""

    given_name = Line(100, required=True)
    family_name = Line(100, required=True)
    email = Email(required=True)
    country = Country(required=True)
    language = Language(required=True)
    password = Password()


class Option(Answer):
    """One of the values a field takes."""

    value = fields.String()
    label = fields.String()


class FieldView(Answer):
    """What people are told about a field before they fill it in."""

    name = fields.String()
    label = fields.String()
    required = fields.Boolean()
    kind = fields.String(validate=validate.OneOf(("text", "email", "password", "choice")))
    shortest = fields.Integer(allow_none=True)
    longest = fields.Integer(allow_none=True)
    options = fields.List(fields.Nested(Option))
    purpose = fields.String()
    basis = fields.String()
    retention = fields.String()


class FormView(Answer):
    """The fields of the registration, in the reader's language."""

    fields_ = fields.List(fields.Nested(FieldView), data_key="fields")


def described(form: type[ma.Schema], rules: dict[str, Text], language: str) -> dict[str, Any]:
    """Each field of a form as people are told of it. rules: retention rules by name (S5)."""
    return {
        "fields_": [
            _described(name, field, rules, language) for name, field in form().fields.items()
        ]
    }


def _described(
    name: str, field: fields.Field, rules: dict[str, Text], language: str
) -> dict[str, Any]:
    facts = field.metadata["x-personal-data"]
    length = _validator(field, validate.Length)
    choice = _validator(field, validate.OneOf)
    return {
        "name": name,
        "label": field.metadata["label"].say(language),
        "required": field.required,
        "kind": "choice" if choice else field.metadata.get("format", "text"),
        "shortest": length.min if length else None,
        "longest": length.max if length else None,
        "options": [_option(field, each, language) for each in choice.choices] if choice else [],
        "purpose": PURPOSES[facts["purpose"]].say(language),
        "basis": facts["basis"],
        "retention": rules[facts["retention"]].say(language),
    }


def _validator(field: fields.Field, kind: type) -> Any:
    return next((each for each in field.validators if isinstance(each, kind)), None)


def _option(field: fields.Field, value: str, language: str) -> dict[str, str]:
    if isinstance(field, Country):
        return {"value": value, "label": Locale(language).territories.get(value, value)}
    return {"value": value, "label": Locale(value).get_display_name(value) or value}


class Accepted(Answer):
    """That something was taken; it says nothing about anybody."""

    status = fields.String(validate=validate.Equal("accepted"))
