"""Contracts with representatives, what they see, and how people learn of them."""

from __future__ import annotations

from marshmallow import fields

from common.web.schemas import Answer, Country, Instant, Line, Request
from identity.models import ContractKind, RecipientKind


class NewRepresentation(Request):
    """A contract: valid from the instant valid_from, not any more at the instant valid_to."""

    organisation_id = fields.UUID(required=True)
    country = Country(required=True)
    contract_reference = Line(100, required=True)
    contract_kind = fields.Enum(ContractKind, by_value=True, required=True)
    valid_from = Instant(required=True)
    valid_to = Instant(required=True)


class NewEnd(Request):
    """First instant without access."""

    valid_to = Instant(required=True)


class RepresentationView(Answer):
    """A contract with a representative."""

    id = fields.UUID()
    organisation_id = fields.UUID()
    country = fields.String()
    contract_reference = fields.String()
    contract_kind = fields.Enum(ContractKind, by_value=True)
    valid_from = Instant()
    valid_to = Instant()
    created_by = fields.UUID()
    version = fields.Integer()


class RepresentedAccountView(Answer):
    """What a person entered on registering, and nothing else of the account (S24)."""

    id = fields.UUID()
    given_name = fields.String()
    family_name = fields.String()
    email = fields.String()
    company = fields.String(allow_none=True)
    customer_number = fields.String(allow_none=True)
    country = fields.String()
    language = fields.String()


class RecipientView(Answer):
    """A company that sees what one entered, or did; a representative, with its contract.

    until: first instant without access.
    """

    kind = fields.Enum(RecipientKind, by_value=True)
    organisation = fields.String()
    country = fields.String(allow_none=True)
    contract_kind = fields.Enum(ContractKind, by_value=True, allow_none=True)
    since = Instant(allow_none=True)
    until = Instant(allow_none=True)
