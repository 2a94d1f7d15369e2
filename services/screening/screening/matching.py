"""Compares a person's name with the names of every listed individual, on this machine alone."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from anyascii import anyascii
from rapidfuzz import fuzz, process

from screening.lists.entries import Entry, Name, script_of

Outcome = Literal["clear", "review", "hit"]

REVIEW_AT = 82.0
HIT_AT = 95.0

# Letters that show nothing though their Unicode category does not say so: joiners, fillers.
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_APOSTROPHES = re.compile(r"['`´‘’ʻʼʾʿ]")
_NO_LETTERS = re.compile(r"[^a-z0-9]+")
_PARENTHESES = re.compile(r"\(([^()]*)\)")

_WORD_ALIKE = 80.0  # from here on two words may be one, spelled in two ways
_FIT = 0.8  # score of a name whose words all stand in a far longer one; its share adds the rest
_SOUNDS = str.maketrans("eioucqjvxz", "aaaakkywss")  # first letters that spellings interchange
_SEVERITY = {"clear": 0, "review": 1, "hit": 2}


@dataclass(frozen=True)
class Candidate:
    """A listed individual whom the compared name may mean, by the name that comes closest.

    score: 0 to 100. outcome: what this entry alone leads to.
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
    """What comparing a name came to; candidates, the gravest first, are empty when it is clear."""

    outcome: Outcome
    candidates: tuple[Candidate, ...]


def normalise(name: str) -> str:
    """The name in small Latin letters and digits, words parted by one blank.

    NFKC, everything invisible out, case folded, transliterated; apostrophes out ("O'Neill" is one
    word), any other sign becomes a blank ("al-Masri" is two). Doing it twice changes nothing.
    Source: S16 (the name is compared, inside screening).
    """
    visible = "".join(c for c in unicodedata.normalize("NFKC", name) if not _is_invisible(c))
    latin = _APOSTROPHES.sub("", anyascii(visible.casefold())).lower()
    return _NO_LETTERS.sub(" ", latin).strip()


class Index:
    """Every name of the listed individuals, ready to be compared; it is never changed.

    Organisations, ships and aircraft are left out: only people are compared here.
    """

    def __init__(self, entries: Iterable[Entry]):
        self._names = tuple(_listed(entries))
        self._holding: dict[str, list[int]] = defaultdict(list)
        for number, listed in enumerate(self._names):
            for word in set(listed.words):
                self._holding[word].append(number)
        self._words = defaultdict(list)
        for word in self._holding:
            self._words[_sound(word)].append(word)
        self._unspaced = defaultdict(list)
        for number, listed in sorted(enumerate(self._names), key=lambda pair: pair[1].letters):
            self._unspaced[_sound(listed.unspaced)].append(number)

    def compare(self, name: str, review_at: float = REVIEW_AT, hit_at: float = HIT_AT) -> Match:
        """Whether the name stands on a list, may stand there, or does not.

        From hit_at on a name is the same or all but the same: a hit. From review_at on a person
        must decide, and so it is, however high the score, for weak aliases, for single words and
        where only part of one name is the other.
        Source: S14, S16, S17 (an exact or near-exact name blocks, a fuzzy one is decided by a
        person).
        """
        query = _words(name)
        closest: dict[tuple[str, str], Candidate] = {}
        for number in self._nearby(query, review_at) if query else ():
            found = _candidate(query, self._names[number], review_at, hit_at)
            key = found.list_id, found.entry_id
            if found.outcome != "clear" and (key not in closest or _rank(found) > _rank(closest[key])):
                closest[key] = found
        candidates = sorted(closest.values(), key=_rank, reverse=True)
        return Match(candidates[0].outcome if candidates else "clear", tuple(candidates))

    def _nearby(self, query: tuple[str, ...], score: float) -> set[int]:
        """Numbers of the names that can reach the score: cheap, and rather one too many."""
        return self._sharing_words(query, score) | self._alike_unspaced("".join(query), score)

    def _sharing_words(self, query: tuple[str, ...], score: float) -> set[int]:
        """Names that share two words with the query, in any spelling and order."""
        shared = [self._letters_shared(word) for word in set(query)]
        numbers = set()
        for one, other in combinations(shared, 2):
            numbers |= one.keys() & other.keys()
        letters = sum(map(len, query))
        return {
            number
            for number in numbers
            if _fit(
                sum(names.get(number, 0.0) for names in shared),
                letters,
                self._names[number].letters,
            )
            >= score
        }

    def _letters_shared(self, word: str) -> dict[int, float]:
        """By name, how many letters of it the word accounts for."""
        alike = process.extract(
            word,
            self._words.get(_sound(word), ()),
            scorer=fuzz.ratio,
            processor=None,
            score_cutoff=_WORD_ALIKE,
            limit=None,
        )
        shared: dict[int, float] = {}
        for other, similarity, _ in reversed(alike):  # the most alike last: it stays
            letters = similarity * (len(word) + len(other)) / 200
            shared.update(dict.fromkeys(self._holding[other], letters))
        return shared

    def _alike_unspaced(self, query: str, score: float) -> set[int]:
        """Names that are alike without their blanks: "Abd al-Rahman" is "Abdulrahman"."""
        numbers = self._unspaced.get(_sound(query), [])
        ratio = (200 - score) / score  # of lengths, beyond which the score is out of reach
        low = bisect_left(numbers, len(query) / ratio, key=lambda n: self._names[n].letters)
        high = bisect_right(numbers, len(query) * ratio, key=lambda n: self._names[n].letters)
        alike = process.extract(
            query,
            {number: self._names[number].unspaced for number in numbers[low:high]},
            scorer=fuzz.ratio,
            processor=None,
            score_cutoff=score,
            limit=None,
        )
        return {number for _, _, number in alike}


@dataclass(frozen=True, slots=True)
class _Listed:
    entry: Entry
    name: Name
    words: tuple[str, ...]
    spaced: str
    unspaced: str
    letters: int


def _listed(entries: Iterable[Entry]) -> Iterator[_Listed]:
    for entry in entries:
        if entry.kind != "individual":
            continue
        strongest_first = sorted(entry.names, key=lambda name: not name.strong)
        seen = set()
        for name in strongest_first:
            for spelling in _spellings(name.text):
                words = _words(spelling)
                if words and words not in seen:
                    seen.add(words)
                    unspaced = "".join(words)
                    spaced = " ".join(sorted(words))
                    yield _Listed(entry, name, words, spaced, unspaced, len(unspaced))


def _spellings(text: str) -> Iterator[str]:
    """The names in one published name: "A; B" holds two, "A (А)" one in two scripts.

    A parenthesis in the script of the name itself is a remark ("combat name").
    """
    outside = _PARENTHESES.sub(" ", text)
    yield from outside.split(";")
    for inside in _PARENTHESES.findall(text):
        inside = inside.removeprefix("original script:")
        if script_of(inside) != script_of(outside):
            yield from inside.split(";")


def _words(name: str) -> tuple[str, ...]:
    """Words of the normalised name, the family name last where a comma says which it is."""
    if name.count(",") == 1:
        family, given = name.split(",")
        name = f"{given} {family}"
    return tuple(normalise(name).split())


def _candidate(
    query: tuple[str, ...], listed: _Listed, review_at: float, hit_at: float
) -> Candidate:
    whole = max(
        fuzz.ratio(" ".join(sorted(query)), listed.spaced),
        fuzz.ratio("".join(query), listed.unspaced),
    )
    part = _part_score(query, listed.words)
    score = max(whole, part)
    doubt = ""
    if not listed.name.strong:
        doubt = "the alias is weak"
    elif 1 in (len(query), len(listed.words)):
        doubt = "a single word names nobody for certain"
    elif whole < hit_at:
        doubt = "only part of the name is the same"
    if score < review_at:
        outcome: Outcome = "clear"
    else:
        outcome = "review" if doubt or score < hit_at else "hit"
    return Candidate(
        list_id=listed.entry.list_id,
        entry_id=listed.entry.entry_id,
        matched_name=listed.name.text,
        score=round(score, 1),
        outcome=outcome,
        explanation=_explanation(listed, whole, part, doubt if score >= hit_at else ""),
    )


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
    """Score of two names of so many letters that share some: the shorter one's share weighs most."""
    short, long = sorted((letters, other_letters))
    return 100 * (_FIT * min(1.0, shared / short) + (1 - _FIT) * min(1.0, shared / long))


def _explanation(listed: _Listed, whole: float, part: float, doubt: str) -> str:
    how = "resembles"
    if whole == 100:
        how = "is, but for case, accents and order,"
    elif part > whole:
        how = "shares words with"
    elif whole >= HIT_AT:
        how = "is all but"
    return ""


def _rank(candidate: Candidate) -> tuple[int, float]:
    return _SEVERITY[candidate.outcome], candidate.score


def _sound(word: str) -> str:
    return word[0].translate(_SOUNDS)


def _is_invisible(character: str) -> bool:
    if character in _BLANK_LETTERS:
        return True
    return unicodedata.category(character) in ("Cf", "Cc", "Cs") and not character.isspace()
