"""Comparing names of a file, or two names, without any database: what the tools do."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

from screening.lists.entries import Entry
from screening.lists.reading import read_lists
from screening.matching import Index, band
from screening.rules.comparisons import Outcome
from screening.scoring import Likeness, score
from screening.spelling import spell, spellings


class BadRow(Exception):
    """A file of names that cannot be read; the message says where and why."""


@dataclass(frozen=True)
class Query:
    """One row of a file of names. born, country: None where the row does not tell."""

    id: str
    name: str
    born: date | None = None
    country: str | None = None


def read_entries(paths: Iterable[Path]) -> list[Entry]:
    """Every entry of the lists in these files and folders; of one that stands twice, the last.

    Raises ListRefused.
    """
    entries: dict[tuple[str, str], Entry] = {}
    for path in paths:
        for parsed in read_lists(path):
            entries.update({(each.list_id, each.entry_id): each for each in parsed.entries})
    return list(entries.values())


def read_queries(file: IO[str]) -> Iterator[Query]:
    """Rows of a CSV with the columns id,name and, if there are, birth_date and country.

    Raises BadRow for a file without these columns and for a birth date that is none.
    """
    for number, row in _rows(file, ("id", "name")):
        born = (row.get("birth_date") or "").strip()
        try:
            day = _birth_date(born) if born else None
        except ValueError as error:
            reason = f"birth_date {born!r} is no date (1957, 1957-03 or 1957-03-02)"
            raise BadRow(f"line {number}: {reason}") from error
        yield Query(row["id"], row["name"], day, (row.get("country") or "").strip() or None)


def match(index: Index, query: Query, review_at: float, hit_at: float) -> dict[str, Any]:
    """What a query comes to, as one line of the answer."""
    found = index.compare(query.name, review_at, hit_at, born=query.born, country=query.country)
    return {
        "id": query.id,
        "outcome": found.outcome,
        "matches": [
            {
                "list": each.list_id,
                "entry_id": each.entry_id,
                "matched_name": each.matched_name,
                "score": each.score,
                "band": each.outcome,
                "explanation": each.explanation,
            }
            for each in found.candidates
        ],
    }


def compare(name: str, other: str, review_at: float, hit_at: float) -> tuple[float, Outcome]:
    """Score and band of two names, either of which may be the listed one."""
    ranked = [
        (round(likeness.score, 1), band(one, two, likeness, review_at, hit_at))
        for one, two, likeness in _both_ways(name, other)
    ]
    return max(ranked, default=(0.0, "clear"))


def read_pairs(file: IO[str]) -> Iterator[dict[str, str]]:
    """Rows of a CSV with the columns id, name_a and name_b; raises BadRow without them."""
    for _, row in _rows(file, ("id", "name_a", "name_b")):
        yield row


def _both_ways(name: str, other: str) -> Iterator[tuple[Any, Any, Likeness]]:
    ones, others = list(map(spell, spellings(name))), list(map(spell, spellings(other)))
    for one in ones:
        for two in others:
            if one.words and two.words:
                yield one, two, score(one, two)
                yield two, one, score(two, one)


def _rows(file: IO[str], columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(file)
    try:
        if missing := [each for each in columns if each not in (reader.fieldnames or ())]:
            raise BadRow(f"it lacks the column {', '.join(missing)}")
        for row in reader:
            if None in row.values() or None in row:
                raise BadRow(f"line {reader.line_num}: it has other columns than the first line")
            yield reader.line_num, row
    except csv.Error as error:
        raise BadRow(f"line {reader.line_num}: {error}") from error


def _birth_date(text: str) -> date:
    """The day, or the first of the year or month that is all that is known."""
    return date.fromisoformat(text + "-01-01"[3 * text.count("-") :])
