"""What each column holds about a person, said beside the column (STYLE 3d).

`about(…)` says what all personal columns of a table share, `personal(…)` what a column holds and
what differs, `technical(…)` that it says nothing about a person. The erasure, the register of
processing, the READMEs and the marks in OpenAPI and in forms all read these facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, get_args
from uuid import UUID

import sqlalchemy as sa

from common.events.catalogue import ConsentPurpose
from common.privacy.grounds import Ground
from common.privacy.purposes import PURPOSES

Act = Literal["delete", "null", "pseudonymise", "keep"]


class Basis(StrEnum):
    """Legal basis: articles of the GDPR."""

    CONTRACT = "6(1)(b)"
    LEGAL_DUTY = "6(1)(c)"
    INTEREST = "6(1)(f)"
    CONSENT = "6(1)(a)"
    EXPLICIT_CONSENT = "9(2)(a)"


CONTRACT = Basis.CONTRACT
LEGAL_DUTY = Basis.LEGAL_DUTY
INTEREST = Basis.INTEREST
CONSENT = Basis.CONSENT
EXPLICIT_CONSENT = Basis.EXPLICIT_CONSENT


class Category(StrEnum):
    """Kinds of personal data."""

    PSEUDONYM = "pseudonym"
    IDENTITY = "identity"
    CONTACT = "contact"
    SECRET = "secret"  # noqa: S105 - a category, not a password
    STATUS = "status"
    CONTENT = "content"
    USAGE = "usage"
    FINANCE = "finance"


class Origin(StrEnum):
    """Where a value comes from (art. 14(2)(f), 15(1)(g)); what people entered is portable."""

    PERSON = "person"
    COLLEAGUE = "colleague"
    STAFF = "staff"
    PORTAL = "portal"
    SANCTIONS_LIST = "sanctions-list"


class Protection(StrEnum):
    """How a value is written, so that whoever reads the table cannot read it (art. 32)."""

    HASHED = "hashed"
    SEALED = "encrypted"
    DIGEST = "keyed digest"


@dataclass(frozen=True)
class About:
    """What the personal columns of a table share.

    person: the column that says whose row it is. keep: the retention class. because: why a column
    outlives its person's erasure.
    """

    person: str
    purpose: str
    basis: Basis
    keep: str
    source: str
    origin: Origin = Origin.PORTAL
    erasure: Act = "delete"
    because: Ground | None = None
    consent: ConsentPurpose | None = None


@dataclass(frozen=True)
class Personal:
    """What one column holds, and what differs from its table: None where nothing does."""

    category: Category
    purpose: str | None = None
    basis: Basis | None = None
    source: str | None = None
    origin: Origin | None = None
    erasure: Act | None = None
    because: Ground | None = None
    consent: ConsentPurpose | None = None
    readers: tuple[str, ...] | None = None
    other: bool = False
    written: Protection | None = None


@dataclass(frozen=True)
class Facts:
    """All that is stated about a column, its own word before its table's."""

    table: str
    column: str
    category: Category
    purpose: str
    basis: Basis
    keep: str
    source: str
    origin: Origin
    erasure: Act
    because: Ground | None
    consent: ConsentPurpose | None
    readers: tuple[str, ...] | None
    other: bool
    written: Protection | None

    @property
    def portable(self) -> bool:
        """Whether art. 20 covers it: the person's own entry, by contract or consent."""
        entered = self.origin is Origin.PERSON and self.category is not Category.SECRET
        return entered and self.basis in (CONTRACT, CONSENT, EXPLICIT_CONSENT)


def about(
    person: str,
    *,
    purpose: str,
    basis: Basis,
    keep: str,
    source: str,
    origin: Origin = Origin.PORTAL,
    erasure: Act = "delete",
    because: Ground | None = None,
    consent: ConsentPurpose | None = None,
) -> About:
    """State what the personal columns of a table share; goes into `__personal__`."""
    return About(person, purpose, basis, keep, source, origin, erasure, because, consent)


def personal(
    category: str,
    *,
    purpose: str | None = None,
    basis: Basis | None = None,
    source: str | None = None,
    origin: Origin | None = None,
    erasure: Act | None = None,
    because: Ground | None = None,
    consent: ConsentPurpose | None = None,
    readers: tuple[str, ...] | None = None,
    other: bool = False,
    written: Protection | None = None,
) -> dict[str, Any]:
    """State that a column holds personal data, and what differs from the table's facts.

    category: a value of Category. erasure: `delete` with the row, `null`, `pseudonymise` or `keep`,
    which needs a reason (because). readers: roles who may read it, None for the table's audience,
    () for nobody. other: it names somebody else than the person whose row it is. written: how, if
    not as it is.
    """
    if erasure is not None and erasure not in get_args(Act):
        raise ValueError(f"no such act of erasure: {erasure}")
    facts = (purpose, basis, source, origin, erasure, because, consent, readers, other, written)
    return {"personal": Personal(Category(category), *facts)}


def technical(meaning: str) -> dict[str, Any]:
    """State that a column says nothing about a person, and what it is for."""
    return {"technical": meaning}


def facts_of(column: Any, shared: About) -> Facts | None:
    """All that is stated about a column of a table; None where it is technical."""
    own: Personal | None = column.info.get("personal")
    if own is None:
        return None
    erasure = own.erasure or shared.erasure
    return Facts(
        table=column.table.name,
        column=column.name,
        category=own.category,
        purpose=own.purpose or shared.purpose,
        basis=own.basis or shared.basis,
        keep=shared.keep,
        source=own.source or shared.source,
        origin=own.origin or shared.origin,
        erasure=erasure,
        because=(own.because or shared.because) if erasure == "keep" else None,
        consent=own.consent or shared.consent,
        readers=own.readers,
        other=own.other,
        written=own.written,
    )


def personal_columns(base: Any) -> Iterator[Facts]:
    """Facts of every personal column of a Base, by table and in the order written."""
    for name, shared in sorted(declared(base).items()):
        for column in base.metadata.tables[name].columns:
            if facts := facts_of(column, shared):
                yield facts


def undeclared(metadata: sa.MetaData, tables: dict[str, About]) -> Iterator[str]:
    """Name every column that states nothing, too little, or what there is not."""
    for table in metadata.sorted_tables:
        stated = [column.info.get("personal") for column in table.columns]
        if any(stated) and table.name not in tables:
            yield f"{table.name}: has personal columns and no __personal__"
        for column in table.columns:
            if not {"personal", "technical"} & set(column.info):
                yield f"{table.name}.{column.name}: states neither personal() nor technical()"
            elif table.name in tables:
                yield from _faults(column, tables[table.name])


def unruled(tables: dict[str, About], classes: Collection[str]) -> Iterator[str]:
    """Name every table whose retention class has no rule."""
    for name, shared in tables.items():
        if shared.keep not in classes:
            yield f"{name}: there is no retention rule for {shared.keep}"


def declared(base: Any) -> dict[str, About]:
    """The `__personal__` facts of every table mapped by a Base."""
    return {
        mapper.local_table.name: mapper.class_.__personal__
        for mapper in base.registry.mappers
        if hasattr(mapper.class_, "__personal__")
    }


def rows_of(base: Any, table: str, account_id: UUID) -> sa.ColumnElement[bool]:
    """Which rows of a declared table are a person's: by the account, or as part of such a row."""
    column = base.metadata.tables[table].c[declared(base)[table].person]
    key = part_of(base, table)
    if key is not None:
        theirs = sa.select(key).where(rows_of(base, key.table.name, account_id))
        parts: sa.ColumnElement[bool] = column.in_(theirs)
        return parts
    same: sa.ColumnElement[bool] = column == (
        account_id if isinstance(column.type, sa.Uuid) else str(account_id)
    )
    return same


def part_of(base: Any, table: str) -> sa.Column[Any] | None:
    """The key of the rows that a table's rows are parts of; None where they stand alone."""
    tables = declared(base)
    for key in base.metadata.tables[table].c[tables[table].person].foreign_keys:
        whole = tables.get(key.column.table.name)
        if whole is not None and not key.column.table.c[whole.person].primary_key:
            found: sa.Column[Any] = key.column
            return found
    return None


def _faults(column: sa.Column[Any], shared: About) -> Iterator[str]:
    facts = facts_of(column, shared)
    if facts is None:
        return
    place = f"{facts.table}.{facts.column}"
    if facts.erasure == "keep" and facts.because is None:
        yield f"{place}: is kept when its person is erased, and does not say why (because=)"
    if facts.basis in (CONSENT, EXPLICIT_CONSENT) and facts.consent is None:
        yield f"{place}: rests on a consent and names no purpose of the ledger (consent=)"
    if facts.purpose not in PURPOSES:
        yield f"{place}: there is no purpose {facts.purpose} in common.privacy.purposes"
