"""Sign-ins that go on: which there are, and their end.

Each is over 7 days after its last use and 30 days after it began; a person has at most 20. Ending
one moves the account's epoch, so that its access token is void in every service at once; the
person's others go on by their refresh tokens (S30-S36).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from identity.accounts import end_sessions
from identity.models import Account, RefreshToken, SignInSession
from identity.rules.dates import REFRESH_LIFE, SESSION_LIFE

MOST = 20


def shown(session: Session, account_id: UUID, current: UUID) -> list[dict[str, Any]]:
    """Sign-ins of a person that go on, as SessionView shows them, the newest first."""
    last = sa.func.max(RefreshToken.expires_at)
    found = (
        sa.select(SignInSession, last)
        .join(RefreshToken, RefreshToken.session_id == SignInSession.id)
        .where(SignInSession.id.in_(still_open(session, account_id)))
        .group_by(SignInSession.id)
        .order_by(SignInSession.id.desc())
    )
    return [
        {
            "id": opened.id,
            "begun_at": opened.begun_at,
            "last_used_at": expires_at - REFRESH_LIFE,
            "network": opened.network,
            "client": opened.client,
            "current": opened.id == current,
        }
        for opened, expires_at in session.execute(found)
    ]


def still_open(session: Session, account_id: UUID) -> sa.Select[UUID]:
    """Ids of sign-ins of a person that can still be prolonged."""
    at = now(session)
    alive = sa.exists().where(
        RefreshToken.session_id == SignInSession.id,
        RefreshToken.used_at.is_(None),
        RefreshToken.expires_at > at,
    )
    return sa.select(SignInSession.id).where(
        SignInSession.account_id == account_id,
        SignInSession.ended_at.is_(None),
        SignInSession.begun_at > at - SESSION_LIFE,
        alive,
    )


def is_open(session: Session, account_id: UUID, session_id: UUID) -> bool:
    """Whether this sign-in is the person's and goes on."""
    own = still_open(session, account_id).where(SignInSession.id == session_id)
    return session.scalar(own) is not None


def end(session: Session, account: Account, session_id: UUID) -> bool:
    """End one sign-in of a person, at once everywhere; False when it was over.

    account: its row, locked.
    """
    if not is_open(session, account.id, session_id):
        return False
    end_sessions(session, account, only=[session_id])
    return True


def end_surplus(session: Session, account: Account) -> None:
    """End the oldest of more sign-ins than a person may have.

    account: its row, locked.
    """
    oldest = still_open(session, account.id).order_by(SignInSession.id.desc()).offset(MOST)
    if surplus := session.scalars(oldest).all():
        end_sessions(session, account, only=surplus)
