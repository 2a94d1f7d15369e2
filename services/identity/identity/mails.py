"""Mails that are to go out: who is to be told what; addresses and links are made when it goes.

A mail that was refused for days is given up: its row stays, without address and text, until an
operator has it tried again or drops it (`python -m identity mails`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.messaging import wake_worker
from identity.models import Account, Mail, MailKind
from identity.rules.dates import MAIL_LEASE

_WAITS = sa.and_(Mail.sent_at.is_(None), Mail.given_up_at.is_(None))


@dataclass(frozen=True)
class Claim:
    """A mail that this worker tries now; attempt: how often it was tried, this time included."""

    account_id: UUID
    kind: MailKind
    attempt: int


def write(
    session: Session, account_id: UUID, kind: MailKind, *, at_most_every: timedelta | None = None
) -> None:
    """Have a person told something; what still waits to go out is not asked for twice.

    at_most_every: where strangers cause the mail, how soon after the last one it goes again.
    """
    at = now(session)
    afresh = _afresh(session)
    asked = insert(session, Mail).values(account_id=account_id, kind=kind, **afresh)
    over = sa.func.coalesce(Mail.sent_at, Mail.given_up_at)
    again = over.is_not(None) if at_most_every is None else over <= at - at_most_every
    session.execute(
        asked.on_conflict_do_update(
            index_elements=[Mail.account_id, Mail.kind], set_=afresh, where=again
        )
    )
    wake_worker(session)


def next_due(session: Session) -> tuple[UUID, MailKind] | None:
    """The mail that waits longest, of those that are due."""
    due = sa.select(Mail).where(_WAITS, Mail.next_try_at <= now(session))
    mail = session.scalars(due.order_by(Mail.next_try_at).limit(1)).one_or_none()
    return None if mail is None else (mail.account_id, mail.kind)


def claim(session: Session, account: Account, kind: MailKind) -> Claim | None:
    """Take a mail for a while, so that no other worker sends it; None when another has it.

    account: its row, locked.
    """
    mail = session.get(Mail, (account.id, kind), with_for_update=True, populate_existing=True)
    if mail is None or mail.sent_at or mail.given_up_at or mail.next_try_at > now(session):
        return None
    mail.attempts += 1
    mail.next_try_at = now(session) + MAIL_LEASE
    return Claim(account.id, kind, mail.attempts)


def note_sent(session: Session, claim: Claim) -> None:
    """The mail is on its way; the row stays for a while, to keep strangers from asking often."""
    session.execute(_of(sa.update(Mail), claim).values(sent_at=now(session)))


def postpone(session: Session, claim: Claim, wait: timedelta) -> None:
    """Try again after a while."""
    session.execute(_of(sa.update(Mail), claim).values(next_try_at=now(session) + wait))


def give_up(session: Session, claim: Claim) -> None:
    """Leave the mail to the operator."""
    session.execute(_of(sa.update(Mail), claim).values(given_up_at=now(session)))


def forget(session: Session, claim: Claim) -> None:
    """What the mail says is not true any more, or not wanted."""
    session.execute(_of(sa.delete(Mail), claim))


def given_up(
    session: Session, account_id: UUID | None = None, kind: MailKind | None = None
) -> list[Mail]:
    """Mails that were given up, the first of them first; of one account and kind if given."""
    found = sa.select(Mail).where(Mail.given_up_at.is_not(None))
    if account_id is not None:
        found = found.where(Mail.account_id == account_id)
    if kind is not None:
        found = found.where(Mail.kind == kind)
    return list(session.scalars(found.order_by(Mail.given_up_at, Mail.account_id, Mail.kind)))


def retry(session: Session, mail: Mail) -> None:
    """Try a mail that was given up as if it had just been written."""
    for name, value in _afresh(session).items():
        setattr(mail, name, value)
    wake_worker(session)


def _afresh(session: Session) -> dict[str, Any]:
    return {"next_try_at": now(session), "attempts": 0, "sent_at": None, "given_up_at": None}


def _of(statement, claim: Claim):
    return statement.where(
        Mail.account_id == claim.account_id,
        Mail.kind == claim.kind,
        Mail.attempts == claim.attempt,
        _WAITS,
    )
