"""Compares a person's name with the names of every listed individual, on this machine alone."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from rapidfuzz import fuzz, process

from screening.lists.entries import Entry, Name, NameKind, script_of
from screening.spelling import Spelled, spell, spellings

Outcome = Literal["clear", "review", "hit"]

REVIEW_AT = 82.0
HIT_AT = 95.0

_WORD_ALIKE = 80.0  # from here on two words may be one, spelled in two ways
_SLACK = 3.0  # by which a first look may score lower: it counts no blanks and no order of words
_FIT = 0.8  # score of a name whose words all stand in a far longer one; its share adds the rest
_SOUNDS = str.maketrans("eioucqjvxz", "aaaakkywss")  # first letters that spellings interchange
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
    explanation: one sentence for the person who decides; it holds names and stays in screening.
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
        self._names = tuple(_listed(entries))
        self._holding: dict[str, list[int]] = defaultdict(list)
        for number, listed in enumerate(self._names):
            for word in set(listed.spelled.words):
                self._holding[word].append(number)
        self._words: dict[str, list[str]] = defaultdict(list)
        for word in self._holding:
            self._words[_sound(word)].append(word)
        self._unspaced: dict[str, _Shelf] = defaultdict(_Shelf)
        texts = enumerate(listed.spelled.unspaced for listed in self._names)
        for number, text in sorted(texts, key=lambda pair: len(pair[1])):
            self._unspaced[_sound(text)].put(number, text)

    def compare(self, name: str, review_at: float = REVIEW_AT, hit_at: float = HIT_AT) -> Match:
        """Whether the name stands on a list, may stand there, or does not.

        From hit_at on a name is the same or all but the same: a hit. From review_at on a person
        must decide, and so it is, however high the score, for weak aliases, for single words,
        where only part of one name is the other, where Chinese characters merely sound like the
        name, and for a name without a letter to compare.
        Source: S14, S16, S17 (an exact or near-exact name blocks, a fuzzy one is decided by a
        person).
        """
        query = spell(name)
        if not query.words:
            return Match("review", ())
        closest: dict[tuple[str, str], Candidate] = {}
        for number in self._nearby(query, review_at - _SLACK):
            found = _candidate(query, self._names[number], hit_at)
            if found.score >= review_at:
                key = found.list_id, found.entry_id
                closest[key] = max(found, closest.get(key, found), key=_rank)
        candidates = sorted(closest.values(), key=_rank, reverse=True)
        return Match(candidates[0].outcome if candidates else "clear", tuple(candidates))

    def _nearby(self, query: Spelled, score: float) -> set[int]:
        """Numbers of the names that can reach the score: cheap, and rather one too many."""
        return self._sharing_words(query, score) | self._alike_unspaced(query.unspaced, score)

    def _sharing_words(self, query: Spelled, score: float) -> set[int]:
        """Names that share two words with the query, in any spelling and order."""
        times = Counter(query.words)
        shared = {word: self._letters_shared(word) for word in times}
        numbers: set[int] = set()
        for one, other in combinations(shared.values(), 2):
            numbers |= one.keys() & other.keys()
        for word in times:
            if times[word] > 1:
                numbers |= shared[word].keys()
        return {
            number
            for number in numbers
            if _fit(
                sum(times[word] * names.get(number, 0.0) for word, names in shared.items()),
                len(query.unspaced),
                len(self._names[number].spelled.unspaced),
            )
            >= score
        }

    def _letters_shared(self, word: str) -> dict[int, float]:
        """By name, how many letters of it the word accounts for."""
        alike = _alike(word, self._words.get(_sound(word), []), _WORD_ALIKE)
        shared: dict[int, float] = {}
        for other, similarity, _ in reversed(alike):  # the most alike last: it stays
            letters = similarity * (len(word) + len(other)) / 200
            shared.update(dict.fromkeys(self._holding[other], letters))
        return shared

    def _alike_unspaced(self, query: str, score: float) -> set[int]:
        """Names that are alike without their blanks: "Abd al-Rahman" is "Abdulrahman"."""
        shelf = self._unspaced.get(_sound(query), _Shelf())
        ratio = (200 - score) / score  # of lengths, beyond which the score is out of reach
        low = bisect_left(shelf.lengths, len(query) / ratio)
        high = bisect_right(shelf.lengths, len(query) * ratio)
        alike = _alike(query, shelf.texts[low:high], score)
        return {shelf.numbers[low + position] for _, _, position in alike}


@dataclass(slots=True)
class _Shelf:
    """Names of one first sound by length, in three lists that run side by side."""

    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    def put(self, number: int, text: str) -> None:
        """Set a name at the end; whoever fills the shelf brings the shortest first."""
        self.numbers.append(number)
        self.texts.append(text)
        self.lengths.append(len(text))


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


def _candidate(query: Spelled, listed: _Listed, hit_at: float) -> Candidate:
    in_any_order = fuzz.ratio(query.spaced, listed.spelled.spaced)
    unspaced = fuzz.ratio(query.unspaced, listed.spelled.unspaced)
    whole = round(max(in_any_order, unspaced), 1)
    part = round(_part_score(query.words, listed.spelled.words), 1)
    score = max(whole, part)
    doubt = _doubt(query, listed, whole, hit_at) if score >= hit_at else ""
    how = "resembles"
    if whole == 100:
        how = "has the same words as"
    elif whole >= hit_at:
        how = "is all but the same as"
    elif part > whole:
        how = "shares words with"
    return Candidate(
        list_id=listed.entry.list_id,
        entry_id=listed.entry.entry_id,
        matched_name=listed.name.text,
        score=score,
        outcome="hit" if score >= hit_at and not doubt else "review",
        explanation=_explanation(listed, score, how, doubt),
    )


def _doubt(query: Spelled, listed: _Listed, whole: float, hit_at: float) -> str:
    """Why a name that scores like a hit is none; empty where it is one."""
    if not listed.name.strong:
        return "a weak alias alone identifies nobody"
    if 1 in (len(query.words), len(listed.spelled.words)):
        return "a single word alone identifies nobody"
    if whole < hit_at:
        return "only a part of the name is the same"
    texts = query.text, listed.spelled.text
    if "CJK" in map(script_of, texts) and len({_characters(text) for text in texts}) > 1:
        return "Chinese characters that sound alike may be another name"
    return ""


def _characters(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _part_score(query: tuple[str, ...], words: tuple[str, ...]) -> float:
    """Score of two names by the words they share; 0 where they do not share at least two."""
    shorter, longer = sorted((query, words), key=len)
    left = list(longer)
    letters, shared = 0.0, 0
    for word in sorted(shorter, key=len, reverse=True):
        closest = process.extractOne(word, left, scorer=fuzz.ratio, score_cutoff=_WORD_ALIKE)
        if closest:
            other, similarity, position = closest
            del left[position]
            letters += similarity * (len(word) + len(other)) / 200
            shared += 1
    if shared < 2:
        return 0.0
    return _fit(letters, sum(map(len, query)), sum(map(len, words)))


def _fit(shared: float, letters: int, other_letters: int) -> float:
    """Score of two names of so many letters that share some: the shorter one's share counts."""
    short, long = sorted((letters, other_letters))
    return 100 * (_FIT * min(1.0, shared / short) + (1 - _FIT) * min(1.0, shared / long))


def _explanation(listed: _Listed, score: float, how: str, doubt: str) -> str:
    """The sentence for the person who decides; doubt says why a high score is no hit."""
    kind = _KIND_NAMES[listed.name.kind] if listed.name.strong else "weak alias"
    sentence = (
        f"The name {how} the {kind} “{listed.name.text}” of entry {listed.entry.entry_id}"
        f" on list {listed.entry.list_id} (score {score:.0f})"
    )
    return f"{sentence}, but {doubt}." if doubt else f"{sentence}."


def _alike(text: str, texts: list[str], score: float) -> list[tuple[str, float, int]]:
    """Those of the texts that reach the score, with score and position, the most alike first."""
    return process.extract(text, texts, scorer=fuzz.ratio, score_cutoff=score, limit=None)


def _rank(candidate: Candidate) -> tuple[bool, float]:
    return candidate.outcome == "hit", candidate.score


def _sound(word: str) -> str:
    return word[0].translate(_SOUNDS)
