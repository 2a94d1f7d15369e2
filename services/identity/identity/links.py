"""Links in mails: a secret for one purpose, good once and for a while; only its hash is kept."""

from __future__ import annotations

import hashlib
import secrets

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from identity.accounts import locked
from identity.models import Account, LinkPurpose, LinkToken
from identity.rules.dates import LINK_LIFE
from identity.rules.refusals import LinkNotValid
from identity.rules.states import HIDDEN

PATHS = {LinkPurpose.CONFIRM: "/confirm", LinkPurpose.SET_PASSWORD: "/password"}
"""Pages of the gateway that a link leads to."""

ONCE = frozenset({LinkPurpose.SET_PASSWORD})
"""What a link is good for a single time; a second confirmation changes nothing by itself."""


def make(session: Session, account: Account, purpose: LinkPurpose) -> str:
    """Make the token of a new link; earlier unused ones are void (S39)."""
    token = secrets.token_urlsafe(32)
    session.execute(
        sa.delete(LinkToken).where(
            LinkToken.account_id == account.id,
            LinkToken.purpose == purpose,
            LinkToken.used_at.is_(None),
        )
    )
    session.add(
        LinkToken(
            hash=digest(token),
            account_id=account.id,
            purpose=purpose,
            expires_at=now(session) + LINK_LIFE,
        )
    )
    return token


def use(session: Session, token: str, purpose: LinkPurpose) -> Account:
    """The account a link is for, locked; raises LinkNotValid."""
    account = locked(session, find(session, token, purpose).account_id)
    found = find(session, token, purpose)
    if account.state in HIDDEN or (found.used_at is not None and purpose in ONCE):
        raise LinkNotValid("It was used before.")
    found.used_at = now(session)
    return account


def find(session: Session, token: str, purpose: LinkPurpose) -> LinkToken:
    """A link that is not too old, used or not; raises LinkNotValid."""
    found = session.get(LinkToken, digest(token), populate_existing=True)
    if found is None or found.purpose is not purpose or found.expires_at <= now(session):
        raise LinkNotValid("It is too old, or a newer one was sent.")
    return found


def digest(token: str) -> str:
    """What is kept of a token: 256 random bits need no salt and no pepper."""
    return hashlib.sha256(token.encode()).hexdigest()
