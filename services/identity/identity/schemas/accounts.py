"""Accounts, organisations, and whom people can turn to."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web import Page, Role
from common.web.schemas import Answer, Country, Instant, Line, Request
from identity.models import OrganisationKind
from identity.rules.states import HIDDEN, BlockReason, RefusalReason, State
from identity.schemas.profile import ShownProfile

_SHOWN = tuple(state.value for state in State if state not in HIDDEN)


class AccountView(Answer):
    """An account, for its owner and for the office; nothing of a password, nothing of screening."""

    id = fields.UUID()
    organisation_id = fields.UUID(allow_none=True)
    given_name = fields.String()
    family_name = fields.String()
    email = fields.String()
    company = fields.String(allow_none=True)
    customer_number = fields.String(allow_none=True)
    country = fields.String()
    language = fields.String()
    roles = fields.List(fields.Enum(Role, by_value=True))
    state = fields.Enum(State, by_value=True)
    registered_at = Instant()
    restricted_at = Instant(allow_none=True)
    restriction_ends_at = Instant(allow_none=True)
    deactivated_at = Instant(allow_none=True)
    version = fields.Integer()


class AccountQuery(Page):
    """Which accounts to list."""

    state = fields.String(load_default=None, validate=validate.OneOf(_SHOWN))


class Approval(Request):
    """The customer that a person acts for; not needed for who is assigned to one already (S8)."""

    organisation_id = fields.UUID(load_default=None)


class Assignment(Request):
    """The customer that a person is assigned to (S8)."""

    organisation_id = fields.UUID(required=True)


class Refusal(Request):
    """Why a registration is turned down."""

    reason = fields.Enum(RefusalReason, by_value=True, required=True)


class Block(Request):
    """Why an account is blocked."""

    reason = fields.Enum(BlockReason, by_value=True, required=True)


class NewOrganisation(Request):
    """A customer."""

    name = Line(200, required=True)
    country = Country(required=True)


class OrganisationView(Answer):
    """A customer, or the operator itself."""

    id = fields.UUID()
    name = fields.String()
    country = fields.String()
    kind = fields.Enum(OrganisationKind, by_value=True)
    registered_at = Instant()
    relation_ended_at = Instant(allow_none=True)
    user_management_since = Instant(allow_none=True)
    agreement_reference = fields.String(allow_none=True)
    second_factor_required = fields.Boolean()
    version = fields.Integer()


class ColleagueView(ShownProfile):
    """A colleague, as far as working together needs it (S9, reading 5)."""

    account_id = fields.UUID()
    display_name = fields.String()
    roles = fields.List(fields.Enum(Role, by_value=True))


class NameView(ShownProfile):
    """How a person is called, and to colleagues what the person shows them."""

    account_id = fields.UUID()
    display_name = fields.String()


class ContactView(Answer):
    """Whom people can turn to (S22, S91)."""

    operator = fields.String()
    address = fields.String()
    email = fields.String()
    phone = fields.String()
    dpo_email = fields.String()
    text = fields.String()
