"""What beside the likeness of names speaks for or against a match, and how a match is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import pycountry

from screening.lists.entries import Entry
from screening.scoring import Likeness, Pair
from screening.spelling import Spelled

_SAME_YEAR, _OTHER_YEAR = 3.0, -10.0
_SAME_COUNTRY, _OTHER_COUNTRY = 1.0, -2.0
MOST = _SAME_YEAR + _SAME_COUNTRY
"""The points that a match can win by them."""
_YEARS_OFF = 1
"""Publishers are that often wrong about a year of birth."""


def weight(entry: Entry, born: date | None, country: str | None) -> float:
    """Points that birth date and nationality add to a score or take off it, where known."""
    points = 0.0
    spans = [span for each in entry.birth_dates if (span := each.span())] if born else []
    if born and spans:
        near = any(
            first.year - _YEARS_OFF <= born.year <= last.year + _YEARS_OFF for first, last in spans
        )
        points += _SAME_YEAR if near else _OTHER_YEAR
    countries = {_code(each) for each in entry.nationalities} - {None} if country else set()
    if country and countries:
        points += _SAME_COUNTRY if _code(country) in countries else _OTHER_COUNTRY
    return points


def word_by_word(name: Spelled, listed: Spelled, likeness: Likeness) -> Iterator[str]:
    """How each word of a listed name is met by the compared one, in the listed order.

    No word of the compared name is told: the sentence is stored, the name is not (S16).
    """
    if likeness.cut:
        yield "one is the beginning of the other"
    told = sorted(likeness.pairs, key=lambda pair: pair.listed)
    for pair in told:
        yield f"“{' '.join(listed.core[place] for place in pair.listed)}” {_how(pair)}"
    if missing := _left(listed, [each.listed for each in told], likeness):
        yield f"“{' '.join(listed.core[place] for place in missing)}” is missing"
    if added := _left(name, [each.places for each in told], likeness):
        yield f"{len(added)} more in the name"


def _left(name: Spelled, told: list[tuple[int, ...]], likeness: Likeness) -> list[int]:
    if likeness.cut:
        return []
    met = {place for places in told for place in places}
    return [place for place in range(len(name.core)) if place not in met]


def _how(pair: Pair) -> str:
    if pair.how == "initial":
        return "is abbreviated"
    if pair.how == "joined":
        return "is parted otherwise"
    if pair.alike == 1:
        return "is the same"
    return "sounds the same" if pair.alike > 0.95 else f"is alike ({pair.alike:.0%})"


@lru_cache(4096)
def _code(country: str) -> str | None:
    """Two letters of ISO 3166 for a country as lists and people write it; None if unknown."""
    try:
        return str(pycountry.countries.lookup(country.strip()).alpha_2)
    except LookupError:
        return None
