"""What a service holds about one person, from the declarations (art. 15 and 20 GDPR)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.privacy.personal import Category, Facts, declared, facts_of, rows_of


def tables_about(session: Session, base: Any, account_id: UUID) -> list[dict[str, Any]]:
    """Each table that says something about a person: its rows, and what is stated of each column.

    Left out are secrets (S10), what only staff may read (S17) and what names somebody else
    (art. 15(4)). Values are those of JSON.
    """
    found = []
    for name, about in sorted(declared(base).items()):
        told = {facts.column: facts for facts in _told(base.metadata.tables[name], about)}
        if told and (table := _table(session, base, name, told, account_id))["rows"]:
            found.append(table)
    return found


def _table(
    session: Session, base: Any, name: str, told: dict[str, Facts], account_id: UUID
) -> dict[str, Any]:
    table = base.metadata.tables[name]
    keys = [each for each in table.primary_key if "technical" in each.info]
    columns = [*keys, *(table.c[each] for each in told)]
    mine = sa.select(*columns).where(rows_of(base, name, account_id)).order_by(*table.primary_key)
    return {
        "table": name,
        "columns": {each: _stated(facts) for each, facts in told.items()},
        "rows": [
            {column: _value(value) for column, value in row.items()}
            for row in session.execute(mine).mappings()
        ],
    }  # fmt: skip


def _told(table: sa.Table, about: Any) -> Iterator[Facts]:
    for column in table.columns:
        facts = facts_of(column, about)
        binary = isinstance(column.type, sa.LargeBinary)
        if facts is None or binary or facts.other or facts.readers is not None:
            continue
        if facts.category is not Category.SECRET:
            yield facts


def _stated(facts: Facts) -> dict[str, Any]:
    return {
        "category": facts.category, "purpose": facts.purpose, "basis": facts.basis,
        "from": facts.origin, "source": facts.source, "portable": facts.portable,
    }  # fmt: skip


def _value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value
