"""Brings names down to words that can be compared, whatever they are written in and disguised by.

Every script becomes small Latin letters, save Arabic and Hebrew: they write no vowels, and a Latin
spelling of them would be a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from anyascii import anyascii

from screening.likeness import fold, joined_key
from screening.lists.entries import script_of

# Letters that show nothing though their Unicode category does not say so: joiners, fillers.
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u0640"
_INSIDE_WORDS = re.compile("['`´‘’ʹʺʻʼʾʿ״׳\"“”]")
_WORDS = re.compile(r"[^\W_]+")
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_ASCII = re.compile("[a-zA-Z]")
_LETTERS_OF_DIGITS = str.maketrans("0123456789", "olzeasgtbg")

_CYRILLIC, _ITS_TWINS = "АВЕКМНОРСТХУІЅЈаеорсхуіѕјһԁԛԝӏ", "ABEKMHOPCTXYISJaeopcxyisjhdqwl"
_LOOK_ALIKES = str.maketrans(_CYRILLIC + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοı", _ITS_TWINS + "ABEZHIKMNOPTYXoi")
_CYRILLIC_TWINS = str.maketrans(_ITS_TWINS[::-1], _CYRILLIC[::-1])

_UNVOWELLED = re.compile("[\u0590-\u06ff]")
_UNVOWELLED_FORMS = str.maketrans("ٱىیکةەھہۃ", "اييكههههه")
_UNVOWELLED_PARTS = re.compile("(عبد)?ال(?!له$)(.{3,})")

_HANGUL = re.compile("[\uac00-\ud7a3]")
_SYLLABLES = re.compile("[\uac00-\ud7a3\u3400-\u9fff]")  # each is a word of its own in a name
_KOREAN_FIRSTS = "k,kk,n,t,tt,r,m,p,pp,s,ss,,j,jj,ch,k,t,p,h"
_KOREAN_VOWELS = "a,ae,ya,yae,o,e,yo,ye,o,wa,wae,oe,yo,u,wo,we,wi,yu,u,ui,i"
_KOREAN_LASTS = ",k,k,k,n,n,n,t,l,k,m,p,l,l,p,l,m,p,p,t,t,ng,t,t,k,t,p,t"

# "Abdulrahman" is "abd" and "rahman", as it is in "Abd al-Rahman"; "Abdullah" is one word.
_SERVANT = re.compile(r"abd[aeiou]*[lr]?")
_SERVANT_OF = re.compile(r"abd[aeiou]*(?:l|([rsztnd])(?=\1))?([a-z]{4,})")
_SERVANT_OF_GOD = re.compile(r"abd[aeiou]*l+a+h?i?")

_TITLES = """
    dr mr mrs ms miss sir prof professor eng engineer col colonel gen general lt maj major capt
    captain brig brigadier adm admiral sgt jr sr junior senior ii iii iv esq hon rev
    haj hajj haji hajji hadji alhaj sheikh shaykh shaikh sheik sheykh cheikh sayyid sayyed sayid
    sayed seyed seyyed mullah mulla molla maulavi mawlawi maulawi molvi qari ustad ayatollah
    الحاج حاج حاجي شيخ الشيخ سيد السيد ملا مولوي
"""
_PARTICLES = """
    al el ul ar as an at ad az ash bin ibn ben bint van von der den de del della di da do dos das
    du la le las los y e und zu zur ter ten af av بن ابن بنت ال
"""
_BESIDE_NAMES = frozenset((_TITLES + _PARTICLES).split())
"""Words that are added to names and left out of them: they tell nobody apart."""

CUT_FROM = 15
"""Letters from which on a name may have been cut off by a form or a file that holds no more."""

_LIGHTEST, _HEAVIEST = 2, 7  # letters up to which, and from which on, all words weigh the same


class Joined(NamedTuple):
    """Two neighbouring words written as one. places: those of the core that it covers."""

    key: str
    letters: int
    places: tuple[int, ...]


class Spelled(NamedTuple):
    """A name as written and in the words by which it is compared.

    words: every word, in order. whole: all of them without a blank. core: those that tell people
    apart, all of them if these are fewer than two; with how much each counts, how it sounds, and
    the letters by which it may be abbreviated. syllabic: Chinese or Korean, whose short words are
    alike by chance.
    """

    text: str
    words: tuple[str, ...]
    whole: str
    core: tuple[str, ...]
    weights: tuple[int, ...]
    weight: int
    sounds: tuple[str, ...]
    initials: tuple[str, ...]
    joined: tuple[Joined, ...]
    joined_keys: frozenset[str]
    syllabic: bool


def spell(name: str) -> Spelled:
    """The name in the words by which names are compared.

    Source: S16 (the name is compared, inside screening).
    """
    words = normalise(name)
    places = [place for place, word in enumerate(words) if word not in _BESIDE_NAMES]
    if len(places) < 2:
        places = list(range(len(words)))
    core = tuple(words[place] for place in places)
    weights = tuple(min(max(len(word), _LIGHTEST), _HEAVIEST) for word in core)
    joined = tuple(_joined(words, places))
    return Spelled(
        text=name,
        words=words,
        whole="".join(words),
        core=core,
        weights=weights,
        weight=sum(weights),
        sounds=tuple(map(fold, core)),
        initials=tuple(_initials(words, places)),
        joined=joined,
        joined_keys=frozenset(each.key for each in joined),
        syllabic=not name.isascii() and _SYLLABLES.search(name) is not None,
    )


def normalise(name: str) -> tuple[str, ...]:
    """The words of a name in small letters, without signs and disguises.

    What is invisible goes, look-alikes of other alphabets and digits become the letters they
    pretend to be, apostrophes vanish ("O'Neill" is one word), any other sign parts words. Doing it
    twice changes nothing.
    """
    if not (name.isascii() and name.isprintable()):
        name = _plain(name)
    words: list[str] = []
    for word in _WORDS.findall(_INSIDE_WORDS.sub("", name).lower()):
        if not (word.isalpha() or word.isdecimal()):
            word = word.translate(_LETTERS_OF_DIGITS)
        words += _parts(word)
    return tuple(words)


def spellings(text: str) -> Iterator[str]:
    """The names in one published name: "A; B" holds two, "A (А)" one in two scripts.

    A parenthesis in the script of the name itself may be a part or a remark ("combat name"): the
    name counts with it and without.
    Source: S14, S17 (whoever stands on a list is found).
    """
    yield text
    outside = _PARENTHESES.sub(" ", text)
    yield from outside.split(";")
    for inside in _PARENTHESES.findall(text):
        inside = inside.removeprefix("original script:")
        if script_of(inside) != script_of(outside):
            yield from inside.split(";")


def _initials(words: tuple[str, ...], places: list[int]) -> Iterator[str]:
    """The letters for each of the core: its first, and that of a particle before it."""
    for place in places:
        particle = words[place - 1][0] if place and place - 1 not in places else ""
        yield particle + words[place][0]


def _joined(words: tuple[str, ...], places: list[int]) -> Iterator[Joined]:
    core = {place: number for number, place in enumerate(places)}
    for place in range(len(words) - 1):
        covered = tuple(core[each] for each in (place, place + 1) if each in core)
        if covered:
            word = words[place] + words[place + 1]
            yield Joined(joined_key(word), len(word), covered)


def _parts(word: str) -> tuple[str, ...]:
    """The words that one word is written for: "abdulrahman" is "abd" and "rahman"."""
    if word.isascii():
        if _SERVANT.fullmatch(word):
            return ("abd",)
        found = None if _SERVANT_OF_GOD.fullmatch(word) else _SERVANT_OF.fullmatch(word)
        return ("abd", found[2]) if found else (word,)
    found = _UNVOWELLED_PARTS.fullmatch(word)
    if not found:
        return (word,)
    return (found[1], found[2]) if found[1] else (found[2],)


def _plain(name: str) -> str:
    """The name in ASCII letters, or in bare letters of Arabic and Hebrew."""
    visible = "".join(c for c in unicodedata.normalize("NFKC", name) if not _is_invisible(c))
    honest = visible.translate(_LOOK_ALIKES)
    latin = any(c.isascii() and c.isalpha() for c in visible)
    cyrillic = any("\u0400" <= c <= "\u04ff" for c in honest)
    words = _SYLLABLES.sub(r" \g<0> ", visible).split()
    return " ".join(_plain_word(word, latin and not cyrillic, cyrillic) for word in words)


def _plain_word(word: str, beside_latin: bool, beside_cyrillic: bool) -> str:
    """One word; what merely looks like the letters beside it is one of them."""
    if word.isascii():
        disguised = word.translate(_CYRILLIC_TWINS)
        return anyascii(disguised) if beside_cyrillic and not _ASCII.search(disguised) else word
    honest = word.translate(_LOOK_ALIKES)
    if honest.isascii() and (beside_latin or _ASCII.search(word)):
        return honest
    if _UNVOWELLED.search(word):
        split = unicodedata.normalize("NFKD", word)
        bare = "".join(c for c in split if not unicodedata.combining(c))
        kept = (c if _UNVOWELLED.match(c) else anyascii(c) for c in bare)
        return "".join(kept).translate(_UNVOWELLED_FORMS)
    return _korean(word) if _HANGUL.fullmatch(word) else anyascii(word)


def _korean(syllable: str) -> str:
    """One syllable as it is mostly written in names: "kim", "yong", "chol"."""
    number = ord(syllable) - 0xAC00
    letters = zip(
        (_KOREAN_FIRSTS, _KOREAN_VOWELS, _KOREAN_LASTS),
        (number // 588, number // 28 % 21, number % 28),
        strict=True,
    )
    return "".join(of_place.split(",")[each] for of_place, each in letters)


def _is_invisible(character: str) -> bool:
    if character in _BLANK_LETTERS:
        return True
    return unicodedata.category(character) in ("Cf", "Cc", "Cs") and not character.isspace()
