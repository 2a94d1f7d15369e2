"""Which versions of a list are not taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class ListSize:
    """What tells a complete list from a damaged one; names: of its people, 0 if never counted."""

    entries: int
    people: int
    published_on: date | None
    names: int = 0


def why_refused(
    arrived: ListSize,
    in_force: ListSize | None,
    *,
    replaced: bool = False,
    allow_shrink: bool,
) -> str | None:
    """Why a version of a list must not come into force; None when it may.

    replaced: whether this very version was in force before and another one took its place.

    A list that names nobody clears everybody, always. One that is older than the version in force
    or lacks more than a tenth of it, aliases included, is a mistake unless the operator says
    otherwise.
    Source: S18 (lists are regularly updated).
    """
    if not arrived.people:
        return "it names no person"
    if in_force is None or allow_shrink:
        return None
    for what in ("entries", "people", "names"):
        had, has = getattr(in_force, what), getattr(arrived, what)
        if has * 10 < had * 9:
            return f"it holds {has} {what} of {had} in force: more than a tenth is missing"
    if replaced:
        return "it is an earlier version, which another one has replaced"
    dates = arrived.published_on, in_force.published_on
    if dates[0] and dates[1] and dates[0] < dates[1]:
        return f"it is of {dates[0]}, older than the version in force of {dates[1]}"
    return None
