"""Finds the few names, of very many, that a name may be compared with."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Generic, TypeVar

from screening.likeness import alike, held_under, joined_under, sought_under
from screening.spelling import CUT_FROM, Spelled, spell

K = TypeVar("K", bound=Hashable)


class NameIndex(Generic[K]):
    """Names by their words; whether two are nearby is a question of these two alone.

    They are when two words of the one are alike to words of the other, when one word is and the
    rest are initials, or when two words of the one are written as one in the other. So it finds the
    same pairs whichever of the two is held and whichever is asked about.
    """

    def __init__(self) -> None:
        self._texts: dict[K, str] = {}
        self._holding: dict[str, list[K]] = {}
        self._alone: dict[str, list[K]] = {}
        self._joined: dict[str, list[K]] = {}
        self._words: dict[str, list[str]] = {}
        self._alike = lru_cache(1 << 13)(self._find_alike)
        self._near = lru_cache(1 << 12)(self._find_near)

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, key: K) -> str:
        return self._texts[key]

    def __contains__(self, key: K) -> bool:
        return key in self._texts

    def put(self, key: K, name: str | Spelled) -> None:
        """Hold a name under this key, in the place of the one that it held."""
        self.discard(key)
        spelled = spell(name) if isinstance(name, str) else name
        self._texts[key] = spelled.text
        full = _full_words(spelled)
        for word in full:
            if word not in self._holding:
                for each in held_under(word):
                    self._words.setdefault(each, []).append(word)
                self._alike.cache_clear()
            self._holding.setdefault(word, []).append(key)
            if len(full) == 1:
                self._alone.setdefault(word, []).append(key)
        for word in _joined_keys(spelled):
            self._joined.setdefault(word, []).append(key)
        self._near.cache_clear()

    def discard(self, key: K) -> None:
        """Forget the name of this key, and every word that no other name has."""
        name = self._texts.pop(key, None)
        if name is None:
            return
        spelled = spell(name)
        full = _full_words(spelled)
        for word in full:
            if len(full) == 1:
                _remove(self._alone, word, key)
            _remove(self._holding, word, key)
            if word not in self._holding:
                for each in held_under(word):
                    _remove(self._words, each, word)
        for word in _joined_keys(spelled):
            _remove(self._joined, word, key)
        self._alike.cache_clear()
        self._near.cache_clear()

    def nearby(self, name: str | Spelled) -> set[K]:
        """Keys of the names that this one is compared with; no other can be a match."""
        spelled = spell(name) if isinstance(name, str) else name
        full = _full_words(spelled)
        found: set[K] = set()
        for word in full:
            for other in self._alike(word):
                found.update(self._alone.get(other, ()))
            for key in joined_under(word):
                found.update(self._joined.get(key, ()))
        if len(full) > 1:
            found |= _in_two(sorted(map(self._near, full), key=len))
        elif full and len(full) < len(spelled.core):
            found |= self._near(full[0])
        for key in _joined_keys(spelled):
            found.update(self._joined.get(key, ()))
            for word in self._words.get(key, ()):
                found.update(self._holding[word])
        return found

    def alike(self, spelled: Spelled) -> set[str]:
        """Words of any name held that are alike to a word of this one."""
        return {other for word in _full_words(spelled) for other in self._alike(word)}

    def _find_alike(self, word: str) -> tuple[str, ...]:
        shared = {other for key in sought_under(word) for other in self._words.get(key, ())}
        return tuple(other for other in shared if alike(word, other))

    def _find_near(self, word: str) -> frozenset[K]:
        return frozenset(key for other in self._alike(word) for key in self._holding[other])


def _in_two(near: list[frozenset[K]]) -> set[K]:
    """What is in two of these sets at least; the largest is the last."""
    seen: set[K] = set()
    twice: set[K] = set()
    for each in near[:-1]:
        twice |= seen & each
        seen |= each
    return twice | (seen & near[-1])


def _full_words(spelled: Spelled) -> list[str]:
    """The words that are more than an initial, each once."""
    return [word for word in dict.fromkeys(spelled.core) if len(word) > 1]


def _joined_keys(spelled: Spelled) -> set[str]:
    """Keys of neighbours written as one, and of how a long name begins: it may be cut off."""
    joined = {each.key for each in spelled.joined}
    beginning = spelled.whole[:CUT_FROM]
    if len(beginning) == CUT_FROM:
        joined.add("^" + beginning)
    return joined


def _remove(holding: dict[str, list], word: str, held: Hashable) -> None:
    held_there = holding[word]
    held_there.remove(held)
    if not held_there:
        del holding[word]
