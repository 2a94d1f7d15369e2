"""User management of an organisation, and the part of a person in it."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web import Role
from common.web.schemas import Line, Request


class UserManagement(Request):
    """What was agreed with a customer, and who is its first user manager (S44)."""

    agreement_reference = Line(80, required=True)
    manager_account_id = fields.UUID(required=True)


class NewRole(Request):
    """What a person is to be in the own organisation."""

    role = fields.String(
        required=True, validate=validate.OneOf((Role.MEMBER.value, Role.USER_MANAGER.value))
    )
