"""Scores how alike two names are, word by word; a function of the two names and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from screening.likeness import UNVOWELLED_KEY, alike, unvowelled
from screening.spelling import CUT_FROM, Spelled

_JOINED = 0.95
_INITIAL = 0.88
_CUT = 0.9
_SYLLABIC_LEAST = 0.88
"""Chinese and Korean words are too short to be compared by their consonants or with slips."""

_WEAKEST = 0.3  # share of the least alike pair in the score; the mean has the rest
_MISSING = 0.4  # what is taken off for words that only the listed name has
_ADDED = 0.5  # … that only the compared name has
_TWO_SLIPS_LEAST = 5  # letters from which on words may be alike that share no key

How = Literal["word", "joined", "initial"]


class Pair(NamedTuple):
    """Places of words in the compared name and in the listed one that stand for each other."""

    places: tuple[int, ...]
    listed: tuple[int, ...]
    alike: float
    how: How = "word"


class Likeness(NamedTuple):
    """How alike two names are. score: 0 to 100. cut: whether one is the beginning of the other."""

    score: float
    pairs: Sequence[Pair] = ()
    cut: bool = False


def score(name: Spelled, listed: Spelled) -> Likeness:
    """How well a name fits a listed one.

    Each word is paired with the most alike one that is left. The score is how alike the pairs are,
    by their length, less what has no partner: little where one name merely has more words, much
    where both have words that the other lacks. One word alone fits nothing but one word.
    """
    cut = _is_cut(name, listed)
    pairs = _pairs(name, listed)
    if sum(max(len(each.places), len(each.listed)) for each in pairs) < 2 and not (
        len(name.core) == len(listed.core) == 1
    ):
        return Likeness(100 * _CUT, cut=True) if cut else Likeness(0.0)
    paired = listed_paired = 0
    liking = 0.0
    for each in pairs:
        here = sum([name.weights[place] for place in each.places])
        there = sum([listed.weights[place] for place in each.listed])
        paired += here
        listed_paired += there
        liking += each.alike * (here + there)
    if not pairs:
        return Likeness(0.0)
    mean = liking / (paired + listed_paired)
    fit = mean + _WEAKEST * (min(each.alike for each in pairs) - mean)
    found = 100 * fit * _share(name, paired, listed, listed_paired)
    if cut and found < 100 * _CUT:
        return Likeness(100 * _CUT, cut=True)
    return Likeness(found, pairs)


def within_reach(name: Spelled, listed: Spelled, words: set[str], least: float) -> bool:
    """Whether two names may score that high: a glance that spares most of them the scoring.

    words: all that the index finds alike to a word of the name; long ones may be alike besides.
    """
    letters = {word for word in name.core if len(word) == 1}
    met = count = 0
    for word, weight, initials in zip(listed.core, listed.weights, listed.initials, strict=True):
        if (
            word in words
            or len(word) == 1
            or not letters.isdisjoint(initials)
            or (len(word) >= _TWO_SLIPS_LEAST and _is_alike(word, name))
        ):
            met += weight
            count += 1
    fits = name.weight
    if count < len(name.core):
        fits = sum(sorted(name.weights, reverse=True)[:count])
    return (
        100 * _share(name, fits, listed, met) >= least
        or _share_joined(name, listed)
        or _is_cut(name, listed)
    )


def _is_alike(word: str, name: Spelled) -> bool:
    return any(alike(mine, word) for mine in name.core)


def _share(name: Spelled, paired: int, listed: Spelled, listed_paired: int) -> float:
    """What is left of a score, from 0 to 1, where that much weight of each name has a partner."""
    added = 1 - paired / name.weight
    missing = 1 - listed_paired / listed.weight
    return max(0.0, 1 - min(added, missing) - max(_ADDED * added, _MISSING * missing))


def _share_joined(name: Spelled, listed: Spelled) -> bool:
    """Whether two neighbours of one may be one word, or two neighbours, of the other."""
    keys, listed_keys = name.joined_keys, listed.joined_keys
    if not keys.isdisjoint(listed.sounds) or not listed_keys.isdisjoint(name.sounds):
        return True
    if not keys.isdisjoint(listed_keys):
        return True
    return not (name.whole.isascii() and listed.whole.isascii())


def _pairs(name: Spelled, listed: Spelled) -> list[Pair]:
    """The most alike words, the longest first, each word once."""
    if name.core == listed.core:
        return [Pair((place,), (place,), 1.0) for place in range(len(name.core))]
    options = sorted(_options(name, listed), key=_gain, reverse=True)
    used: set[int] = set()
    listed_used: set[int] = set()
    chosen = []
    for _, each in options:
        if used.isdisjoint(each.places) and listed_used.isdisjoint(each.listed):
            used.update(each.places)
            listed_used.update(each.listed)
            chosen.append(each)
    return chosen


def _options(name: Spelled, listed: Spelled) -> Iterator[tuple[int, Pair]]:
    """Words that may stand for each other, with their letters."""
    least = _SYLLABIC_LEAST if name.syllabic or listed.syllabic else 0.0
    for place, word in enumerate(name.core):
        vowelled = word.isascii()
        for listed_place, other in enumerate(listed.core):
            if word != other and (len(word) == 1 or len(other) == 1):
                initials = name.initials[place], listed.initials[listed_place]
                if _is_initial(word, other, *initials):
                    yield (
                        1 + len(word + other),
                        Pair((place,), (listed_place,), _INITIAL, "initial"),
                    )
            elif not vowelled or other.isascii():  # no Latin name is sought in one without vowels
                found = alike(word, other)
                if found > least:
                    yield len(word) + len(other), Pair((place,), (listed_place,), found)
    if not _share_joined(name, listed):
        return
    for one in name.joined:
        for place in _sounding(one.key, listed):
            yield 2 * one.letters, Pair(one.places, (place,), _JOINED, "joined")
        for two in listed.joined:
            if one.key == two.key and len(one.places) + len(two.places) > 2:
                yield one.letters + two.letters, Pair(one.places, two.places, _JOINED, "joined")
    for two in listed.joined:
        for place in _sounding(two.key, name):
            yield 2 * two.letters, Pair((place,), two.places, _JOINED, "joined")


def _gain(option: tuple[int, Pair]) -> tuple[bool, float]:
    """What is taken first: words that are the same, then whatever accounts for the most letters."""
    letters, pair = option
    return pair.alike > _JOINED, letters * pair.alike


def _sounding(key: str, name: Spelled) -> list[int]:
    """Places of the words that sound like two neighbours of the other name, written as one."""
    if key[0] == UNVOWELLED_KEY:
        return [n for n, word in enumerate(name.core) if UNVOWELLED_KEY + unvowelled(word) == key]
    return [place for place, sound in enumerate(name.sounds) if sound == key]


def _is_initial(word: str, other: str, initials: str, other_initials: str) -> bool:
    return word in other_initials if len(word) == 1 else other in initials


def _is_cut(name: Spelled, listed: Spelled) -> bool:
    shorter, longer = sorted((name.whole, listed.whole), key=len)
    return CUT_FROM <= len(shorter) < len(longer) and longer.startswith(shorter)
