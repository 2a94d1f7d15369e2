"""Compares a person's name with the names of every listed individual, on this machine alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from screening import evidence
from screening.lists.entries import Entry, Name, NameKind
from screening.name_index import NameIndex
from screening.rules.comparisons import Outcome
from screening.scoring import Likeness, score, within_reach
from screening.spelling import Spelled, spell, spellings

METHOD = "local/2"
"""Changes with anything that may change a score."""
MOST_WORDS = 25
"""What has more words is no name, and no comparison of it is worth its time: a person looks."""
REVIEW_AT = 82.0
HIT_AT = 95.0

_KIND_NAMES: dict[NameKind, str] = {
    "primary": "primary name",
    "alias": "alias",
    "former": "former name",
    "original": "name in its own script",
}


@dataclass(frozen=True)
class Candidate:
    """A listed individual whom the compared name may mean, by the name that comes closest.

    score: 0 to 100. outcome: what this entry alone leads to, never "clear".
    explanation: one sentence for the person who decides; of the compared name it holds no word.
    """

    list_id: str
    entry_id: str
    matched_name: str
    score: float
    outcome: Outcome
    explanation: str


@dataclass(frozen=True)
class Match:
    """What comparing a name came to; candidates: the gravest first, none when it is clear."""

    outcome: Outcome
    candidates: tuple[Candidate, ...]


class Index:
    """Every name of the listed individuals, ready to be compared; it is never changed.

    Organisations, ships and aircraft are left out: only people are compared here.
    """

    def __init__(self, entries: Iterable[Entry]):
        self._listed = tuple(_listed(entries))
        self._names: NameIndex[int] = NameIndex()
        for number, each in enumerate(self._listed):
            self._names.put(number, each.spelled)

    def __len__(self) -> int:
        return len(self._listed)

    def near(self, name: str) -> set[tuple[str, str]]:
        """List and entry of everybody whom a name is compared with word by word."""
        found = (self._listed[number].entry for number in self._names.nearby(name))
        return {(each.list_id, each.entry_id) for each in found}

    def compare(
        self,
        name: str,
        review_at: float = REVIEW_AT,
        hit_at: float = HIT_AT,
        *,
        born: date | None = None,
        country: str | None = None,
    ) -> Match:
        """Whether the name stands on a list, may stand there, or does not.

        From hit_at on a name is the same or all but the same: a hit. From review_at on a person
        must decide, and so it is, however high the score, where the likeness is of a weak kind:
        see `weakness`; and for a name without a letter or with far too many words. born, country
        (ISO 3166, two letters): raise or lower the score where both sides know them.
        Source: S14, S16, S17 (an exact or near-exact name blocks, a fuzzy one is decided by a
        person).
        """
        query = spell(name)
        if not query.words or len(query.core) > MOST_WORDS:
            return Match("review", ())
        closest: dict[tuple[str, str], _Found] = {}
        words = self._names.alike(query)
        least = review_at - (evidence.MOST if born or country else 0)
        for number in self._names.nearby(query):
            listed = self._listed[number]
            if not within_reach(query, listed.spelled, words, least):
                continue
            likeness = score(query, listed.spelled)
            points = likeness.score + evidence.weight(listed.entry, born, country)
            points = round(min(points, 100.0), 1)
            if likeness.score and points >= review_at:
                found = _Found(points, listed, likeness)
                found = found._replace(hit=points >= hit_at and not _doubt(query, found))
                key = listed.entry.list_id, listed.entry.entry_id
                closest[key] = max(found, closest.get(key, found), key=_Found.rank)
        ranked = sorted(closest.values(), key=_Found.rank, reverse=True)
        candidates = tuple(_candidate(query, each, hit_at) for each in ranked)
        return Match(candidates[0].outcome if candidates else "clear", candidates)


@dataclass(frozen=True, slots=True)
class _Listed:
    entry: Entry
    name: Name
    spelled: Spelled


def _listed(entries: Iterable[Entry]) -> Iterator[_Listed]:
    for entry in entries:
        if entry.kind != "individual":
            continue
        strongest_first = sorted(entry.names, key=lambda name: not name.strong)
        seen: set[tuple[str, ...]] = set()
        for name in strongest_first:
            for spelled in map(spell, spellings(name.text)):
                if spelled.words and spelled.words not in seen:
                    seen.add(spelled.words)
                    yield _Listed(entry, name, spelled)


class _Found(NamedTuple):
    points: float
    listed: _Listed
    likeness: Likeness
    hit: bool = False

    def rank(self) -> tuple[bool, float, bool, str, str]:
        """The gravest is the highest; of equals the same one, whatever else the index holds."""
        name = self.listed.name
        return self.hit, self.points, name.strong, self.listed.spelled.text, name.text


def _candidate(query: Spelled, found: _Found, hit_at: float) -> Candidate:
    doubt = _doubt(query, found) if found.points >= hit_at else ""
    return Candidate(
        list_id=found.listed.entry.list_id,
        entry_id=found.listed.entry.entry_id,
        matched_name=found.listed.name.text,
        score=found.points,
        outcome="hit" if found.hit else "review",
        explanation=_explanation(query, found, doubt),
    )


def band(
    query: Spelled, listed: Spelled, likeness: Likeness, review_at: float, hit_at: float
) -> Outcome:
    """What the likeness of two names leads to, neither of them a weak alias."""
    if likeness.score < review_at:
        return "clear"
    return "review" if likeness.score < hit_at or weakness(query, listed, likeness) else "hit"


def weakness(query: Spelled, theirs: Spelled, likeness: Likeness) -> str:
    """Why names that score like a hit are none; empty where they are one."""
    if 1 in (len(query.core), len(theirs.core)):
        return "a single word alone identifies nobody"
    if likeness.cut or any(each.how == "initial" for each in likeness.pairs):
        return "only a part of the name is the same"
    if query.words != theirs.words and not all(
        word.isascii() for word in (*query.core, *theirs.core)
    ):
        return "a spelling without vowels may be of another name"
    texts = _characters(query.text), _characters(theirs.text)
    if (query.syllabic or theirs.syllabic) and texts[0] != texts[1]:
        return "characters that sound alike may be another name"
    return ""


def _doubt(query: Spelled, found: _Found) -> str:
    if not found.listed.name.strong:
        return "a weak alias alone identifies nobody"
    return weakness(query, found.listed.spelled, found.likeness)


def _explanation(query: Spelled, found: _Found, doubt: str) -> str:
    """The sentence for the person who decides; doubt says why a high score is no hit."""
    entry, name, spelled = found.listed.entry, found.listed.name, found.listed.spelled
    kind = _KIND_NAMES[name.kind] if name.strong else "weak alias"
    sentence = (
        f"Compared with the {kind} “{name.text}” of entry {entry.entry_id} on list {entry.list_id}"
        f" (score {found.points:.0f}):"
        f" {', '.join(evidence.word_by_word(query, spelled, found.likeness))}"
    )
    return f"{sentence}; but {doubt}." if doubt else f"{sentence}."


def _characters(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
