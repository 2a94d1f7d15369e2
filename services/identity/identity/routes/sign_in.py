"""Signing in, staying signed in, signing out; and the keys that prove it offline."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from common.web import authorise, principal, public, reading, runtime, transaction
from identity import queries, sign_ins
from identity.passwords import Passwords
from identity.routes.blueprint import bp
from identity.rules.refusals import SignInFailed, SignInOver
from identity.schemas.sign_in import KeysView, Refresh, SignIn, Tokens


@bp.post("/sessions")
@public
@bp.arguments(SignIn)
@bp.response(201, Tokens)
def sign_in(body):
    """Sign in; whoever may not gets the same answer after the same time (S30-S34)."""
    with reading() as session:
        known = queries.credentials(session, body["email"])
    passwords, kept = runtime().resource(Passwords), known.password if known else None
    right = passwords.check(kept, body["password"])
    if known is None or kept is None or not right:
        raise SignInFailed()
    renewed = passwords.make(body["password"]) if passwords.is_outdated(kept) else None
    with transaction() as session:
        return sign_ins.begin(session, known.account_id, kept, renewed)


@bp.post("/sessions/refresh")
@public
@bp.arguments(Refresh)
@bp.response(200, Tokens)
def refresh(body):
    """Exchange a refresh token for new tokens; a token used before ends the sign-in."""
    with transaction() as session:
        tokens = sign_ins.prolong(session, body["refresh_token"])
    if tokens is None:
        raise SignInOver()
    return tokens


@bp.delete("/sessions/current")
@bp.response(204)
def sign_out():
    """Sign out: this sign-in cannot be prolonged any more."""
    with transaction() as session:
        authorise(session, "session.end")
        sign_ins.end(session, UUID(principal().session_id))
    return Response(status=204)


@bp.get("/.well-known/jwks.json")
@public
@bp.response(200, KeysView)
def show_keys():
    """Show the public keys of the estate, with which tokens and receipts are verified."""
    return runtime().keys.jwks, 200, {"Cache-Control": "public, max-age=300"}
