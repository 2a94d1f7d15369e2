"""Signing in and staying signed in; and the keys that prove it offline."""

from __future__ import annotations

from flask import jsonify

from common.web import public, runtime, transaction
from identity import queries, sign_ins, throttles
from identity.routes.blueprint import bp
from identity.routes.credentials import looked_at, origin
from identity.rules.refusals import SignInFailed, SignInOver
from identity.schemas.second_factors import PendingView
from identity.schemas.sign_in import KeysView, Refresh, SignIn, Tokens


@bp.post("/sessions")
@public
@bp.arguments(SignIn)
@bp.response(201, Tokens)
@bp.alt_response(202, schema=PendingView, success=True)
def sign_in(body):
    """Sign in; whoever may not gets the same answer after the same work (S30-S34)."""
    key, here = throttles.typed_key(body["email"]), origin()
    with transaction() as session:
        claimed = queries.claimed(session, key, here.network)
        counted = throttles.count(
            session, key, here.counted_as, is_known_here=claimed.is_known_here
        )
    is_right, renewed = looked_at(claimed.password, body["password"], counted)
    tried = sign_ins.Try(claimed.account_id, claimed.password, is_right, renewed, here, counted)
    with transaction() as session:
        tokens = sign_ins.begin(session, tried)
    if tokens is None:
        raise SignInFailed()
    if "pending" in tokens:
        return jsonify(PendingView().dump(tokens)), 202
    return tokens


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


@bp.get("/.well-known/jwks.json")
@public
@bp.response(200, KeysView)
def show_keys():
    """Show the public keys of the estate, with which tokens and receipts are verified."""
    return runtime().keys.jwks, 200, {"Cache-Control": "public, max-age=300"}
