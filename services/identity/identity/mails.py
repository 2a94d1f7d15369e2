"""Mails that are to go out: who is to be told what; addresses and links are made when it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.messaging import wake_worker
from identity.models import Account, Mail, MailKind
from identity.rules.dates import MAIL_LEASE


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
    afresh = {"next_try_at": at, "attempts": 0, "sent_at": None}
    asked = insert(session, Mail).values(account_id=account_id, kind=kind, **afresh)
    gone: sa.ColumnElement[bool] = Mail.sent_at.is_not(None)
    if at_most_every is not None:
        gone = sa.and_(gone, Mail.sent_at <= at - at_most_every)
    session.execute(
        asked.on_conflict_do_update(
            index_elements=[Mail.account_id, Mail.kind], set_=afresh, where=gone
        )
    )
    wake_worker(session)


def next_due(session: Session) -> tuple[UUID, MailKind] | None:
    """The mail that waits longest, of those that are due."""
    due = sa.select(Mail).where(Mail.sent_at.is_(None), Mail.next_try_at <= now(session))
    mail = session.scalars(due.order_by(Mail.next_try_at).limit(1)).one_or_none()
    return None if mail is None else (mail.account_id, mail.kind)


def claim(session: Session, account: Account, kind: MailKind) -> Claim | None:
    """Take a mail for a while, so that no other worker sends it; None when another has it.

    account: its row, locked.
    """
    mail = session.get(Mail, (account.id, kind), with_for_update=True, populate_existing=True)
    if mail is None or mail.sent_at is not None or mail.next_try_at > now(session):
        return None
    mail.attempts += 1
    mail.next_try_at = now(session) + MAIL_LEASE
    return Claim(account.id, kind, mail.attempts)


def note_sent(session: Session, claim: Claim) -> None:
    """The mail is on its way; the row stays for a while, to keep strangers from asking often."""
    session.execute(_of(sa.update(Mail), claim).values(sent_at=now(session)))


def postpone(session: Session, claim: Claim, wait: timedelta | None) -> None:
    """Try again after a while; None: give up."""
    if wait is None:
        session.execute(_of(sa.delete(Mail), claim))
    else:
        session.execute(_of(sa.update(Mail), claim).values(next_try_at=now(session) + wait))


def _of(statement, claim: Claim):
    return statement.where(
        Mail.account_id == claim.account_id,
        Mail.kind == claim.kind,
        Mail.attempts == claim.attempt,
        Mail.sent_at.is_(None),
    )
