"""Sign-ins: begun with a password, prolonged by rotated refresh tokens, ended."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.web.access import TOKEN_LIFE, Principal, access_token
from identity import queries
from identity.accounts import keep_password, locked, password_of
from identity.links import digest
from identity.models import Account, Organisation, RefreshToken, SignInSession
from identity.passwords import Hash
from identity.rules.dates import REFRESH_LIFE, SESSION_LIFE
from identity.rules.refusals import SignInFailed
from identity.rules.states import may_sign_in

Tokens = dict[str, Any]


def begin(session: Session, account_id: UUID, checked: Hash, renewed: Hash | None) -> Tokens:
    """Sign a person in whose password was found right; raises SignInFailed.

    checked: the hash it was found right against, before this transaction. renewed: one of today's
    strength, to be kept instead.
    """
    account = locked(session, account_id)
    if password_of(account) != checked or not _may_act(session, account):
        raise SignInFailed()
    if renewed is not None:
        keep_password(account, renewed)
    opened = SignInSession(account_id=account.id, begun_at=now(session))
    session.add(opened)
    session.flush()
    return _tokens(session, account, opened)


def prolong(session: Session, token: str) -> Tokens | None:
    """Exchange a refresh token for new tokens, once; None when that is not possible.

    A token that comes a second time was copied: the sign-in ends for everybody who has it.
    """
    found = session.get(RefreshToken, digest(token))
    if found is None or found.expires_at <= now(session):
        return None
    opened = session.get_one(SignInSession, found.session_id)
    if not spend(session, found):
        end(session, opened.id)
        return None
    account = session.get_one(Account, opened.account_id)
    session.refresh(opened)
    too_old = opened.begun_at + SESSION_LIFE <= now(session)
    if opened.ended_at is not None or too_old or not _may_act(session, account):
        return None
    return _tokens(session, account, opened)


def spend(session: Session, token: RefreshToken) -> bool:
    """Mark a refresh token as used; of several at the same time one succeeds."""
    unused = sa.update(RefreshToken).where(
        RefreshToken.hash == token.hash, RefreshToken.used_at.is_(None)
    )
    spent = session.execute(unused.values(used_at=now(session)))
    return spent.rowcount == 1  # type: ignore[attr-defined]


def end(session: Session, session_id: UUID) -> None:
    """End one sign-in: it cannot be prolonged any more."""
    still_open = sa.update(SignInSession).where(
        SignInSession.id == session_id, SignInSession.ended_at.is_(None)
    )
    session.execute(still_open.values(ended_at=now(session)))


def _may_act(session: Session, account: Account) -> bool:
    if account.organisation_id is None:
        return False
    organisation = session.get_one(Organisation, account.organisation_id)
    return may_sign_in(account.state, account.screening, organisation.relation_ended_at is not None)


def _tokens(session: Session, account: Account, opened: SignInSession) -> Tokens:
    refresh = secrets.token_urlsafe(32)
    at = now(session)
    session.add(
        RefreshToken(
            hash=digest(refresh), session_id=opened.id, expires_at=at + REFRESH_LIFE, used_at=None
        )
    )
    person = Principal(
        account_id=account.id,
        organisation_id=account.organisation_id,
        roles=frozenset(queries.roles_of(session, account)),
        country=account.country or "",
        epoch=account.epoch,
        session_id=str(opened.id),
    )
    return {
        "access_token": access_token(session.info["runtime"].keys, person, at),
        "token_type": "Bearer",
        "expires_in": int(TOKEN_LIFE.total_seconds()),
        "refresh_token": refresh,
    }
