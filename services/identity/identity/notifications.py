"""What people are told about by mail: that something happened and where it is read, never what."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.mails import write
from identity.models import Account, MailKind, MutedTopic, Topic
from identity.rules.states import State


def tell(session: Session, account_id: UUID | None, kind: MailKind) -> None:
    """Have somebody told, if it is an account that may act; whether it is wanted is asked later."""
    if account_id is None:
        return
    account = session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if account is not None and account.state is State.ACTIVE:
        write(session, account.id, kind)


def is_muted(session: Session, account: Account, topic: Topic | None) -> bool:
    """Whether a person gets no mail about a topic now; None is what cannot be switched off.

    While the use of the data is restricted, nobody is written to but about the account itself.
    """
    if topic is None:
        return False
    if account.restricted_at is not None:
        return True
    return session.get(MutedTopic, (account.id, topic)) is not None


def chosen(session: Session, account_id: UUID) -> dict[str, bool]:
    """Of each topic, whether a person is told about it by mail."""
    muted = sa.select(MutedTopic.topic).where(MutedTopic.account_id == account_id)
    off = set(session.scalars(muted))
    return {topic.value: topic not in off for topic in Topic}


def choose(session: Session, account_id: UUID, muted: Iterable[Topic]) -> None:
    """Keep what a person wants no mail about, instead of what was kept before.

    The account's row is locked.
    """
    session.execute(sa.delete(MutedTopic).where(MutedTopic.account_id == account_id))
    session.add_all(MutedTopic(account_id=account_id, topic=topic) for topic in muted)
