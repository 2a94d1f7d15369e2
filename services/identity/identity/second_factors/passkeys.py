"""Passkeys (WebAuthn): registered, and used alone or as a second factor.

The device verifies its owner by finger, face or PIN each time, so that a passkey alone is two
factors. What a device answers is refused by returning None: who calls commits all the same, so
that the challenge is spent.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
import webauthn
from sqlalchemy.orm import Session
from webauthn import helpers
from webauthn.helpers import structs
from webauthn.helpers.exceptions import WebAuthnException

from common.clock import now
from common.db import insert
from identity.accounts import locked
from identity.models import Account, ChallengePurpose, Passkey
from identity.rules.second_factors import CHALLENGE_LIFE, MOST_PASSKEYS
from identity.second_factors import challenges
from identity.second_factors.factors import passkeys_of

NOT_GENUINE = (WebAuthnException, LookupError, TypeError, ValueError)
"""What webauthn raises for an answer that is forged, or a key that is none."""
_TIMEOUT = int(CHALLENGE_LIFE.total_seconds() * 1000)
_VERIFIED = structs.UserVerificationRequirement.REQUIRED

Options = dict[str, Any]
Credential = dict[str, Any]


def registration_options(session: Session, account: Account) -> Options:
    """What a person's device is to be asked for a new passkey."""
    settings = session.info["runtime"].settings
    options = webauthn.generate_registration_options(
        rp_id=_rp_id(settings),
        rp_name=settings.operator_name,
        user_id=account.id.bytes,
        user_name=account.email or "",
        user_display_name=f"{account.given_name} {account.family_name}",
        challenge=challenges.make(session, ChallengePurpose.REGISTER, account.id),
        timeout=_TIMEOUT,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED, user_verification=_VERIFIED
        ),
        exclude_credentials=_descriptors(session, account.id),
    )
    return helpers.options_to_json_dict(options)


def register(
    session: Session, account: Account, label: str, credential: Credential
) -> Passkey | None:
    """Keep a new passkey of a person; None when it is not what was asked for, or known already.

    account: its row, locked.
    """
    settings = session.info["runtime"].settings
    try:
        challenge = _challenge_in(credential)
        if not challenges.take(session, challenge, ChallengePurpose.REGISTER, account.id):
            return None
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_rp_id(settings),
            expected_origin=_origin(settings),
            require_user_verification=True,
        )
        key = helpers.decode_credential_public_key(made.credential_public_key)
        helpers.decoded_public_key_to_cryptography(key)
    except NOT_GENUINE:
        return None
    if len(passkeys_of(session, account.id)) >= MOST_PASSKEYS:
        return None
    kept = insert(session, Passkey).values(
        account_id=account.id,
        credential_id=helpers.bytes_to_base64url(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        label=label,
        created_at=now(session),
    )
    return session.scalar(kept.on_conflict_do_nothing().returning(Passkey))


def sign_in_options(session: Session, account: Account | None) -> Options:
    """What a device is to be asked to sign somebody in; account: None when nobody is known yet."""
    purpose = ChallengePurpose.SECOND_FACTOR if account else ChallengePurpose.SIGN_IN
    account_id = account.id if account else None
    options = webauthn.generate_authentication_options(
        rp_id=_rp_id(session.info["runtime"].settings),
        challenge=challenges.make(session, purpose, account_id),
        timeout=_TIMEOUT,
        allow_credentials=_descriptors(session, account_id) if account_id else [],
        user_verification=_VERIFIED,
    )
    return helpers.options_to_json_dict(options)


def owner(session: Session, credential: Credential) -> tuple[Account | None, bool]:
    """Whose passkey this is, locked, and whether it answers a challenge to sign in by it alone."""
    known = sa.select(Passkey.account_id).where(Passkey.credential_id == credential["id"])
    account_id = session.scalar(known)
    if account_id is None:
        return None, False
    account = locked(session, account_id)
    names_owner = credential["response"].get("userHandle") == _handle(account)
    right = _is_right(session, account, credential, ChallengePurpose.SIGN_IN)
    return account, names_owner and right


def use(session: Session, account: Account, credential: Credential) -> bool:
    """Whether a passkey of this person answers a challenge for the second factor.

    account: its row, locked.
    """
    return _is_right(session, account, credential, ChallengePurpose.SECOND_FACTOR)


def _is_right(
    session: Session, account: Account, credential: Credential, purpose: ChallengePurpose
) -> bool:
    found = sa.select(Passkey).where(
        Passkey.credential_id == credential["id"], Passkey.account_id == account.id
    )
    passkey = session.scalars(found).one_or_none()
    asked_of = None if purpose is ChallengePurpose.SIGN_IN else account.id
    settings = session.info["runtime"].settings
    try:
        challenge = _challenge_in(credential)
        if not challenges.take(session, challenge, purpose, asked_of) or passkey is None:
            return False
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_rp_id(settings),
            expected_origin=_origin(settings),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except NOT_GENUINE:
        return False
    passkey.sign_count, passkey.last_used_at = verified.new_sign_count, now(session)
    return True


def _challenge_in(credential: Credential) -> bytes:
    said = helpers.base64url_to_bytes(credential["response"]["clientDataJSON"])
    return helpers.parse_client_data_json(said).challenge


def _descriptors(session: Session, account_id: UUID) -> list[structs.PublicKeyCredentialDescriptor]:
    return [
        structs.PublicKeyCredentialDescriptor(id=helpers.base64url_to_bytes(each.credential_id))
        for each in passkeys_of(session, account_id)
    ]


def _handle(account: Account) -> str:
    return helpers.bytes_to_base64url(account.id.bytes)


def _rp_id(settings: Any) -> str:
    return urlsplit(settings.public_url).hostname or ""


def _origin(settings: Any) -> str:
    url = urlsplit(settings.public_url)
    return f"{url.scheme}://{url.netloc}"
