"""Sign-ins whose password was right and whose second factor is still due.

Its token is 256 random bits, good for five minutes and five tries; whatever moves the account's
epoch (another password, a block, other factors) voids it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from common.clock import now
from identity.accounts import locked
from identity.links import digest
from identity.models import Account, PendingSignIn
from identity.rules.refusals import SignInFailed
from identity.rules.second_factors import MOST_TRIES, PENDING_LIFE, Method
from identity.second_factors import factors, passkeys, recovery_codes, totp


@dataclass(frozen=True)
class Proven:
    """The second factor was right. recovery_codes: made, if it was the first one."""

    recovery_codes: list[str] | None = None


def begin(session: Session, account: Account) -> dict[str, Any] | None:
    """What is still due after the right password; None when nothing is.

    account: its row, locked.
    """
    ways = factors.methods(session, account.id)
    if not ways:
        if not factors.must_have_one(session, account):
            return None
        ways = [Method.ENROL]
    token = secrets.token_urlsafe(32)
    session.add(
        PendingSignIn(
            hash=digest(token),
            account_id=account.id,
            epoch=account.epoch,
            expires_at=now(session) + PENDING_LIFE,
        )
    )
    due = {
        "pending": token,
        "methods": ways,
        "expires_in": int(PENDING_LIFE.total_seconds()),
    }
    if Method.PASSKEY in ways:
        due["passkey_options"] = passkeys.sign_in_options(session, account)
    return due


def enrol(session: Session, token: str) -> dict[str, Any]:
    """Let somebody who must have a second factor and has none set one up; raises SignInFailed."""
    _, account = open_one(session, token)
    if factors.methods(session, account.id):
        raise SignInFailed()
    return totp.prepare(session, account)


def prove(
    session: Session, waiting: PendingSignIn, account: Account, proof: dict[str, Any]
) -> Proven | None:
    """Whether this is the person's second factor; None when it is not, and the try is counted.

    account: its row, locked. Raises TooManyCodes.
    """
    waiting.tries += 1
    if not factors.methods(session, account.id):
        return _enrolled(session, account, proof)
    if not _is_right(session, account, proof):
        return None
    session.delete(waiting)
    return Proven()


def open_one(session: Session, token: str) -> tuple[PendingSignIn, Account]:
    """A pending sign-in that is good still, and its account's row, locked; raises SignInFailed."""
    known = session.get(PendingSignIn, digest(token))
    if known is None:
        raise SignInFailed()
    account = locked(session, known.account_id)
    waiting = session.get(PendingSignIn, known.hash, populate_existing=True)
    if waiting is None or waiting.tries >= MOST_TRIES or waiting.epoch != account.epoch:
        raise SignInFailed()
    if waiting.expires_at <= now(session):
        raise SignInFailed()
    return waiting, account


def _is_right(session: Session, account: Account, proof: dict[str, Any]) -> bool:
    if "code" in proof:
        return totp.use(session, account, proof["code"])
    if "recovery_code" in proof:
        return recovery_codes.use(session, account, proof["recovery_code"])
    return passkeys.use(session, account, proof["passkey"])


def _enrolled(session: Session, account: Account, proof: dict[str, Any]) -> Proven | None:
    if "code" not in proof or not totp.confirm(session, account, proof["code"]):
        return None
    codes = recovery_codes.renew(session, account)
    factors.changed(session, account, "add", keep=None)
    return Proven(codes)
