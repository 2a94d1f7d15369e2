"""Second factors: set up, used, shown, removed. What a passkey is sent and answers is WebAuthn's.

Secrets and recovery codes stand in the one answer that makes them, and in no other.
"""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from common.web.schemas import Answer, Instant, Line, Request, Truth
from identity.rules.second_factors import Method, ResetReason
from identity.schemas.fields import LONGEST_PASSWORD, TOKEN
from identity.schemas.sign_in import Tokens

_BASE64URL = r"^[A-Za-z0-9_-]+$"
_ALGORITHMS = tuple(each.value for each in COSEAlgorithmIdentifier)


class _Binary(fields.String):
    """Bytes as base64url without padding, as WebAuthn writes them."""

    def __init__(self, longest: int, **kwargs: Any) -> None:
        length = validate.Length(1, longest)
        super().__init__(validate=[length, validate.Regexp(_BASE64URL)], **kwargs)


class _Code(fields.String):
    """Six digits of an authenticator app."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(r"^[0-9]{6}\Z"), **kwargs)


class _Attestation(Request):
    """What a device answers when a passkey is made."""

    clientDataJSON = _Binary(4000, required=True)
    attestationObject = _Binary(20_000, required=True)
    authenticatorData = _Binary(20_000)
    publicKey = _Binary(4000, allow_none=True)
    publicKeyAlgorithm = fields.Integer(strict=True, validate=validate.OneOf(_ALGORITHMS))
    transports = fields.List(Line(40), validate=validate.Length(max=10))


class _Assertion(Request):
    """What a device answers when a passkey is used."""

    clientDataJSON = _Binary(4000, required=True)
    authenticatorData = _Binary(4000, required=True)
    signature = _Binary(4000, required=True)
    userHandle = _Binary(100, allow_none=True)


class _Credential(Request):
    """RegistrationResponseJSON and AuthenticationResponseJSON of WebAuthn have this alike."""

    id = _Binary(1400, required=True)
    rawId = _Binary(1400, required=True)
    type = fields.String(required=True, validate=validate.Equal("public-key"))
    authenticatorAttachment = fields.String(
        allow_none=True, validate=validate.OneOf(("platform", "cross-platform"))
    )
    clientExtensionResults = fields.Dict(keys=fields.String())


class NewCredential(_Credential):
    """A new passkey, as a browser's `toJSON()` gives it."""

    response = fields.Nested(_Attestation, required=True)


class UsedCredential(_Credential):
    """A used passkey, as a browser's `toJSON()` gives it."""

    response = fields.Nested(_Assertion, required=True)


class CurrentPassword(Request):
    """The password once more, for what changes how one signs in."""

    current_password = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_PASSWORD),
        metadata={"format": "password"},
    )


class Code(Request):
    """What the authenticator app shows now."""

    code = _Code(required=True)


class NewPasskey(Request):
    """A passkey, and what its owner calls it."""

    label = Line(60, required=True)
    credential = fields.Nested(NewCredential, required=True)


class PendingToken(Request):
    """The token of a sign-in whose second factor is due."""

    pending = fields.String(required=True, validate=TOKEN)


class SecondFactor(PendingToken):
    """One second factor: a code, a recovery code, or a passkey."""

    code = _Code()
    recovery_code = Line(40)
    passkey = fields.Nested(UsedCredential)

    @ma.validates_schema
    def refuse_other_than_one(self, sent: dict[str, Any], **_: Any) -> None:
        """Exactly one of them is shown."""
        if len({"code", "recovery_code", "passkey"} & set(sent)) != 1:
            raise ma.ValidationError("Send a code, a recovery code or a passkey.")


class PasskeySignIn(Request):
    """A passkey alone: its device has verified whose it is."""

    credential = fields.Nested(UsedCredential, required=True)


class Reset(Request):
    """How it was made sure that the account's owner asks."""

    reason = fields.Enum(ResetReason, by_value=True, required=True)


class Requirement(Request):
    """Whether the organisation's user managers must have a second factor."""

    required = Truth(required=True)


class PendingView(Answer):
    """The password was right and a second factor is due. expires_in: seconds.

    methods: `enrol` alone for somebody who must have a second factor and sets it up now.
    """

    pending = fields.String()
    methods = fields.List(fields.Enum(Method, by_value=True))
    expires_in = fields.Integer()
    passkey_options = fields.Dict(keys=fields.String())


class SecondFactorTokens(Tokens):
    """Tokens; and recovery codes where the first second factor was just set up."""

    recovery_codes = fields.List(fields.String())


class SecretView(Answer):
    """The secret for an authenticator app, and the same as a URI for a QR code."""

    secret = fields.String()
    uri = fields.String()


class RecoveryCodesView(Answer):
    """Recovery codes, this once; none where there are some already."""

    recovery_codes = fields.List(fields.String())


class AuthenticatorAppView(Answer):
    """The authenticator app, without its secret."""

    created_at = Instant()
    last_used_at = Instant(allow_none=True)


class PasskeyView(Answer):
    """A passkey, as its owner knows it."""

    id = fields.UUID()
    label = fields.String()
    created_at = Instant()
    last_used_at = Instant(allow_none=True)


class NewPasskeyView(PasskeyView):
    """A passkey; and recovery codes where it is the first second factor."""

    recovery_codes = fields.List(fields.String())


class SecondFactorsView(Answer):
    """One's own second factors. required: the last one cannot be removed."""

    authenticator_app = fields.Nested(AuthenticatorAppView, allow_none=True)
    passkeys = fields.List(fields.Nested(PasskeyView))
    recovery_codes_left = fields.Integer()
    required = fields.Boolean()
