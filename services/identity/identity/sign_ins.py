"""Signing in: begun with a password, prolonged by rotated refresh tokens (S29-S36)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.ids import uuid7
from common.web.access import Principal, access_token
from identity import queries, representatives, sessions, throttles
from identity.accounts import keep_password, locked, password_of
from identity.links import digest
from identity.models import Account, Organisation, Outcome, RefreshToken, SignInSession, SignInTry
from identity.passwords import Hash
from identity.rules.dates import REFRESH_LIFE, SESSION_LIFE
from identity.rules.origins import Origin
from identity.rules.refusals import SignInOver
from identity.rules.states import may_sign_in
from identity.second_factors import pending
from identity.throttles import Counted

Tokens = dict[str, Any]
_REFRESH_TOKENS: Any = RefreshToken.__table__
_TRIES: Any = SignInTry.__table__


@dataclass(frozen=True)
class Try:
    """A try to sign in whose password was looked at, before any transaction.

    account_id: queries.NOBODY's where nobody has the address. renewed: a hash of today's strength,
    to be kept instead.
    """

    account_id: UUID
    password: Hash | None
    is_right: bool
    renewed: Hash | None
    origin: Origin
    counted: Counted


def begin(session: Session, tried: Try) -> Tokens | None:
    """Sign a person in; None, after the same work whatever the reason, when that cannot be.

    Where a second factor is due, the answer is a pending sign-in instead of tokens.
    """
    account, organisation = _locked_with_organisation(session, tried.account_id)
    is_right = account is not None and tried.is_right and password_of(account) == tried.password
    if account is None or not is_right or not _may_act(session, account, organisation):
        outcome = Outcome.NOT_PERMITTED if is_right else Outcome.WRONG_PASSWORD
        fail(session, tried.account_id, outcome, tried.origin, tried.counted)
        return None
    if tried.renewed is not None:
        keep_password(account, tried.renewed)
    if (due := pending.begin(session, account)) is not None:
        throttles.take_back(session, tried.counted)
        return due
    return open_session(session, account, tried.origin, tried.counted)


def open_session(session: Session, account: Account, origin: Origin, counted: Counted) -> Tokens:
    """Begin a sign-in of somebody who proved who they are; beyond 20 the oldest ends.

    account: its row, locked. counted: empty where nothing was guessed.
    """
    opened = SignInSession(
        account_id=account.id,
        begun_at=now(session),
        network=origin.network,
        client=origin.client,
    )
    session.add(opened)
    session.flush()
    if counted:
        throttles.clear(session, counted)
    _note(session, account.id, Outcome.OK, origin)
    tokens = _refresh_token(session, opened.id)
    sessions.end_surplus(session, account)
    return {**_access_token(session, account, opened.id), **tokens}


def fail(
    session: Session, account_id: UUID, outcome: Outcome, origin: Origin, counted: Counted
) -> None:
    """Note that signing in failed; for NOBODY the same statements note nothing."""
    if counted:
        throttles.keep(session, counted)
    _note(session, account_id, outcome, origin)


def prolong(session: Session, token: str) -> Tokens | None:
    """Exchange a refresh token for new tokens, once; None when that is not possible.

    A token that comes a second time was copied: the sign-in ends for everybody who has it.
    """
    found, at = digest(token), now(session)
    session_id = session.scalar(_spend(), {"found": found, "at": at})
    if session_id is None:
        _end_if_copied(session, found)
        return None
    opened, account, organisation = session.execute(_acting(), {"session_id": session_id}).one()
    too_old = opened.begun_at + SESSION_LIFE <= at
    if opened.ended_at is not None or too_old or not _may_act(session, account, organisation):
        return None
    return _tokens(session, account, session_id)


def renew(session: Session, account: Account, session_id: UUID) -> Tokens:
    """New tokens for a sign-in that goes on; its earlier ones are void. Raises SignInOver.

    account: its row, locked.
    """
    if not sessions.is_open(session, account.id, session_id):
        raise SignInOver()
    earlier = sa.update(RefreshToken).where(
        RefreshToken.session_id == session_id, RefreshToken.used_at.is_(None)
    )
    session.execute(earlier.values(used_at=now(session)))
    return _tokens(session, account, session_id)


def may_act(session: Session, account: Account) -> bool:
    """Whether somebody may sign in now. account: its row, locked."""
    return _may_act(session, account, session.get(Organisation, account.organisation_id))


def _locked_with_organisation(
    session: Session, account_id: UUID
) -> tuple[Account | None, Organisation | None]:
    row = session.execute(_locking(), {"account_id": account_id}).one_or_none()
    return (None, None) if row is None else (row[0], row[1])


def _may_act(session: Session, account: Account, organisation: Organisation | None) -> bool:
    if organisation is None or representatives.lacks_contract(session, account):
        return False
    return may_sign_in(account.state, account.screening, organisation.relation_ended_at is not None)


def _end_if_copied(session: Session, token_hash: str) -> None:
    owner = (
        sa.select(SignInSession.account_id, SignInSession.id)
        .join(RefreshToken, RefreshToken.session_id == SignInSession.id)
        .where(RefreshToken.hash == token_hash, RefreshToken.expires_at > now(session))
    )
    row = session.execute(owner).one_or_none()
    if row is not None:
        sessions.end(session, locked(session, row.account_id), row.id)


def _tokens(session: Session, account: Account, session_id: UUID) -> Tokens:
    access = _access_token(session, account, session_id)
    return {**access, **_refresh_token(session, session_id)}


def _refresh_token(session: Session, session_id: UUID) -> Tokens:
    refresh = secrets.token_urlsafe(32)
    made = {"hash": digest(refresh), "session_id": session_id}
    session.execute(sa.insert(_REFRESH_TOKENS), made | {"expires_at": now(session) + REFRESH_LIFE})
    return {"refresh_token": refresh}


def _access_token(session: Session, account: Account, session_id: UUID) -> Tokens:
    life = representatives.token_life(session, account)
    person = Principal(
        account_id=account.id,
        organisation_id=account.organisation_id,
        roles=frozenset(queries.roles_of(session, account)),
        country=account.country or "",
        epoch=account.epoch,
        session_id=str(session_id),
    )
    return {
        "access_token": access_token(session.info["runtime"].keys, person, now(session), life),
        "token_type": "Bearer",
        "expires_in": int(life.total_seconds()),
    }


def _note(session: Session, account_id: UUID, outcome: Outcome, origin: Origin) -> None:
    facts = {
        "new_id": uuid7(),
        "when": now(session),
        "outcome": outcome,
        "network": origin.network,
        "client": origin.client,
        "owner": account_id,
    }
    session.connection().execute(_noting(), facts)


@cache
def _noting() -> Any:
    """Statement that notes a try of an account that exists, and nothing of any other."""
    columns, owner = _TRIES.c, sa.bindparam("owner", type_=Account.id.type)
    noted = sa.select(
        sa.bindparam("new_id", type_=columns.id.type),
        Account.id,
        sa.bindparam("when", type_=columns.at.type),
        sa.bindparam("outcome", type_=columns.outcome.type),
        sa.bindparam("network", type_=columns.network.type),
        sa.bindparam("client", type_=columns.client.type),
    ).where(Account.id == owner)
    names = ["id", "account_id", "at", "outcome", "network", "client"]
    return sa.insert(_TRIES).from_select(names, noted)


@cache
def _spend() -> Any:
    """Statement that marks a refresh token as used; of several at the same time one succeeds."""
    at = sa.bindparam("at", type_=RefreshToken.expires_at.type)
    unused = sa.update(_REFRESH_TOKENS).where(
        RefreshToken.hash == sa.bindparam("found"),
        RefreshToken.used_at.is_(None),
        RefreshToken.expires_at > at,
    )
    return unused.values(used_at=at).returning(RefreshToken.session_id)


@cache
def _acting() -> Any:
    """Statement that reads a sign-in with whose it is and for whom they act."""
    session_id = sa.bindparam("session_id", type_=SignInSession.id.type)
    return (
        sa.select(SignInSession, Account, Organisation)
        .join(Account, Account.id == SignInSession.account_id)
        .outerjoin(Organisation, Organisation.id == Account.organisation_id)
        .where(SignInSession.id == session_id)
    )


@cache
def _locking() -> Any:
    """Statement that locks an account and reads for whom it acts, as they are now."""
    account_id = sa.bindparam("account_id", type_=Account.id.type)
    return (
        sa.select(Account, Organisation)
        .outerjoin(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.id == account_id)
        .with_for_update(of=Account)
        .execution_options(populate_existing=True)
    )
