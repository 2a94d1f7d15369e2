"""Challenges for passkeys: random, good once, for one purpose and one person, for five minutes."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from identity.models import ChallengePurpose, PasskeyChallenge
from identity.rules.second_factors import CHALLENGE_LIFE


def make(session: Session, purpose: ChallengePurpose, account_id: UUID | None) -> bytes:
    """Make one. account_id: None where nobody is known yet."""
    challenge = secrets.token_bytes(32)
    session.add(
        PasskeyChallenge(
            hash=_hash(challenge),
            purpose=purpose,
            account_id=account_id,
            expires_at=now(session) + CHALLENGE_LIFE,
        )
    )
    return challenge


def take(
    session: Session, challenge: bytes, purpose: ChallengePurpose, account_id: UUID | None
) -> bool:
    """Whether this one was made for that and is good still; of several takers one gets it."""
    asked = sa.delete(PasskeyChallenge).where(
        PasskeyChallenge.hash == _hash(challenge),
        PasskeyChallenge.purpose == purpose,
        PasskeyChallenge.account_id.is_not_distinct_from(account_id),
        PasskeyChallenge.expires_at > now(session),
    )
    return session.execute(asked).rowcount == 1  # type: ignore[attr-defined]


def _hash(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()
