"""The registration, and what its form says: one source for mark, check and document (S5)."""

from __future__ import annotations

from marshmallow import fields, validate

from common.texts import Text
from common.web.forms import asked
from common.web.schemas import Answer, Country, Language, Line, Request
from identity.models import Account
from identity.schemas.fields import Email, Password

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


class Accepted(Answer):
    """That something was taken; it says nothing about anybody."""

    status = fields.String(validate=validate.Equal("accepted"))
