"""What goes when: the months to come, two sets of rules side by side, one person's rows.

All of it is `due()` over rows that are read and counted, never loaded whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.privacy import holds
from common.privacy.personal import declared, part_of, rows_of
from common.privacy.records import Records, Row
from common.privacy.retention import Due, RowFacts, Rule, Why, day_of, due

MONTHS = 24
"""How far the calendar looks."""
_CHUNK = 1_000


def compare(
    session: Session, records: Iterable[Records], before: Sequence[Rule], after: Sequence[Rule]
) -> list[dict[str, Any]]:
    """Per month, class and country: how many rows fall due by two sets of rules.

    before, after: rows that go in this month by the one and by the other; earlier, later: of those
    that go by `after`, how many do so earlier or later than by `before`. month: YYYY-MM, None for
    what has no date; what is due already counts in this month.
    """
    at, counts = now(session), defaultdict[Any, Counter[str]](Counter)
    for record in records:
        for row, held in _rows(session, record):
            old, new = (due(row.facts, rules, held, at).at for rules in (before, after))
            named = (row.facts.record_class, row.facts.country or "")
            counts[_month(old, at), *named]["before"] += 1
            moved = "" if old == new else "earlier" if _sooner(new, old) else "later"
            counts[_month(new, at), *named].update(["after", *filter(None, [moved])])
    return [
        {
            "month": month or None, "record_class": record_class, "country": country or None,
            **{name: found[name] for name in ("before", "after", "earlier", "later")},
        }
        for (month, record_class, country), found in sorted(counts.items())
    ]  # fmt: skip


def calendar(
    session: Session, records: Iterable[Records], rules: Sequence[Rule]
) -> list[dict[str, Any]]:
    """How many rows go in each of the coming months, per class and country."""
    last = _months_on(day_of(now(session)), MONTHS)
    return [
        {"month": each["month"], "record_class": each["record_class"],
         "country": each["country"], "rows": each["after"]}
        for each in compare(session, records, rules, rules)
        if each["month"] and each["month"] < last and each["after"]
    ]  # fmt: skip


def outlook(
    session: Session,
    base: Any,
    records: Sequence[Records],
    rules: Sequence[Rule],
    account_id: UUID,
) -> list[dict[str, Any]]:
    """What of a person goes when, and what stays why: per table, class, day and reason.

    base: of the service's own tables. What is part of a row goes with it and is not told apart.
    """
    found: Counter[tuple[str, str, date | None, Why, Rule]] = Counter()
    for name, facts in sorted(declared(base).items()):
        if part_of(base, name) is not None:
            continue
        table, mine = base.metadata.tables[name], rows_of(base, name, account_id)
        swept = [each for each in records if each.table == name]
        for row, held in (pair for each in swept for pair in _rows(session, each, mine)):
            found[_said(name, due(row.facts, rules, held, now(session)), row.facts)] += 1
        rest = session.scalar(sa.select(sa.func.count()).select_from(table).where(mine)) or 0
        rest -= sum(count for key, count in found.items() if key[0] == name)
        if rest > 0:
            facts_alone = RowFacts(record_class=facts.keep)
            found[_said(name, due(facts_alone, rules, (), now(session)), facts_alone)] += rest
    return [
        {
            "table": table, "record_class": record_class, "rows": count, "goes_on": day,
            "why": why, "source": rule.source, "reason": rule.reason,
        }
        for (table, record_class, day, why, rule), count in sorted(
            found.items(), key=lambda pair: (pair[0][0], pair[0][1], str(pair[0][2]))
        )
    ]  # fmt: skip


def _rows(session: Session, records: Records, *where: Any) -> Iterator[tuple[Row, list[UUID]]]:
    """Rows of a class with the holds on each, read in parts."""
    standing = holds.seen(session)
    statement = records.statement(*records.columns).where(*where)
    for values in session.execute(statement.execution_options(yield_per=_CHUNK)):
        row = records.read(values)
        yield row, row.held_by(standing)


def _said(table: str, answer: Due, facts: RowFacts) -> tuple[str, str, date | None, Why, Rule]:
    day = day_of(answer.at) if answer.at else None
    return table, facts.record_class, day, answer.why, answer.rules[0]


def _sooner(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one < other)


def _month(at: datetime | None, present: datetime) -> str:
    return f"{day_of(max(at, present)):%Y-%m}" if at else ""


def _months_on(day: date, months: int) -> str:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return f"{year:04}-{month + 1:02}"
