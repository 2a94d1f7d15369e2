"""What is wrong with a service's audit: what was changed, is missing or stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.privacy.audit import AuditEntry
from common.privacy.chain import BEGINNING, HASHED, AuditAnchor, AuditSeal, AuditUnsealed, digest

PAGE = 5_000
PATIENCE = timedelta(hours=1)
"""So long an entry may wait for its seal."""
FEW = 30
"""Of so many faults it is looked whether they are rows that changed places."""


@dataclass(frozen=True)
class Kept:
    """An anchor of a chain, and the service that keeps it."""

    holder: str
    number: int
    hash: str


@dataclass(frozen=True)
class _Row:
    """A seal with its entry, and the hash that stands before it."""

    number: int
    hash: str
    previous: str
    entry: Any

    def fits(self, previous: str, number: int, hash_: str) -> bool:
        """Whether this entry at that place makes that hash."""
        return digest(previous, number, self.entry) == hash_


def anchors(session: Session, holder: str) -> dict[str, list[Kept]]:
    """What a service keeps of the heads of all services, by service."""
    found: dict[str, list[Kept]] = {}
    for each in session.scalars(sa.select(AuditAnchor).order_by(AuditAnchor.number)):
        found.setdefault(each.service, []).append(Kept(holder, each.number, each.hash))
    return found


def length(session: Session) -> int:
    """How many entries are sealed."""
    return session.scalar(sa.select(sa.func.count()).select_from(AuditSeal)) or 0


def faults(
    session: Session,
    kept: Sequence[Kept],
    at: datetime,
    told: Callable[[int], None] = lambda _: None,
) -> Iterator[str]:
    """A sentence on each fault of the chain in this database.

    kept: the anchors of it that services keep. at: now. told: how many seals were looked at.
    """
    suspects: list[_Row] = []
    expected, previous = 1, BEGINNING
    for row in _rows(session, told):
        gap = row["number"] != expected
        if gap:
            yield f"missing: seals {expected} to {row['number'] - 1}"
        if row["id"] is None:
            yield f"missing: entry {row['entry_id']}, number {row['number']}"
        elif not gap and digest(previous, row["number"], row) != row["hash"]:
            suspects.append(_Row(row["number"], row["hash"], previous, row))
        expected, previous = row["number"] + 1, row["hash"]
    for each in suspects:
        kind = "reordered" if _moved(each, suspects) else "changed"
        yield f"{kind}: entry {each.entry['id']}, number {each.number}"
    yield from _unsealed(session, at)
    yield from _anchored(session, kept)


def _rows(session: Session, told: Callable[[int], None]) -> Iterator[Any]:
    """All seals by number, each with its entry where there is one."""
    entry = [getattr(AuditEntry, name) for name in HASHED]
    joined = sa.select(AuditSeal.number, AuditSeal.entry_id, AuditSeal.hash, *entry).outerjoin(
        AuditEntry, AuditEntry.id == AuditSeal.entry_id
    )
    last, count = None, 0
    while True:
        following = joined if last is None else joined.where(AuditSeal.number > last)
        rows = session.execute(following.order_by(AuditSeal.number).limit(PAGE)).mappings().all()
        if not rows:
            return
        yield from rows
        last, count = rows[-1]["number"], count + len(rows)
        told(count)


def _moved(row: _Row, suspects: Sequence[_Row]) -> bool:
    """Whether another entry of those in doubt fits this place, or this one another place."""
    if len(suspects) > FEW:
        return False
    hashes = {hash_ for each in suspects for hash_ in (each.hash, each.previous)}
    return any(each.fits(row.previous, row.number, row.hash) for each in suspects) or any(
        row.fits(hash_, each.number, row.hash) for each in suspects for hash_ in hashes
    )


def _unsealed(session: Session, at: datetime) -> Iterator[str]:
    """Entries that were never sealed, and waiting ones that are too old or gone."""
    sealed = sa.exists().where(AuditSeal.entry_id == AuditEntry.id)
    waits = sa.exists().where(AuditUnsealed.entry_id == AuditEntry.id)
    old = sa.select(AuditEntry.id, AuditEntry.at).where(
        ~sealed, ~waits | (AuditEntry.at < at - PATIENCE)
    )
    for entry_id, since in session.execute(old.order_by(AuditEntry.id)):
        yield f"unsealed: entry {entry_id} of {since.isoformat(timespec='seconds')}"
    there = sa.exists().where(AuditEntry.id == AuditUnsealed.entry_id)
    for entry_id in session.scalars(sa.select(AuditUnsealed.entry_id).where(~there)):
        yield f"missing: entry {entry_id}, which waited for its seal"


def _anchored(session: Session, kept: Sequence[Kept]) -> Iterator[str]:
    """Anchors that the chain does not reach or does not agree with."""
    numbers = {each.number for each in kept}
    found = sa.select(AuditSeal.number, AuditSeal.hash).where(AuditSeal.number.in_(numbers))
    hashes: dict[int, str] = dict(iter(session.execute(found)))
    for each in kept:
        if each.number not in hashes:
            yield f"behind anchor {each.number}, which {each.holder} keeps"
        elif hashes[each.number] != each.hash:
            yield f"differs from anchor {each.number}, which {each.holder} keeps"
