"""Who compares names: this machine, with the lists in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from screening.lists.entries import Entry
from screening.matching import Index, Match


@dataclass(frozen=True)
class PersonName:
    """All that is known here of a person, and only while it is compared (S16)."""

    given: str = field(repr=False)
    family: str = field(repr=False)

    @property
    def full(self) -> str:
        """Both names in the order in which they are spoken."""
        return f"{self.given} {self.family}".strip()


class Provider(Protocol):
    """Whoever compares names with lists; gets names and nothing else (S15, S16)."""

    def compare(self, names: Sequence[PersonName]) -> list[Match]:
        """What each name comes to, in the order given."""


class LocalProvider:
    """The comparison on this machine; nothing leaves it."""

    def __init__(self, people: Iterable[Entry], review_at: float, hit_at: float) -> None:
        self._people = {(each.list_id, each.entry_id): each for each in people}
        self._index = Index(self._people.values())
        self._review_at, self._hit_at = review_at, hit_at

    def compare(self, names: Sequence[PersonName]) -> list[Match]:
        """What each name comes to, in the order given."""
        return [self._index.compare(each.full, self._review_at, self._hit_at) for each in names]

    def fingerprint(self, list_id: str, entry_id: str) -> str:
        """Fingerprint of an entry that `compare` found."""
        return self._people[list_id, entry_id].fingerprint()
