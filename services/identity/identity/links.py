"""Links in mails: a secret for one purpose, good once and for a while; only its hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from identity.accounts import locked
from identity.models import Account, LinkPurpose, LinkToken
from identity.rules.dates import ADDRESS_LIFE, LINK_LIFE, RECOVERY_LIFE
from identity.rules.refusals import LinkNotValid
from identity.rules.states import HIDDEN

PATHS = {
    LinkPurpose.CONFIRM: "/confirm",
    LinkPurpose.SET_PASSWORD: "/password",
    LinkPurpose.RECOVER: "/password",
    LinkPurpose.CHANGE_ADDRESS: "/address",
}
"""Pages of the gateway that a link leads to."""

LIVES = {
    LinkPurpose.CONFIRM: LINK_LIFE,
    LinkPurpose.SET_PASSWORD: LINK_LIFE,
    LinkPurpose.RECOVER: RECOVERY_LIFE,
    LinkPurpose.CHANGE_ADDRESS: ADDRESS_LIFE,
}
"""How long a link is good for, from when its mail goes out."""

FOR_PASSWORD = (LinkPurpose.SET_PASSWORD, LinkPurpose.RECOVER)
"""What a new password can be set with: the first one after an appointment, or a forgotten one."""

ONCE = frozenset(LinkPurpose) - {LinkPurpose.CONFIRM}
"""What a link is good for a single time; a second confirmation changes nothing by itself."""


@dataclass(frozen=True)
class Link:
    """A link as it is mailed, and never known again."""

    path: str
    expires_at: datetime


def make(session: Session, account: Account, purpose: LinkPurpose) -> Link:
    """Make a new link; earlier unused ones are void (S39)."""
    void(session, account, purpose)
    token = secrets.token_urlsafe(32)
    made = LinkToken(
        hash=digest(token),
        account_id=account.id,
        purpose=purpose,
        expires_at=now(session) + LIVES[purpose],
    )
    session.add(made)
    return Link(f"{PATHS[purpose]}?token={token}", made.expires_at)


def void(session: Session, account: Account, *purposes: LinkPurpose) -> None:
    """Unused links of an account for these purposes are good no more (S39)."""
    unused = sa.delete(LinkToken).where(
        LinkToken.account_id == account.id,
        LinkToken.purpose.in_(purposes),
        LinkToken.used_at.is_(None),
    )
    session.execute(unused)


def use(session: Session, token: str, *purposes: LinkPurpose) -> Account:
    """The account a link for one of these purposes is for, locked; raises LinkNotValid."""
    account = locked(session, find(session, token, *purposes).account_id)
    found = find(session, token, *purposes)
    if account.state in HIDDEN or (found.used_at is not None and found.purpose in ONCE):
        raise LinkNotValid("It was used before.")
    found.used_at = now(session)
    return account


def find(session: Session, token: str, *purposes: LinkPurpose) -> LinkToken:
    """A link that is not too old, used or not; raises LinkNotValid."""
    found = session.get(LinkToken, digest(token), populate_existing=True)
    if found is None or found.purpose not in purposes or found.expires_at <= now(session):
        raise LinkNotValid("It is too old, or a newer one was sent.")
    return found


def digest(token: str) -> str:
    """What is kept of a token: 256 random bits need no salt and no pepper."""
    return hashlib.sha256(token.encode()).hexdigest()
