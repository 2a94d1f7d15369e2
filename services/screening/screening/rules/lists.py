"""Which versions of a list are not taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class ListSize:
    """What tells a complete list from a damaged one."""

    entries: int
    people: int
    published_on: date | None


def why_refused(arrived: ListSize, in_force: ListSize | None, *, allow_shrink: bool) -> str | None:
    """Why a version of a list must not come into force; None when it may.

    A list that names nobody clears everybody, always. One that is older than the version in force
    or lacks more than a tenth of it is a mistake unless the operator says otherwise.
    Source: S18 (lists are regularly updated).
    """
    if not arrived.people:
        return "it names no person"
    if in_force is None or allow_shrink:
        return None
    for what in ("entries", "people"):
        had, has = getattr(in_force, what), getattr(arrived, what)
        if has * 10 < had * 9:
            return f"it holds {has} {what} of {had} in force: more than a tenth is missing"
    dates = arrived.published_on, in_force.published_on
    if dates[0] and dates[1] and dates[0] < dates[1]:
        return f"it is of {dates[0]}, older than the version in force of {dates[1]}"
    return None
