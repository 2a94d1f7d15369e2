"""Audit: who did what to whom and who read what of whom, ids only.

An act is written in the transaction that did it, a read before its answer leaves. Triggers, and on
PostgreSQL revoked privileges, keep it from being changed or shortened; what a role that owns the
table could still do, `privacy/chain.py` shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase
from common.ids import uuid7
from common.privacy.grounds import Ground
from common.privacy.personal import INTEREST, About, about, personal, technical


class AuditEntry(CommonBase):
    """One act or one read; rows are only ever added. A read says of which row."""

    __tablename__ = "audit_entries"
    __personal__ = about(
        "subject",
        purpose="accountability",
        basis=INTEREST,
        keep="audit",
        source="S12",
        erasure="keep",
        because=Ground.ACCOUNTABILITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    at: Mapped[datetime] = mapped_column(index=True, info=technical("when"))
    actor: Mapped[str] = mapped_column(sa.String(80), info=personal("pseudonym", other=True))
    action: Mapped[str] = mapped_column(sa.String(80), info=technical("verb of the policy"))
    subject: Mapped[str] = mapped_column(sa.String(80), index=True, info=personal("pseudonym"))
    person: Mapped[UUID | None] = mapped_column(info=personal("pseudonym", source="S24"))
    row_table: Mapped[str | None] = mapped_column(
        sa.String(80), info=technical("where what was read lies; null: an act")
    )
    row_id: Mapped[UUID | None] = mapped_column(info=technical("which row of it was read"))
    __table_args__ = (
        sa.Index("ix_audit_entries_person_at", "person", "at"),
        sa.Index("ix_audit_entries_actor_at", "actor", "at"),
    )


def audit(session: Session, action: str, subject: UUID | str) -> None:
    """Note that the present actor did this to the subject."""
    session.add(AuditEntry(**_entry(session, action, str(subject))))


def audit_shown(session: Session, rows: Iterable[Any], action: str | None = None) -> None:
    """Note that the present actor is shown these rows; action: by default what was authorised.

    What people read of their own is not noted: it tells nobody of a breach (art. 33), and would be
    a record of their habits that no purpose needs. Rows of tables without persons, and what the
    audit itself says, are no reads of a person. In a reading session the entries wait for
    `write_shown`.
    """
    action = action or session.info["action"]
    entries = [each for row in rows if (each := _read(session, action, row))]
    if session.info.get("reading"):
        session.info.setdefault("shown", []).extend(entries)
    else:
        session.add_all(AuditEntry(**each) for each in entries)


def audit_bulk_read(session: Session, action: str, model: Any, count: int) -> None:
    """Note that a service was told of many persons at once: one entry a call, with their number.

    Every account is compared again with every new list: an entry for each would say daily of
    everybody what screening's own runs say already, at the price of the run itself.
    """
    table = model.__tablename__
    entry = _entry(session, action, f"{count} of {table}", row_table=table)
    session.info.setdefault("shown", []).append(entry)


def audit_search(session: Session, person: UUID | None) -> None:
    """Note that the present actor searched the audit: for whom, not each entry that was shown."""
    table = AuditEntry.__tablename__
    entry = _entry(
        session, session.info["action"], str(person or table), person=person, row_table=table
    )
    session.info.setdefault("shown", []).append(entry)


def write_shown(session: Session) -> None:
    """Write the reads that a reading session noted; raises when that fails, so nothing is shown.

    One insert, on PostgreSQL in the transaction that read, whose commit does not wait for the disk:
    a crash of the database server can lose the reads of its last moments (three times
    wal_writer_delay, 0.6 s), never a part of them, an act or a seal. On SQLite a reading
    transaction cannot become a writing one, so it is one of its own.
    """
    entries = session.info.pop("shown", [])
    if not entries:
        return
    session.expunge_all()  # nothing else is written, whatever was done to the rows
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_UNAWAITED)
        session.execute(_ADDING, entries)
        session.commit()
        return
    session.rollback()
    with session.info["runtime"].db.transaction() as writing:
        writing.execute(_ADDING, entries)


def reads(
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    person: UUID | None = None,
    table: str | None = None,
    actor: str | None = None,
) -> sa.Select[AuditEntry]:
    """Who read what of whom from `since` on and before `until` (art. 33(3) GDPR)."""
    equal = {"person": person, "row_table": table, "actor": actor}
    found = sa.select(AuditEntry).where(AuditEntry.row_table.is_not(None))
    found = found.filter_by(**{name: value for name, value in equal.items() if value is not None})
    if since is not None:
        found = found.where(AuditEntry.at >= since)
    return found if until is None else found.where(AuditEntry.at < until)


_UNAWAITED = sa.text("SET LOCAL synchronous_commit TO off")
_ADDING: Any = sa.insert(AuditEntry.__table__)  # type: ignore[arg-type]


def _entry(session: Session, action: str, subject: str, **read: Any) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "at": now(session),
        "actor": session.info["cause"].actor,
        "action": action,
        "subject": subject,
        "person": None,
        "row_table": None,
        "row_id": None,
        **read,
    }


def _read(session: Session, action: str, row: Any) -> dict[str, Any] | None:
    facts, key = _facts(type(row))
    if facts is None:
        return None
    whose, row_id = getattr(row, facts.person), getattr(row, key)
    nobody = whose is None and facts.because is Ground.ATTRIBUTION
    if nobody or str(whose) == session.info["cause"].actor:
        return None
    return _entry(
        session,
        action,
        str(whose or row_id),
        person=whose if isinstance(whose, UUID) else None,
        row_table=row.__tablename__,
        row_id=row_id,
    )


def _facts(model: Any) -> tuple[About | None, str]:
    """What a table's rows say about whom, and the name of its key; the audit is not its own."""
    facts = None if model is AuditEntry else getattr(model, "__personal__", None)
    return facts, sa.inspect(model).primary_key[0].name
