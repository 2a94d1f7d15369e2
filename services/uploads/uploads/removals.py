"""Objects that no document refers to: noted before they are written, so that none is forgotten."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.messaging import wake_worker
from uploads.models import Removal
from uploads.rules import TIME_TO_STORE, wait_before_try


def expect(session: Session, object_key: str) -> None:
    """Note an object that is about to be written; unless it is adopted in time, it goes."""
    session.add(Removal(object_key=object_key, next_try_at=now(session) + TIME_TO_STORE))


def adopt(session: Session, object_key: str) -> bool:
    """Take an object off the list because a document refers to it now; False when it is too late.

    Once its removal has begun it may be half gone, whatever the store still answers.
    """
    untouched = sa.delete(Removal).where(Removal.object_key == object_key, Removal.attempts == 0)
    return bool(session.execute(untouched).rowcount)  # type: ignore[attr-defined]


def order(session: Session, object_keys: list[str]) -> None:
    """Have objects removed now, whose documents this transaction deletes."""
    if object_keys:
        due = [{"object_key": key, "next_try_at": now(session)} for key in object_keys]
        session.execute(sa.insert(Removal), due)
        wake_worker(session)


def claim(session: Session, at_most: int) -> list[str]:
    """Keys of objects that are due; nobody else gets them before their next try."""
    due = sa.select(Removal).where(Removal.next_try_at <= now(session))
    oldest: Any = due.order_by(Removal.next_try_at).limit(at_most)
    rows = session.scalars(oldest.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.attempts += 1
        row.next_try_at = now(session) + wait_before_try(row.attempts)
    return [row.object_key for row in rows]


def finish(session: Session, object_key: str) -> None:
    """Forget an object that the store has confirmed to be gone."""
    session.execute(sa.delete(Removal).where(Removal.object_key == object_key))
