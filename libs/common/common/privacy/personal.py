"""What each column holds about a person, said beside the column (STYLE 3d)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa


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


@dataclass(frozen=True)
class About:
    """What all personal columns of a table share.

    person: the column that says whose row it is. keep: name of the retention rule.
    """

    person: str
    purpose: str
    basis: Basis
    keep: str
    source: str


def about(person: str, *, purpose: str, basis: Basis, keep: str, source: str) -> About:
    """State what the personal columns of a table share; goes into `__personal__`."""
    return About(person, purpose, basis, keep, source)


def personal(
    category: str,
    *,
    basis: Basis | None = None,
    purpose: str | None = None,
    source: str | None = None,
    readers: tuple[str, ...] | None = None,
    erasure: str = "delete",
) -> dict[str, Any]:
    """State that a column holds personal data, and what differs from the table's facts.

    category: a value of Category. readers: who may read it, None for the table's audience, () for
    nobody. erasure: `delete` with the row, `null`, `pseudonymise` or `keep`.
    """
    if erasure not in ("delete", "null", "pseudonymise", "keep"):
        raise ValueError(f"no such act of erasure: {erasure}")
    facts = {"category": Category(category).value, "basis": basis, "purpose": purpose,
             "source": source, "readers": readers, "erasure": erasure}  # fmt: skip
    return {"personal": facts}


def technical(meaning: str) -> dict[str, Any]:
    """State that a column says nothing about a person, and what it is for."""
    return {"technical": meaning}


def undeclared(metadata: sa.MetaData, tables: dict[str, About]) -> Iterator[str]:
    """Name every column that states nothing, and every table whose personal columns lack facts."""
    for table in metadata.sorted_tables:
        stated = [column.info.get("personal") for column in table.columns]
        if any(stated) and table.name not in tables:
            yield f"{table.name}: has personal columns and no __personal__"
        for column in table.columns:
            if not {"personal", "technical"} & set(column.info):
                yield f"{table.name}.{column.name}: states neither personal() nor technical()"


def declared(base: Any) -> dict[str, About]:
    """The `__personal__` facts of every table mapped by a Base."""
    return {
        mapper.local_table.name: mapper.class_.__personal__
        for mapper in base.registry.mappers
        if hasattr(mapper.class_, "__personal__")
    }
