"""The comparison on this machine, with the lists in force; nothing leaves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from screening.lists.entries import Entry
from screening.matching import METHOD, Index, Match
from screening.models import ListVersion
from screening.providers.base import Answer, PersonName
from screening.rules.comparisons import NOT_COMPARABLE, Found


class LocalProvider:
    """Made of the people of certain versions of lists; it is never changed.

    people: of all of them, or those to compare with alone. ids, codes: the versions.
    """

    def __init__(
        self,
        people: Iterable[Entry],
        review_at: float,
        hit_at: float,
        ids: tuple[UUID, ...] = (),
        codes: tuple[str, ...] = (),
    ) -> None:
        self.people = {(each.list_id, each.entry_id): each for each in people}
        self._review_at, self._hit_at = review_at, hit_at
        self.ids, self.codes = ids, codes
        self.method = f"{METHOD} {review_at:g}-{hit_at:g}"

    @cached_property
    def _index(self) -> Index:
        return Index(self.people.values())

    def compare(self, names: Sequence[PersonName]) -> list[Answer]:
        """What each name comes to, in the order given."""
        matches = [self._index.compare(each.full, self._review_at, self._hit_at) for each in names]
        return [Answer(tuple(found_in(each, self._fingerprint)), self.codes) for each in matches]

    def is_current(self, session: Session) -> bool:
        """Whether no other version came into force meanwhile."""
        return ids_in_force(session) == self.ids

    def _fingerprint(self, list_id: str, entry_id: str) -> str:
        return self.people[list_id, entry_id].fingerprint()


def found_in(match: Match, fingerprint_of: Callable[[str, str], str]) -> list[Found]:
    """What a comparison found, with the fingerprint of every entry; nothing when it is clear."""
    if match.outcome != "clear" and not match.candidates:
        return [NOT_COMPARABLE]
    return [
        Found(**vars(each), entry_fingerprint=fingerprint_of(each.list_id, each.entry_id))
        for each in match.candidates
    ]


def ids_in_force(session: Session) -> tuple[UUID, ...]:
    """Which versions are in force: one cheap look."""
    current = sa.select(ListVersion.id).where(ListVersion.in_force_to.is_(None))
    return tuple(session.scalars(current.order_by(ListVersion.list_id)))
