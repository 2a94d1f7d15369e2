"""Links, passwords and tokens."""

from __future__ import annotations

from marshmallow import fields, validate

from common.web.schemas import Answer, Instant, Line, Request
from identity.models import Outcome
from identity.schemas.fields import LONGEST_PASSWORD, TOKEN, Password


class Token(Request):
    """The secret of a mailed link."""

    token = fields.String(required=True, validate=TOKEN)


class NewPassword(Token):
    """The secret of a mailed link, and the password chosen with it."""

    password = Password(required=True)


class SignIn(Request):
    """Address and password."""

    email = Line(254, required=True)
    password = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_PASSWORD),
        metadata={"format": "password"},
    )


class Refresh(Request):
    """A refresh token, good for one use."""

    refresh_token = fields.String(required=True, validate=TOKEN)


class Tokens(Answer):
    """What a client needs to act for a person. expires_in: seconds of the access token."""

    access_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer()
    refresh_token = fields.String()


class PasswordChange(Request):
    """The password somebody has, and the one chosen instead."""

    current_password = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_PASSWORD),
        metadata={"format": "password"},
    )
    password = Password(required=True)


class SessionView(Answer):
    """A sign-in that goes on. network, client: where it was begun, and with what.

    current: it is the one that asks.
    """

    id = fields.UUID()
    begun_at = Instant()
    last_used_at = Instant()
    network = fields.String(allow_none=True)
    client = fields.String(allow_none=True)
    current = fields.Boolean()


class SignInTryView(Answer):
    """A try to sign in to one's own account."""

    at = Instant()
    outcome = fields.Enum(Outcome, by_value=True)
    network = fields.String()
    client = fields.String()


class KeysView(Answer):
    """Public keys as a JSON Web Key Set (RFC 7517)."""

    keys = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))
