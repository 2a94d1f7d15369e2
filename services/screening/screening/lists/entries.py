"""What every sanctions list comes down to: entries with names, birth dates and nationalities."""

import hashlib
import json
import re
import unicodedata
from calendar import monthrange
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

EntryKind = Literal["individual", "entity", "vessel", "aircraft"]
NameKind = Literal["primary", "alias", "former", "original"]

_DATED = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?~?")


@dataclass(frozen=True)
class BirthDate:
    """A birth date, as exact as the list knows it, written in EDTF (ISO 8601-2).

    "1957-03-02", "1957-03" or "1957"; about: "1957~"; a range: "1957/1959". Words that name no date
    stay as the publisher wrote them: an entry is not lost because its birth date cannot be read.
    """

    text: str

    @property
    def circa(self) -> bool:
        """True where the publisher says that the date is approximate."""
        return "~" in self.text

    def span(self) -> tuple[date, date] | None:
        """First and last day that the birth date may mean; None where the text names no date."""
        first, _, last = self.text.partition("/")
        days = _days(first), _days(last or first)
        return (days[0][0], days[1][1]) if days[0] and days[1] else None


@dataclass(frozen=True)
class Name:
    """One name of an entry as published, white space aside.

    script: first word of the letters' Unicode names ("LATIN", "ARABIC"), None without a letter.
    strong: False where the publisher warns that the alias alone identifies nobody.
    kind: "original" is the name in the script of its country.
    """

    text: str
    script: str | None
    strong: bool
    kind: NameKind


@dataclass(frozen=True)
class Entry:
    """One designation of a list: a person, an organisation, a ship or an aircraft.

    entry_id: the publisher's own number, the same in every version of the list.
    references: further numbers under which the entry is known.
    """

    list_id: str
    entry_id: str
    kind: EntryKind
    names: tuple[Name, ...]
    birth_dates: tuple[BirthDate, ...]
    nationalities: tuple[str, ...]
    programmes: tuple[str, ...]
    references: tuple[str, ...]

    def fingerprint(self) -> str:
        """SHA-256 of what a comparison or its reviewer looks at: another value, another person.

        The sets of names, birth dates and nationalities count; their order, the type and strength
        of an alias, addresses, programmes and free text do not: publishers change those daily.
        Source: S18 (people are compared again when a list changes).
        """
        seen = (
            sorted({name.text for name in self.names}),
            sorted({born.text for born in self.birth_dates}),
            sorted(set(self.nationalities)),
        )
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


@dataclass(frozen=True)
class ParsedList:
    """One version of one list.

    published_on: None where the publisher's files carry no date (OFAC's CSV).
    checksum: SHA-256 of the unpacked file; of several, SHA-256 of what `sha256sum` prints for them.
    Source: S22 (which lists were used, in which version).
    """

    list_id: str
    published_on: date | None
    checksum: str
    entries: tuple[Entry, ...]

    def fingerprints(self, kind: EntryKind) -> dict[str, str]:
        """Fingerprint of every entry of this kind by entry id, as `changes` compares them."""
        return {entry.entry_id: entry.fingerprint() for entry in self.entries if entry.kind == kind}


@dataclass(frozen=True)
class Changes:
    """Entry ids by what happened to them from one version of a list to the next."""

    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> Changes:
    """What a new version of a list adds, removes and changes.

    old, new: fingerprint by entry id.
    Source: S18 (people are compared again when a list changes).
    """
    return Changes(
        added=frozenset(new.keys() - old.keys()),
        removed=frozenset(old.keys() - new.keys()),
        changed=frozenset(key for key in old.keys() & new.keys() if old[key] != new[key]),
    )


def single_spaced(text: str | None) -> str:
    """The text trimmed, inner white space collapsed to one blank; "" for None."""
    return " ".join(text.split()) if text else ""


def script_of(text: str) -> str | None:
    """Script of most letters: "LATIN", "ARABIC", "CYRILLIC", "CJK"; None without a letter."""
    scripts = _scripts(text)
    return scripts.most_common(1)[0][0] if scripts else None


def mostly_not_latin(text: str) -> bool:
    """Whether more than half of the letters are of another script than Latin."""
    scripts = _scripts(text)
    return scripts["LATIN"] * 2 < scripts.total()


def named(text: str, kind: NameKind, *, strong: bool = True) -> Name:
    """A name as a publisher wrote it."""
    text = single_spaced(text)
    return Name(text, script_of(text), strong, kind)


def _scripts(text: str) -> Counter[str]:
    """How many letters are of each script; modifiers ("ʻ") belong to any."""
    return Counter(
        unicodedata.name(letter, "UNKNOWN").split()[0]
        for letter in text
        if letter.isalpha() and unicodedata.category(letter) != "Lm"
    )


def _days(text: str) -> tuple[date, date] | None:
    """First and last day of "1957-03-02", "1957-03" or "1957"; None for anything else."""
    found = _DATED.fullmatch(text)
    if not found:
        return None
    year, month, day = found.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    last_month = int(month or 12)
    last_day = int(day) if day else monthrange(first.year, last_month)[1]
    return first, date(first.year, last_month, last_day)
