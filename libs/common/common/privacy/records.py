"""Records: which table holds the rows of a retention class, what a rule asks of them, how they go.

A service's retention.py says it in `RECORDS`, beside its `RULES`; the sweep reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.events.catalogue import HoldScope
from common.privacy.holds import Subject, columns_of
from common.privacy.retention import ANYWHERE, RowFacts, Rule, Start, begun_before, day_of

Key = Any
"""Primary key of a row: one value, or a tuple of several."""
Expression = Any
"""A mapped column, or an expression of SQL."""


@dataclass(frozen=True)
class Row:
    """What is read of one row: its key, what rules ask, and what a legal hold may stand on."""

    key: Key
    facts: RowFacts
    subjects: frozenset[Subject] = frozenset()

    def held_by(self, holds: Mapping[Subject, UUID]) -> list[UUID]:
        """Legal holds that stand on the row."""
        return [holds[subject] for subject in self.subjects if subject in holds]


@dataclass(frozen=True, kw_only=True)
class Records:
    """Rows of one retention class in one table.

    source: what is selected from, where facts are those of joined tables. where: which rows of the
    table are of the class. suspensions: by name, whether a row's period may not run out. erase: how
    rows go that are locked and due; they are deleted by default.
    """

    record_class: str
    model: Any
    collected_at: Expression = None
    process_ended_at: Expression = None
    relation_ended_at: Expression = None
    country: Expression = None
    suspensions: Mapping[str, Expression] = field(default_factory=dict)
    source: Any = None
    where: tuple[Expression, ...] = ()
    erase: Callable[[Session, Sequence[Key]], None] | None = None

    @property
    def table(self) -> str:
        """Name of the table."""
        name: str = self.model.__tablename__
        return name

    @property
    def key_columns(self) -> tuple[Any, ...]:
        """Columns of the primary key."""
        return tuple(sa.inspect(self.model).primary_key)

    @property
    def key(self) -> Any:
        """What tells rows apart and puts them in an order."""
        columns = self.key_columns
        return columns[0] if len(columns) == 1 else sa.tuple_(*columns)

    def started(self, start: Start) -> Expression:
        """The instant from which a period of this kind is counted; None where there is none."""
        return {
            Start.COLLECTION: self.collected_at,
            Start.END_OF_PROCESS: self.process_ended_at,
            Start.END_OF_RELATION: self.relation_ended_at,
        }[start]

    def statement(self, *columns: Any) -> sa.Select[Any]:
        """SELECT of columns over all rows of the class."""
        return sa.select(*columns).select_from(self._from).where(*self.where)

    @property
    def _from(self) -> Any:
        return self.model if self.source is None else self.source

    @property
    def columns(self) -> tuple[Any, ...]:
        """What `read` reads, in its order."""
        stated = (
            *self.key_columns,
            self.country,
            self.collected_at,
            self.process_ended_at,
            self.relation_ended_at,
            *self.suspensions.values(),
            *columns_of(self.model).values(),
        )
        return tuple(sa.null() if each is None else each for each in stated)

    def read(self, values: Sequence[Any]) -> Row:
        """A row, from the values of `columns`."""
        width = len(self.key_columns)
        key = values[0] if width == 1 else tuple(values[:width])
        country, collected, process, relation, *said = values[width:]
        stated = zip(self.suspensions, said, strict=False)
        named = zip(columns_of(self.model), said[len(self.suspensions) :], strict=True)
        subjects = {(scope, str(value)) for scope, value in named if value is not None}
        facts = RowFacts(
            record_class=self.record_class,
            country=country,
            collected_at=collected,
            process_ended_at=process,
            relation_ended_at=relation,
            suspensions=tuple(name for name, stands in stated if stands),
        )
        return Row(key, facts, frozenset({*subjects, (HoldScope.CLASS, self.record_class)}))

    def cursor_after(self, row: Row) -> list[str]:
        """The key of a row as text, for `after`."""
        return [str(each) for each in (row.key if isinstance(row.key, tuple) else (row.key,))]

    def after(self, cursor: Sequence[str] | None) -> tuple[sa.ColumnElement[bool], ...]:
        """Condition for the rows after a cursor, in the order of their keys."""
        if cursor is None:
            return ()
        seen = [
            sa.literal(column.type.python_type(text), column.type)
            for column, text in zip(self.key_columns, cursor, strict=True)
        ]
        return (self.key > (seen[0] if len(seen) == 1 else sa.tuple_(*seen)),)

    def old_enough(self, rules: Sequence[Rule], now: datetime) -> sa.ColumnElement[bool]:
        """Rows of which a rule in force may be over; others need not be looked at."""
        today = day_of(now)
        asked = [
            rule
            for rule in rules
            if rule.record_class == self.record_class
            and rule.period is not None
            and rule.in_force_on(today)
            and self.started(rule.start) is not None
        ]
        return sa.or_(sa.false(), *(self._may_be_over(rule, asked, now) for rule in asked))

    def _may_be_over(
        self, rule: Rule, asked: Sequence[Rule], now: datetime
    ) -> sa.ColumnElement[bool]:
        begun = self.started(rule.start) < begun_before(rule, now)
        if self.country is None:
            return begun if rule.country == ANYWHERE else sa.false()
        if rule.country != ANYWHERE:
            return sa.and_(self.country == rule.country, begun)
        own = {each.country for each in asked if each.bound is rule.bound} - {ANYWHERE}
        elsewhere = sa.func.coalesce(self.country, ANYWHERE).not_in(sorted(own))
        return sa.and_(elsewhere, begun) if own else begun

    def delete(self, session: Session, keys: Sequence[Key]) -> None:
        """Have locked rows go, in the way of their class."""
        if keys:
            (self.erase or deleting(*self.key_columns))(session, keys)


def deleting(*columns: Any) -> Callable[[Session, Sequence[Key]], None]:
    """Delete, in this order, the rows of each column's table that have one of the keys there.

    Columns of the same table are one composite key.
    """
    tables: dict[sa.Table, list[sa.ColumnElement[Any]]] = {}
    for column in columns:
        tables.setdefault(column.expression.table, []).append(column.expression)

    def delete(session: Session, keys: Sequence[Key]) -> None:
        for table, own in tables.items():
            key = own[0] if len(own) == 1 else sa.tuple_(*own)
            session.execute(sa.delete(table).where(key.in_(keys)))

    return delete
