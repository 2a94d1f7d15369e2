"""The only way in: an event is handled by a subscription once, however often it comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase, insert_for
from common.privacy.personal import technical

STALE: Final = "stale"
"""A handler returns this when it knows something newer already."""

KEPT_FOR = timedelta(days=30)
"""Longer than anything can be replayed."""


class InboxRow(CommonBase):
    """An event that a subscription has handled."""

    __tablename__ = "inbox"

    subscription: Mapped[str] = mapped_column(
        sa.String(120), primary_key=True, info=technical("service.function")
    )
    event_id: Mapped[UUID] = mapped_column(primary_key=True, info=technical("CloudEvents id"))
    handled_at: Mapped[datetime] = mapped_column(index=True, info=technical("for the clean-up"))


def take(session: Session, subscription: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Enter events as handled; return those that were not entered before."""
    at = now(session)
    rows = [
        {"subscription": subscription, "event_id": event_id, "handled_at": at}
        for event_id in dict.fromkeys(event_ids)
    ]
    connection = session.connection()
    return set(connection.execute(_entering(connection.dialect.name), rows).scalars())


@cache
def _entering(dialect: str) -> Any:
    entered = insert_for(dialect, InboxRow.__table__).on_conflict_do_nothing()
    return entered.returning(InboxRow.event_id)


def purge(session: Session) -> int:
    """Forget what was handled too long ago to come again; return how many rows went."""
    old = sa.delete(InboxRow).where(InboxRow.handled_at < now(session) - KEPT_FOR)
    return int(session.execute(old).rowcount)  # type: ignore[attr-defined]
