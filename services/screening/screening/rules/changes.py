"""What happened to the people of a list from one version to the next."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from screening.lists.entries import Entry, changes


class ChangeKind(StrEnum):
    """What happened to an entry."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    WEIGHED = "weighed"
    """The same names, one of them no longer a weak alias or newly one: it counts otherwise."""


def what_changed(old: Iterable[Entry], new: Iterable[Entry]) -> dict[str, ChangeKind]:
    """What happened to which entry, by entry id; what a comparison cannot tell apart is left out.

    Source: S18 (people are compared again when a list changes).
    """
    before = {each.entry_id: each for each in old}
    after = {each.entry_id: each for each in new}
    found = changes(
        {key: each.fingerprint() for key, each in before.items()},
        {key: each.fingerprint() for key, each in after.items()},
    )
    weighed = (
        key for key in before.keys() & after.keys() if _weights(before[key]) != _weights(after[key])
    )
    return {
        **dict.fromkeys(weighed, ChangeKind.WEIGHED),
        **dict.fromkeys(found.added, ChangeKind.ADDED),
        **dict.fromkeys(found.removed, ChangeKind.REMOVED),
        **dict.fromkeys(found.changed, ChangeKind.CHANGED),
    }


def _weights(entry: Entry) -> set[tuple[str, bool]]:
    return {(name.text, name.strong) for name in entry.names}
