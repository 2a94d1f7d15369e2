"""Requests and answers of service-cases; what a form tells people comes from here too (S59)."""

from __future__ import annotations

from marshmallow import fields, validate

from common.events.catalogue import CaseState
from common.texts import Text
from common.web import Page
from common.web.forms import FieldView, FormView, asked
from common.web.schemas import Answer, Email, Instant, Line, Paragraphs, Request
from service_cases.models import Case, CaseMessage, Channel
from service_cases.rules import Side, Trigger

WARNING = Text(
    en="Write only what is needed to solve the case: nothing confidential, and nothing about "
    "other people. Everybody of your organisation and our service staff can read it.",
    nl="Schrijf alleen wat nodig is om het probleem op te lossen: niets vertrouwelijks en niets "
    "over andere personen. Iedereen in uw organisatie en onze servicemedewerkers kunnen het "
    "lezen.",
    de="Schreiben Sie nur, was zur Lösung des Falls nötig ist: nichts Vertrauliches und nichts "
    "über andere Personen. Alle in Ihrer Organisation und unsere Servicemitarbeiter können es "
    "lesen.",
)
"""Shown beside every field of free text (S60, S62)."""

CHANNELS = {
    Channel.PORTAL: Text(en="Portal", nl="Portaal", de="Portal"),
    Channel.SERVICE_APP: Text(en="Service app", nl="Service-app", de="Service-App"),
}


class NewMachine(Request):
    """A machine that support registers for a customer."""

    organisation_id = fields.UUID(required=True)
    product = Line(120, required=True)
    serial_number = Line(40, required=True, validate=validate.Regexp(r"^[A-Z0-9][A-Z0-9./-]*$"))


class MachineLabel(Answer):
    """How a machine is recognised."""

    id = fields.UUID()
    product = fields.String()
    serial_number = fields.String()


class MachineView(MachineLabel):
    """A machine."""

    organisation_id = fields.UUID()


class CaseContact(Request):
    """Whom to ask about a case."""

    contact_name = Line(
        120,
        required=True,
        metadata=asked(
            Case.contact_name, Text("Contact person", "Contactpersoon", "Ansprechpartner")
        ),
    )
    contact_phone = Line(
        40,
        load_default=None,
        validate=validate.Regexp(r"^\+?[0-9][0-9 ()/.-]{2,38}$"),
        metadata=asked(Case.contact_phone, Text("Telephone", "Telefoon", "Telefon")),
    )
    contact_email = Email(
        load_default=None,
        metadata=asked(Case.contact_email, Text("E-mail", "E-mail", "E-Mail")),
    )


class NewCase(CaseContact):
    """A fault as somebody reports it (S57); `required` is the mark, the check and the form."""

    class Meta(Request.Meta):
        """The form begins with the machine and ends with the notice."""

        fields = (
            "machine_id",
            "title",
            "description",
            "contact_name",
            "contact_phone",
            "contact_email",
            "channel",
            "notice_version",
        )

    machine_id = fields.UUID(
        required=True,
        metadata=asked(Case.machine_id, Text("Machine", "Machine", "Maschine")),
    )
    title = Line(
        120,
        required=True,
        metadata=asked(Case.title, Text("Short title", "Korte titel", "Kurztitel"), free_text=True),
    )
    description = Paragraphs(
        5000,
        required=True,
        metadata=asked(
            Case.description,
            Text(
                "What happens, and since when?",
                "Wat gebeurt er, en sinds wanneer?",
                "Was passiert, und seit wann?",
            ),
            free_text=True,
        ),
    )
    channel = fields.Enum(
        Channel,
        by_value=True,
        load_default=Channel.PORTAL,
        metadata=asked(
            Case.channel,
            Text("Reported through", "Gemeld via", "Gemeldet über"),
            names=CHANNELS,
        ),
    )
    notice_version = Line(
        40,
        required=True,
        validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        metadata=asked(
            Case.notice_version,
            Text(
                "Version of the privacy notice shown",
                "Versie van de getoonde privacyverklaring",
                "Fassung der gezeigten Datenschutzhinweise",
            ),
        ),
    )


class CaseView(Answer):
    """A case."""

    id = fields.UUID()
    organisation_id = fields.UUID()
    account_id = fields.UUID()
    machine = fields.Nested(MachineLabel)
    title = fields.String()
    description = fields.String()
    contact_name = fields.String()
    contact_phone = fields.String(allow_none=True)
    contact_email = fields.String(allow_none=True)
    channel = fields.Enum(Channel, by_value=True)
    notice_version = fields.String()
    state = fields.Enum(CaseState, by_value=True)
    reported_at = Instant()
    closed_at = Instant(allow_none=True)
    version = fields.Integer()


class OrganisationQuery(Page):
    """Which machines to list; customers see their own organisation's whatever they ask for."""

    organisation_id = fields.UUID(load_default=None)


class CaseQuery(OrganisationQuery):
    """Which cases to list."""

    state = fields.Enum(CaseState, by_value=True, load_default=None)


class Step(Request):
    """What is to happen to a case."""

    trigger = fields.Enum(Trigger, by_value=True, required=True)


class NewMessage(Request):
    """Something to say in a case."""

    text = Paragraphs(
        10_000,
        required=True,
        metadata=asked(CaseMessage.text, Text("Message", "Bericht", "Nachricht"), free_text=True),
    )


class MessageView(Answer):
    """A message of a case."""

    id = fields.UUID()
    case_id = fields.UUID()
    author_id = fields.UUID()
    side = fields.Enum(Side, by_value=True)
    text = fields.String()
    written_at = Instant()


class CaseFormView(FormView):
    """The fields of a case and of a message, and the warning beside free text."""

    warning = fields.String()
    message_fields = fields.List(fields.Nested(FieldView))
