"""Sign-ins that go on: which one has, and their end; and the tries there were."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from flask import Response
from sqlalchemy.orm import Session

from common.refusals import NotFound
from common.web import Page, authorise, page, principal, reading, transaction, while_restricted
from identity import queries, sessions
from identity.accounts import end_sessions
from identity.models import Account, SignInTry
from identity.routes.blueprint import bp
from identity.rules.states import HIDDEN
from identity.schemas.accounts import AccountView
from identity.schemas.sign_in import SessionView, SignInTryView


@bp.get("/sessions")
@while_restricted
@bp.response(200, SessionView(many=True))
def list_sessions():
    """List one's own sign-ins that go on, the newest first."""
    with reading() as session:
        person = authorise(session, "session.list")
        return sessions.shown(session, person.account_id, UUID(person.session_id))


@bp.delete("/sessions")
@while_restricted
@bp.response(204)
def end_all_sessions():
    """Sign out everywhere, here too."""
    with transaction() as session:
        end_sessions(session, _own_account(session))
    return Response(status=204)


@bp.delete("/sessions/current")
@while_restricted
@bp.response(204)
def sign_out():
    """Sign out: the tokens of this sign-in are void at once, everywhere."""
    with transaction() as session:
        sessions.end(session, _own_account(session), UUID(principal().session_id))
    return Response(status=204)


@bp.delete("/sessions/<uuid:session_id>")
@while_restricted
@bp.response(204)
def end_session(session_id):
    """End one of one's own sign-ins."""
    with transaction() as session:
        if not sessions.end(session, _own_account(session), session_id):
            raise NotFound()
    return Response(status=204)


@bp.post("/accounts/<uuid:account_id>/sessions/end")
@bp.response(200, AccountView)
def end_sessions_of_account(account_id):
    """End all sign-ins of a person; the account stays as it is."""
    with transaction() as session:
        account = authorise(session, "account.end-sessions", Account, account_id)
        if account.state in HIDDEN:
            raise NotFound()
        end_sessions(session, account)
        return queries.shown(session, [account])[0]


@bp.get("/accounts/me/sign-ins")
@while_restricted
@bp.arguments(Page, location="query")
@bp.response(200, SignInTryView(many=True))
def list_sign_ins(asked):
    """List the tries to sign in to one's own account in the last 90 days, the newest first."""
    with reading() as session:
        person = authorise(session, "sign-in.list")
        own = sa.select(SignInTry).where(SignInTry.account_id == person.account_id)
        found, headers = page(session, own, SignInTry.id, asked)
        return found, 200, headers


def _own_account(session: Session) -> Account:
    """The account of who is signed in, locked, to end sign-ins of."""
    account: Account = authorise(session, "session.end", Account, principal().account_id)
    return account
