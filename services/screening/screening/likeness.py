"""How alike two words of names are, and the keys by which words that may be alike are found.

Both are functions of the words alone: what they say of two words never depends on other names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

LEAST = 0.65
"""From here on two words may be one, spelled in two ways; what is less alike is not at all."""

UNVOWELLED_KEY = "!"

_SOUNDS_ALIKE = 0.96
_LOOKS_ALIKE = 0.9
_VOICED_ALIKE = 0.88
_BARE_ALIKE = 0.88
_CONSONANTS_ALIKE = 0.78
_UNVOWELLED_ALIKE = 0.85
_SLIPS_FROM, _TWO_SLIPS_FROM = 3, 7
_CACHED = 1 << 16

# What spellings of one name interchange, the longest first.
_SOUNDS = """
    tsch=ch shch=sh sch=sh tch=ch dzh=j ph=f ck=k kh=h gh=g dh=d th=t zh=sh dj=j ts=z tz=z
    ou=u oo=u ee=i ue=u oe=o ae=a iy=i yi=i ij=i ei=i ie=i ey=i ay=a ai=a aj=a
    ya=a ia=a ja=a yu=u iu=u ju=u yo=o io=o ye=i je=i
"""
_SOUND_OF = dict(each.split("=") for each in _SOUNDS.split())
_ANY_SOUND = re.compile("|".join(_SOUND_OF))
_LETTERS = str.maketrans({
    "c": "k", "q": "k", "z": "s", "w": "v", "y": "i", "j": "i", "e": "i", "o": "u", "x": "ks",
})  # fmt: skip
_VOICES = str.maketrans("bdgvj", "ptkfi")
_TWICE = re.compile(r"(.)\1+")
_VOWELS = re.compile("[aeiou]")
_SHAPES = (("rn", "m"), ("cl", "d"), ("vv", "w"), ("i", "l"))

# Consonants as Arabic and Hebrew write them, and as Latin spellings of such names do.
_UNVOWELLED = str.maketrans(
    "بپتثجچحخدذرزژسشصضطظغفقكگلمنه" "בגדהזחטכךלמםנןסףפצץקרשת",
    "bbttjshhddrzzsssdtzjfkkjlmnh" "bjdhzhtkklmmnnsffsskrst",
)  # fmt: skip
_DIGRAPHS = "sch=s sh=s kh=h gh=g th=t dh=d ch=s ph=f dj=j ts=s tz=s"
_DIGRAPH_OF = dict(each.split("=") for each in _DIGRAPHS.split())
_ANY_DIGRAPH = re.compile("|".join(_DIGRAPH_OF))
_LATIN_CONSONANTS = str.maketrans("pgcqx", "bjkkk", "aeiouywv")


@lru_cache(_CACHED)
def fold(word: str) -> str:
    """The word as it sounds: spellings of one name mostly fold to the same."""
    sounds = _ANY_SOUND.sub(lambda found: _SOUND_OF[found[0]], word)
    return _TWICE.sub(_once, sounds.translate(_LETTERS)) or word


def held_under(word: str) -> tuple[str, ...]:
    """Keys under which a word is found by whatever is alike to it."""
    return *_keys(word), ("!" if word.isascii() else "?") + unvowelled(word)


def sought_under(word: str) -> tuple[str, ...]:
    """Keys under which the words that are alike to this one are held, a few with slips aside."""
    return *_keys(word), ("?" if word.isascii() else "!") + unvowelled(word)


@lru_cache(_CACHED)
def _keys(word: str) -> tuple[str, ...]:
    heard = _heard(word)
    found = {heard.sound, "~" + heard.consonants, "#" + heard.shape}
    for spelled, least in ((word, _SLIPS_FROM), (heard.sound, _TWO_SLIPS_FROM)):
        if len(spelled) >= least:
            found.update(spelled[:place] + spelled[place + 1 :] for place in range(len(spelled)))
    return word, *found


@lru_cache(_CACHED)
def alike(one: str, other: str) -> float:
    """How alike two words are, from 0 to 1; below LEAST it is 0.

    1 the same letters; slightly less the same sound; then the same shape to a scanner, the same
    consonants, and a slip of the keyboard, the graver the shorter the word.
    """
    if one == other:
        return 1.0
    if one.isascii() != other.isascii():
        return _UNVOWELLED_ALIKE if unvowelled(one) == unvowelled(other) != "" else 0.0
    heard, other_heard = _heard(one), _heard(other)
    if heard.sound == other_heard.sound:
        return _SOUNDS_ALIKE
    found = _slips_alike(one, other, heard.sound, other_heard.sound)
    if heard.shape == other_heard.shape:
        found = max(found, _LOOKS_ALIKE)
    if heard.consonants == other_heard.consonants:
        if heard.voiceless == other_heard.voiceless:
            found = max(found, _VOICED_ALIKE)
        elif len(heard.consonants) >= 2 and (heard.bare or other_heard.bare):
            found = max(found, _BARE_ALIKE)
        elif len(heard.consonants) >= 3:
            found = max(found, _CONSONANTS_ALIKE)
    return found if found >= LEAST else 0.0


@lru_cache(_CACHED)
def unvowelled(word: str) -> str:
    """The consonants of a word as Arabic and Hebrew would write them, in Latin letters."""
    if word.isascii():
        latin = _ANY_DIGRAPH.sub(lambda found: _DIGRAPH_OF[found[0]], word)
        bare = latin.translate(_LATIN_CONSONANTS)
    else:
        bare = "".join(c for c in word.translate(_UNVOWELLED) if c.isascii())
    bare = _TWICE.sub(_once, bare)
    return bare[:-1] if len(bare) > 1 and bare[-1] == "h" else bare


def joined_under(word: str) -> tuple[str, str]:
    """Keys of the neighbours that, written as one, are this word."""
    return fold(word), UNVOWELLED_KEY + unvowelled(word)


def joined_key(word: str) -> str:
    """Key that two neighbouring words share with the one word that they are elsewhere."""
    return fold(word) if word.isascii() else UNVOWELLED_KEY + unvowelled(word)


def _once(twice: re.Match[str]) -> str:
    return twice[1]


class _Heard(NamedTuple):
    """A word in the ways in which others may be alike to it.

    voiceless: without what voices tell apart. consonants: as they sound, after the first letter,
    which is one of them or any vowel. shape: as a scanner may read it. bare: whether the vowels
    inside were left out, as some do to hide a name.
    """

    sound: str
    voiceless: str
    consonants: str
    shape: str
    bare: bool


@lru_cache(_CACHED)
def _heard(word: str) -> _Heard:
    sound = fold(word)
    voiceless = _TWICE.sub(_once, sound.translate(_VOICES).replace("sh", "s"))
    first = "a" if voiceless[0] in "aeiou" else voiceless[0]
    consonants = _TWICE.sub(_once, first + _VOWELS.sub("", voiceless[1:]))
    shape = word
    for written, read in _SHAPES:
        shape = shape.replace(written, read)
    bare = not _VOWELS.search(word[1:-1]) and (len(word) > 2 or not _VOWELS.search(word))
    return _Heard(sound, voiceless, consonants, shape, bare)


def _slips_alike(one: str, other: str, sound: str, other_sound: str) -> float:
    """How alike two words are if they differ by slips: one, or two in long words; else 0."""
    shorter, longer = sorted((len(one), len(other)))
    if shorter < _SLIPS_FROM or longer - shorter > 2:
        return 0.0
    slips: float = OSA.distance(one, other, score_cutoff=2)
    if slips == 2 and OSA.distance(sound, other_sound, score_cutoff=1) == 1:
        slips = 1.5
    return 1 - slips / longer if slips < 2 or (slips == 2 and shorter >= _TWO_SLIPS_FROM) else 0.0


def forget_words() -> None:
    """Forget every word that was looked at; those of people who left are among them (S26)."""
    for cached in (fold, alike, unvowelled, _keys, _heard):
        cached.cache_clear()
