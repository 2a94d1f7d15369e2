"""Second factors: one's own, their use to sign in, and what the office decides about them.

No answer here is kept for an Idempotency-Key: it would keep secrets. What is sent twice is refused
or makes the first one void.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from common.refusals import NotFound
from common.web import authorise, principal, public, reading, transaction
from identity import queries
from identity.models import Account, Organisation, Passkey
from identity.passwords import Hash
from identity.routes.blueprint import bp
from identity.routes.credentials import origin, prove_oneself, refuse_replaced
from identity.rules.access import refuse_own_decision
from identity.rules.refusals import SignInFailed
from identity.rules.second_factors import CodeWrong, PasskeyRefused, refuse_reset
from identity.rules.states import HIDDEN
from identity.schemas import second_factors as schemas
from identity.schemas.accounts import AccountView, OrganisationView
from identity.schemas.sign_in import Tokens
from identity.second_factors import completion, factors, passkeys, pending, recovery_codes, totp


@bp.get("/accounts/me/second-factors")
@bp.response(200, schemas.SecondFactorsView)
def list_second_factors():
    """List one's own second factors; their secrets are shown to nobody."""
    with reading() as session:
        return factors.shown(session, _own(session))


@bp.post("/accounts/me/second-factors/totp")
@bp.arguments(schemas.CurrentPassword)
@bp.response(201, schemas.SecretView)
def prepare_authenticator_app(body):
    """Get the secret for an authenticator app, this once; it counts when a code confirms it."""
    password = prove_oneself(body["current_password"])
    with transaction() as session:
        return totp.prepare(session, _own(session, password))


@bp.post("/accounts/me/second-factors/totp/confirmation")
@bp.arguments(schemas.Code)
@bp.response(200, schemas.RecoveryCodesView)
def confirm_authenticator_app(body):
    """Take the prepared app into use, instead of another; all other sign-ins end."""
    with transaction() as session:
        account = _own(session)
        right = totp.confirm(session, account, body["code"])
        codes = _added(session, account) if right else []
    if not right:
        raise CodeWrong(errors={"/code": "Is not the code of now."})
    return {"recovery_codes": codes}


@bp.delete("/accounts/me/second-factors/totp")
@bp.arguments(schemas.CurrentPassword)
@bp.response(204)
def remove_authenticator_app(body):
    """Remove one's authenticator app; all other sign-ins end."""
    password = prove_oneself(body["current_password"])
    with transaction() as session:
        account = _own(session, password)
        app = factors.app_of(session, account.id, confirmed=True)
        if app is None:
            raise NotFound()
        factors.drop(session, account, app, _current())
    return Response(status=204)


@bp.post("/accounts/me/second-factors/passkeys/options")
@bp.arguments(schemas.CurrentPassword)
@bp.response(200)
def prepare_passkey(body):
    """Get what a device is to be asked for a new passkey (PublicKeyCredentialCreationOptions)."""
    password = prove_oneself(body["current_password"])
    with transaction() as session:
        return passkeys.registration_options(session, _own(session, password))


@bp.post("/accounts/me/second-factors/passkeys")
@bp.arguments(schemas.NewPasskey)
@bp.response(201, schemas.NewPasskeyView)
def register_passkey(body):
    """Take a new passkey into use; all other sign-ins end."""
    with transaction() as session:
        account = _own(session)
        made = passkeys.register(session, account, body["label"], body["credential"])
        codes = _added(session, account) if made else []
    if made is None:
        raise PasskeyRefused(errors={"/credential": "Does not answer what was asked."})
    shown = {name: getattr(made, name) for name in ("id", "label", "created_at", "last_used_at")}
    return {**shown, "recovery_codes": codes}


@bp.delete("/accounts/me/second-factors/passkeys/<uuid:passkey_id>")
@bp.arguments(schemas.CurrentPassword)
@bp.response(204)
def remove_passkey(body, passkey_id):
    """Remove one of one's passkeys; all other sign-ins end."""
    password = prove_oneself(body["current_password"])
    with transaction() as session:
        account = _own(session, password)
        passkey = session.get(Passkey, passkey_id)
        if passkey is None or passkey.account_id != account.id:
            raise NotFound()
        factors.drop(session, account, passkey, _current())
    return Response(status=204)


@bp.post("/accounts/me/second-factors/recovery-codes")
@bp.arguments(schemas.CurrentPassword)
@bp.response(200, schemas.RecoveryCodesView)
def renew_recovery_codes(body):
    """Get new recovery codes, this once; the old ones are void and all other sign-ins end."""
    password = prove_oneself(body["current_password"])
    with transaction() as session:
        account = _own(session, password)
        factors.refuse_none(session, account)
        codes = recovery_codes.renew(session, account)
        factors.changed(session, account, "renew-recovery-codes", keep=_current())
    return {"recovery_codes": codes}


@bp.post("/sessions/second-factor")
@public
@bp.arguments(schemas.SecondFactor)
@bp.response(201, schemas.SecondFactorTokens)
def show_second_factor(body):
    """Complete a sign-in whose password was right; five tries in five minutes (ASVS 6.3.3)."""
    with transaction() as session:
        tokens = completion.complete(session, body.pop("pending"), body, origin())
    return _signed_in(tokens)


@bp.post("/sessions/second-factor/enrolment")
@public
@bp.arguments(schemas.PendingToken)
@bp.response(201, schemas.SecretView)
def enrol_authenticator_app(body):
    """Set up the second factor that is required, with what the right password was answered."""
    with transaction() as session:
        return pending.enrol(session, body["pending"])


@bp.post("/sessions/passkey/options")
@public
@bp.response(200)
def prepare_passkey_sign_in():
    """Get what any device is to be asked to sign in (PublicKeyCredentialRequestOptions)."""
    with transaction() as session:
        return passkeys.sign_in_options(session, None)


@bp.post("/sessions/passkey")
@public
@bp.arguments(schemas.PasskeySignIn)
@bp.response(201, Tokens)
def sign_in_by_passkey(body):
    """Sign in by a passkey alone: its device has verified its owner, which makes two factors."""
    with transaction() as session:
        tokens = completion.by_passkey(session, body["credential"], origin())
    return _signed_in(tokens)


@bp.post("/accounts/<uuid:account_id>/second-factors/reset")
@bp.arguments(schemas.Reset)
@bp.response(200, AccountView)
def reset_second_factors(body, account_id):
    """Remove the factors of somebody who lost them and proved who they are (ASVS 6.4.4)."""
    with transaction() as session:
        account = authorise(session, "second-factor.reset", Account, account_id)
        if account.state in HIDDEN:
            raise NotFound()
        refuse_own_decision(account.id, principal().account_id)
        refuse_reset(queries.roles_of(session, account), principal().roles)
        factors.reset(session, account, body["reason"])
        return queries.shown(session, [account])[0]


@bp.put("/organisations/<uuid:organisation_id>/second-factor")
@bp.arguments(schemas.Requirement)
@bp.response(200, OrganisationView)
def require_second_factor(body, organisation_id):
    """Have an organisation's user managers need a second factor from their next sign-in on."""
    action = "organisation.require-second-factor"
    with transaction() as session:
        organisation = authorise(session, action, Organisation, organisation_id)
        factors.require(session, organisation, body["required"])
        return organisation


def _own(session: Session, password: Hash | None = None) -> Account:
    """One's own account. password: the one that was given once more, before this transaction."""
    account: Account = authorise(session, "second-factor.change", Account, principal().account_id)
    if password is not None:
        refuse_replaced(account, password)
    return account


def _added(session: Session, account: Account) -> list[str]:
    """Recovery codes if the factor just added is the first one; others end their sign-ins."""
    codes = (
        [] if factors.codes_left(session, account.id) else recovery_codes.renew(session, account)
    )
    factors.changed(session, account, "add", keep=_current())
    return codes


def _current() -> UUID:
    return UUID(principal().session_id)


def _signed_in(tokens: dict[str, Any] | None) -> dict[str, Any]:
    if tokens is None:
        raise SignInFailed()
    return tokens
