"""Brings names down to what can be compared: Latin words, whatever script they are written in."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from anyascii import anyascii

from screening.lists.entries import script_of

# Letters that show nothing though their Unicode category does not say so: joiners, fillers.
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_APOSTROPHES = re.compile(r"['`´‘’ʻʼʾʿ]")
_NO_LETTERS = re.compile(r"[^a-z0-9]+")
_PARENTHESES = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A name as written, its normalised words, these sorted with blanks and unsorted without.

    The family name is the last of the words where a comma says which it is.
    """

    text: str
    words: tuple[str, ...]
    spaced: str
    unspaced: str


def normalise(name: str) -> str:
    """The name in small Latin letters and digits, words parted by one blank.

    NFKC, everything invisible out, case folded, transliterated; apostrophes out ("O'Neill" is one
    word), any other sign becomes a blank ("al-Masri" is two). Doing it twice changes nothing.
    Source: S16 (the name is compared, inside screening).
    """
    visible = "".join(c for c in unicodedata.normalize("NFKC", name) if not _is_invisible(c))
    latin = _APOSTROPHES.sub("", anyascii(visible.casefold())).lower()
    return _NO_LETTERS.sub(" ", latin).strip()


def spell(name: str) -> Spelled:
    """The name in the forms in which names are compared.

    Source: S16 (the name is compared, inside screening).
    """
    family, comma, given = name.partition(",")
    ordered = f"{given} {family}" if comma and "," not in given else name
    words = tuple(normalise(ordered).split())
    return Spelled(name, words, " ".join(sorted(words)), "".join(words))


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


def _is_invisible(character: str) -> bool:
    if character in _BLANK_LETTERS:
        return True
    return unicodedata.category(character) in ("Cf", "Cc", "Cs") and not character.isspace()
