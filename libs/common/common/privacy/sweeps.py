"""The sweep: what is due goes, in every service, by the same code; it says what it did.

A row of `retention_reports` that has not ended is the sweep of one table: whoever holds its lease
goes on from its cursor, so a sweep that was killed is resumed, and several workers share the tables
among them. The rule is asked of locked rows in the transaction that deletes them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase, insert
from common.ids import uuid7
from common.logs import log
from common.privacy import holds, rulesets
from common.privacy.audit import audit
from common.privacy.personal import technical
from common.privacy.records import Records, Row
from common.privacy.retention import Rule, Why, due
from common.privacy.rulebook import all_records

BATCH = 500
LEASE = timedelta(minutes=5)
"""How long a worker that died keeps others away; it is renewed with every batch."""
BATCHES_A_LINE = 100
_RUNNING = sa.text("ended_at IS NULL")


class RetentionReport(CommonBase):
    """What one sweep of one table did, or is doing."""

    __tablename__ = "retention_reports"
    __table_args__ = (
        sa.Index(
            "uq_retention_reports_running",
            "record_class",
            "of_table",
            unique=True,
            postgresql_where=_RUNNING,
            sqlite_where=_RUNNING,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    record_class: Mapped[str] = mapped_column(sa.String(80), info=technical("what it looked at"))
    of_table: Mapped[str] = mapped_column(sa.String(80), info=technical("in which table"))
    begun_at: Mapped[datetime] = mapped_column(info=technical("when"))
    ended_at: Mapped[datetime | None] = mapped_column(info=technical("when it was through"))
    looked_at: Mapped[int] = mapped_column(default=0, info=technical("rows old enough to ask"))
    erased: Mapped[int] = mapped_column(default=0, info=technical("rows that went"))
    conflicts: Mapped[int] = mapped_column(
        default=0, info=technical("rows whose minimum outlasts their maximum")
    )
    held: Mapped[int] = mapped_column(default=0, info=technical("rows under a legal hold"))
    cursor: Mapped[list[str] | None] = mapped_column(
        sa.JSON(none_as_null=True), info=technical("key of the last row looked at")
    )
    lease: Mapped[UUID] = mapped_column(info=technical("whoever is at work"))
    leased_until: Mapped[datetime] = mapped_column(info=technical("then others may go on"))


def sweep(runtime: Any) -> int:
    """Erase all that is due in a service; return how many rows went.

    A table whose sweep fails does not keep the others from theirs: what they raised is raised
    together at the end. Source: S26, S64, S67 and all others that rules name.
    """
    erased, failed = 0, []
    for records in all_records(runtime):
        try:
            erased += _sweep_table(runtime, records)
        except Exception as error:
            failed.append(error)
    if failed:
        raise ExceptionGroup("retention sweep", failed)
    return erased


def sweep_after_release(runtime: Any) -> int:
    """Sweep once more when a legal hold was released, for what it held back; return what went.

    Not beside a sweep that may have begun before the release: its tables would be passed over.
    """
    with runtime.reading() as session:
        released = holds.over(session)
        at_work = sa.select(RetentionReport.id).where(
            _RUNNING, RetentionReport.leased_until > now(session)
        )
        if not released or session.scalar(at_work.limit(1)):
            return 0
    erased = sweep(runtime)
    with runtime.transaction() as session:
        holds.note_swept(session, released)
    return erased


def last_of_each_table(session: Session) -> Sequence[RetentionReport]:
    """The sweep that was through last, of every table that is still swept."""
    rules = rulesets.in_force(session)
    swept = [
        (each.record_class, each.table)
        for each in all_records(session.info["runtime"])
        if _has_sweep(each, rules)
    ]
    table = RetentionReport.record_class, RetentionReport.of_table
    newest = sa.select(*table, sa.func.max(RetentionReport.ended_at)).group_by(*table)
    named = sa.tuple_(*table, RetentionReport.ended_at)
    found = session.scalars(sa.select(RetentionReport).where(named.in_(newest)))
    return [each for each in found if (each.record_class, each.of_table) in swept]


def _has_sweep(records: Records, rules: Sequence[Rule]) -> bool:
    """Whether a rule gives it a period: what only goes with something else, or never, has none."""
    return any(rule.period for rule in rules if rule.record_class == records.record_class)


def _sweep_table(runtime: Any, records: Records) -> int:
    """Work through a table unless somebody else does; tell the log how far it is."""
    erased, began, lease = 0, time.perf_counter(), uuid7()
    for number, gone in enumerate(_batches(runtime, records, lease), 1):
        erased += gone
        if number % BATCHES_A_LINE == 0:
            seconds = round(time.perf_counter() - began, 3)
            log.info("sweeping", record_class=records.record_class, count=erased, seconds=seconds)
    return erased


def _batches(runtime: Any, records: Records, lease: UUID) -> Iterator[int]:
    """Erase batch after batch, each in a transaction, until all is seen or the lease is lost."""
    with runtime.transaction() as session:
        report_id = _take_lease(session, records, lease)
    going = report_id is not None
    while going:
        with runtime.transaction() as session:
            report = session.get_one(RetentionReport, report_id, with_for_update=True)
            if report.lease != lease:
                return
            gone = _sweep_batch(session, records, report)
            going = report.ended_at is None
        yield gone


def _take_lease(session: Session, records: Records, lease: UUID) -> UUID | None:
    """Begin the sweep of a table, or go on with one whose worker died; None where one works."""
    if not _has_sweep(records, rulesets.in_force(session)):
        return None
    at = now(session)
    named = {"record_class": records.record_class, "of_table": records.table}
    leased = {"lease": lease, "leased_until": at + LEASE}
    fresh = insert(session, RetentionReport).values(**named, **leased, begun_at=at)
    session.execute(fresh.on_conflict_do_nothing())
    running = sa.update(RetentionReport).filter_by(**named, ended_at=None)
    free = sa.or_(RetentionReport.lease == lease, RetentionReport.leased_until <= at)
    taken: UUID | None = session.scalar(
        running.where(free).values(leased).returning(RetentionReport.id)
    )
    return taken


def _sweep_batch(session: Session, records: Records, report: RetentionReport) -> int:
    """Erase what is due of the next rows, which stay locked until they are gone; note it."""
    at, rules = now(session), rulesets.in_force(session)
    standing = holds.standing(session)
    rows = _next_rows(session, records, rules, report.cursor)
    asked = [(row, due(row.facts, rules, row.held_by(standing), at)) for row in rows]
    going = [row.key for row, answer in asked if answer.has_come(at)]
    records.delete(session, going)
    if going:
        audit(session, "retention.erase", report.id)
    report.looked_at += len(rows)
    report.erased += len(going)
    report.held += sum(answer.why is Why.HELD for _, answer in asked)
    report.conflicts += sum(answer.conflict for _, answer in asked)
    report.leased_until = at + LEASE
    if len(rows) < BATCH:
        report.ended_at = at
    else:
        report.cursor = records.cursor_after(rows[-1])
    return len(going)


def _next_rows(
    session: Session, records: Records, rules: Sequence[Rule], cursor: list[str] | None
) -> list[Row]:
    """Lock the next rows that are old enough, in the order of their keys; skip what is in use."""
    statement = records.statement(*records.columns).where(
        records.old_enough(rules, now(session)), *records.after(cursor)
    )
    locked = statement.with_for_update(of=records.model, skip_locked=True)
    found = session.execute(locked.order_by(*records.key_columns).limit(BATCH))
    return [records.read(row) for row in found]
