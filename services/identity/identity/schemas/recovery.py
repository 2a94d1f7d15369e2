"""Requests for a new password, and another address."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web.schemas import Line, Request
from identity.schemas.fields import LONGEST_PASSWORD, Email


class RecoveryAsked(Request):
    """The address of an account; whether it is one, and anybody's, the answer does not say."""

    email = Line(254, required=True)


class NewAddress(Request):
    """The address a person wants to have, and the password as it is."""

    email = Email(required=True)
    current_password = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_PASSWORD),
        metadata={"format": "password"},
    )
