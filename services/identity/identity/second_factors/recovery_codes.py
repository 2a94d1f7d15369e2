"""Recovery codes: shown once, each good once; 130 random bits need no salt (ASVS 6.5.2)."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from identity.links import digest
from identity.mails import write
from identity.models import Account, MailKind, RecoveryCode
from identity.rules.second_factors import RECOVERY_CODES

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LENGTH, _GROUP = 25, 5
"""25 letters of 5 bits in 5 groups."""


def renew(session: Session, account: Account) -> list[str]:
    """Make new codes; the old ones are void."""
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes = [_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(hash=_hash(code), account_id=account.id) for code in codes)
    session.flush()
    return codes


def use(session: Session, account: Account, code: str) -> bool:
    """Whether this is an unused code of the person, which it is no more from now on.

    account: its row, locked.
    """
    found = session.get(RecoveryCode, _hash(code), populate_existing=True)
    if found is None or found.account_id != account.id or found.used_at is not None:
        return False
    found.used_at = now(session)
    write(session, account.id, MailKind.SECOND_FACTOR_CHANGED)
    return True


def _code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def _hash(code: str) -> str:
    return digest(code.replace("-", "").replace(" ", "").upper())
