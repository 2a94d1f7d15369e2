"""A mark of its own in every declared field of a person, found through the declarations.

Whatever a service declares from now on is planted too: a table that holds nothing of the person
gets a row, a field that no mark fits into is named.
"""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.db import CommonBase, UtcDateTime
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.ids import uuid7
from common.privacy.personal import Category, Facts, declared, facts_of
from common.service import load_services

PLANTED_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SHORTEST = 12
"""Letters of a mark, so that chance writes none."""
ADDRESSES = {"address", "email", "email_key"}
"""Columns whose values are read as mail addresses."""
NEVER_MADE = {"audit_entries", "erasure_receipts"}
"""Tables that hold ids alone; a made row would be a fault of the audit, or a lost erasure."""
FITTING: dict[str, dict[str, Any]] = {
    "accounts": {"role": "member", "country": "DE"},
    "organisations": {"relation_ended_at": None, "agreement_reference": "A 1"},
    "cases": {"state": "closed"},
    "holds": {"released": True, "scope": "person"},
    "consents": {"purpose": "voluntary_profile", "act": "given"},
    "rights_requests": {"next_try_at": None},
}
"""By table, what a constraint demands of a made row beyond its types."""


@dataclass(frozen=True)
class Mark:
    """What was planted, and where. kept: its column outlives the person, for a declared reason."""

    service: str
    table: str
    column: str
    text: str
    kept: bool

    def __str__(self) -> str:
        return f"{self.service}.{self.table}.{self.column}"


@dataclass
class Planted:
    """All marks of one person. without: fields that hold no free text, and so no mark."""

    account_id: UUID
    marks: list[Mark] = field(default_factory=list)
    without: list[str] = field(default_factory=list)

    def found_in(self, content: bytes) -> list[Mark]:
        """Marks in some bytes: as they are, in another case, in hex or in base64."""
        folded = content.lower()
        return [each for each in self.marks if any(form in folded for form in _forms(each.text))]


def plant(planted: Planted, service: str, engine: sa.Engine) -> None:
    """Write a mark into every declared field of the person in one service's database."""
    base = load_services(OWNERS_OF_PERSONAL_DATA)[service].parts["models"].Base
    for of in (base, CommonBase):
        tables = {name: about for name, about in declared(of).items() if _is_of_people(of, name)}
        for table in of.metadata.sorted_tables:
            if table.name not in tables or table.name in NEVER_MADE:
                continue
            about = tables[table.name]
            with Session(engine) as session, session.begin():
                person = _whose(session, tables, table.c[about.person], planted.account_id)
                mine = table.c[about.person] == person
                if session.scalar(sa.select(sa.func.count()).select_from(table).where(mine)) == 0:
                    _make_row(session, table, {about.person: person})
                key = session.execute(sa.select(*table.primary_key).where(mine).limit(1)).one()
                row = sa.and_(
                    *(column == value for column, value in zip(table.primary_key, key, strict=True))
                )
                for column in table.columns:
                    names_the_person = column.name == about.person
                    facts = facts_of(column, about)
                    if facts and not facts.other and not names_the_person:
                        _plant(session, planted, service, column, facts, row)


def stated(mark: Mark) -> Facts:
    """All that is stated about the column that a mark was planted in."""
    own = load_services(OWNERS_OF_PERSONAL_DATA)[mark.service].parts["models"].Base
    base = own if mark.table in own.metadata.tables else CommonBase
    facts = facts_of(base.metadata.tables[mark.table].c[mark.column], declared(base)[mark.table])
    assert facts is not None
    return facts


def _plant(
    session: Session, planted: Planted, service: str, column: Any, facts: Facts, row: Any
) -> None:
    """Put a mark where text fits; what is derived from a value is looked for as it is."""
    place = f"{service}.{facts.table}.{facts.column}"
    stored = session.scalar(sa.select(column).where(row))
    text = _mark(_length(column))
    if facts.category is Category.SECRET and isinstance(stored, str):
        text = stored
    elif not _takes_mark(column, facts):
        planted.without.append(place)
        return
    else:
        value: Any = text.encode() if isinstance(column.type, sa.LargeBinary) else text
        value = [text] if isinstance(column.type, sa.JSON) else value
        value = f"{text}@muster.example" if column.name in ADDRESSES else value
        session.execute(sa.update(column.table).where(row).values({column.name: value}))
    kept = facts.erasure == "keep"
    planted.marks.append(Mark(service, facts.table, facts.column, text, kept))


def _make_row(session: Session, table: sa.Table, known: dict[str, Any]) -> None:
    """Insert a row that holds something everywhere; what it refers to is found or made."""
    values = dict(known)
    for column in table.columns:
        if column.name in values:
            continue
        fits = FITTING.get(table.name, {})
        if column.name in fits:
            values[column.name] = fits[column.name]
        elif column.foreign_keys:
            [key] = column.foreign_keys
            values[column.name] = _referred(session, key.column, known)
        else:
            values[column.name] = _value(column)
    session.execute(sa.insert(table).values(values))


def _referred(session: Session, column: Any, known: dict[str, Any]) -> Any:
    if column.table.name == "accounts":
        return next(each for each in known.values() if isinstance(each, UUID))
    found = session.scalar(sa.select(column).limit(1))
    if found is None:
        _make_row(session, column.table, {"account_id": next(iter(known.values()))})
        found = session.scalar(sa.select(column).limit(1))
    return found


def _value(column: Any) -> Any:
    kind = column.type
    if isinstance(kind, sa.Enum):
        return kind.python_type(kind.enums[0]) if kind.enum_class else kind.enums[0]
    if isinstance(kind, sa.JSON):
        return []
    if isinstance(kind, sa.LargeBinary):
        return b"x"
    if isinstance(kind, sa.Uuid):
        return uuid7()
    if isinstance(kind, UtcDateTime):
        return PLANTED_AT
    python = kind.python_type
    number = random.randrange(10**6, 10**9) if column.unique else 1
    made: dict[Any, Any] = {
        bool: False,
        int: number,
        float: 1.0,
        date: PLANTED_AT.date(),
        Decimal: Decimal(1),
    }
    return made[python] if python in made else _mark(_length(column))


def _is_of_people(base: Any, name: str) -> bool:
    """Whether a table's rows are those of accounts, by the column that says whose they are."""
    table = base.metadata.tables[name]
    column = table.c[declared(base)[name].person]
    return name == "accounts" or not (column.primary_key and column.name == "id")


def _whose(session: Session, tables: Any, column: Any, account_id: UUID) -> UUID | str:
    """What names the person in a table: the account, or a row of the person in another table."""
    for key in column.foreign_keys:
        other = key.column.table
        if other.name in tables and other.name != "accounts":
            theirs = other.c[tables[other.name].person]
            own = _whose(session, tables, theirs, account_id)
            found: UUID = session.scalars(sa.select(key.column).where(theirs == own)).first()
            return found
    return account_id if isinstance(column.type, sa.Uuid) else str(account_id)


def _takes_mark(column: Any, facts: Facts) -> bool:
    """Whether free text fits: no id, no closed word, no number, no time, no short code."""
    if facts.category is Category.PSEUDONYM or column.primary_key or _length(column) < SHORTEST:
        return False
    closed = isinstance(column.type, sa.Enum)
    return not closed and isinstance(column.type, sa.String | sa.JSON | sa.LargeBinary)


def _length(column: Any) -> int:
    return min(24, getattr(column.type, "length", None) or 24)


def _mark(length: int) -> str:
    return "".join(random.choices(string.ascii_lowercase, k=length))


def _forms(mark: str) -> Iterator[bytes]:
    """How a mark may look; base64 depends on where in three bytes it begins."""
    raw = mark.encode()
    yield raw.lower()
    yield raw.hex().encode()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw)
        yield whole[4 if before else 0 : -4].lower()
