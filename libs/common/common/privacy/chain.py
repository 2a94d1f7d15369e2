"""The chain over the audit: each entry is numbered and hashed with all before it.

Every other service keeps the heads. Whoever owns the tables can drop the triggers and rewrite
entries and seals alike; what the others keep of the head then differs: `portalctl audit verify`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rfc8785
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase, insert
from common.events.catalogue import AuditHeadAnchored
from common.messaging.outbox import publish
from common.privacy.audit import AuditEntry
from common.privacy.personal import technical

BEGINNING = "0" * 64
BATCH = 1_000
MANY = 10_000
"""So many entries are not sealed without an anchor, however short the time."""
_LOCK = 0x5EA1ED
HASHED = ("id", "at", "actor", "action", "subject", "person", "row_table", "row_id")
"""What of an entry its hash covers: all of it."""


class AuditSeal(CommonBase):
    """The place of an entry in the chain; rows are only ever added."""

    __tablename__ = "audit_seals"

    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=False,
        info=technical("place in the chain, from 1"),
    )
    entry_id: Mapped[UUID] = mapped_column(unique=True, info=technical("which entry"))
    hash: Mapped[str] = mapped_column(
        sa.String(64), info=technical("SHA-256 over the hash before and the entry")
    )
    sealed_at: Mapped[datetime] = mapped_column(info=technical("when"))


class AuditUnsealed(CommonBase):
    """An entry that waits for its seal; a trigger adds it, so no order of commits loses one."""

    __tablename__ = "audit_unsealed"

    entry_id: Mapped[UUID] = mapped_column(primary_key=True, info=technical("which entry"))


class AuditAnchor(CommonBase):
    """A service's head as it was published; the first word on a number stands."""

    __tablename__ = "audit_anchors"

    service: Mapped[str] = mapped_column(
        sa.String(40), primary_key=True, info=technical("whose chain")
    )
    number: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=False,
        info=technical("of its head"),
    )
    hash: Mapped[str] = mapped_column(sa.String(64), info=technical("of its head"))
    sealed_at: Mapped[datetime] = mapped_column(info=technical("when it was sealed"))


def digest(previous: str, number: int, entry: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and the entry with its number, as RFC 8785 writes it."""
    fields = {name: _plain(entry[name]) for name in HASHED}
    return hashlib.sha256(
        bytes.fromhex(previous) + rfc8785.dumps({**fields, "number": number})
    ).hexdigest()


def seal(runtime: Any) -> int:
    """Seal the next entries that wait; of several workers one does it."""
    with runtime.reading() as session:
        if session.scalar(sa.select(AuditUnsealed.entry_id).limit(1)) is None:
            return 0
    with runtime.transaction() as session:
        if not _alone(session):
            return 0
        columns = [getattr(AuditEntry, name) for name in HASHED]
        waiting = sa.select(*columns).join(AuditUnsealed, AuditUnsealed.entry_id == AuditEntry.id)
        entries = session.execute(waiting.order_by(AuditEntry.id).limit(BATCH)).mappings().all()
        head = _head(session)
        number, last, at = (
            head.number if head else 0,
            head.hash if head else BEGINNING,
            now(session),
        )
        seals = []
        for entry in entries:
            number += 1
            last = digest(last, number, entry)
            seals.append({
                "number": number, "entry_id": entry["id"], "hash": last, "sealed_at": at,
            })  # fmt: skip
        if not seals:
            return 0
        session.execute(sa.insert(AuditSeal), seals)
        sealed = [each["entry_id"] for each in seals]
        session.execute(sa.delete(AuditUnsealed).where(AuditUnsealed.entry_id.in_(sealed)))
        if number - _anchored(session) >= MANY:
            _publish_head(session)
        return len(seals)


def anchor(runtime: Any) -> int:
    """Publish the head of the chain, unless everybody was told of it."""
    with runtime.transaction() as session:
        head = _head(session) if _alone(session) else None
        if head is None or head.number <= _anchored(session):
            return 0
        _publish_head(session)
        return 1


def keep_anchor(event: AuditHeadAnchored, session: Session) -> None:
    """Keep a service's head; a handler's whole body. Its name is that of the sender."""
    service = session.info["envelope"].source.removeprefix("/")
    _keep(session, service, event.number, event.hash, event.sealed_at)


def _publish_head(session: Session) -> None:
    """Tell of the head, and keep it here too: so it is known what was told."""
    head, service = _head(session), session.info["runtime"].name
    assert head is not None
    _keep(session, service, head.number, head.hash, head.sealed_at)
    publish(
        session,
        AuditHeadAnchored(
            service=service, number=head.number, hash=head.hash, sealed_at=head.sealed_at
        ),
    )


def _keep(session: Session, service: str, number: int, hash_: str, sealed_at: datetime) -> None:
    told = insert(session, AuditAnchor).values(
        service=service, number=number, hash=hash_, sealed_at=sealed_at
    )
    session.execute(told.on_conflict_do_nothing())


def _head(session: Session) -> AuditSeal | None:
    return session.scalar(sa.select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1))


def _anchored(session: Session) -> int:
    own = AuditAnchor.service == session.info["runtime"].name
    return session.scalar(sa.select(sa.func.max(AuditAnchor.number)).where(own)) or 0


def oldest_unanchored(session: Session) -> datetime | None:
    """When the oldest entry was sealed, or written, that no published head covers."""
    later = sa.select(AuditSeal.sealed_at).where(AuditSeal.number > _anchored(session))
    sealed = session.scalar(later.order_by(AuditSeal.number).limit(1))
    entry = sa.select(sa.func.min(AuditEntry.at)).where(
        AuditEntry.id.in_(sa.select(AuditUnsealed.entry_id))
    )
    return sealed or session.scalar(entry)


def _alone(session: Session) -> bool:
    """Whether nobody else seals now; on SQLite whoever writes is alone."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))))


def _plain(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return None if value is None else str(value)
