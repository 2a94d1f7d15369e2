"""The consolidated list of the European Union (Financial Sanctions Files), in its XML 1.1."""

from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element

from screening.lists.entries import (
    BirthDate,
    Entry,
    EntryKind,
    Name,
    ParsedList,
    mostly_not_latin,
    named,
    single_spaced,
)
from screening.lists.files import ListFile
from screening.lists.xml_records import records

LIST_ID = "eu-consolidated"
ROOT = "export"

_KINDS: dict[str, EntryKind] = {"person": "individual", "enterprise": "entity"}
_NAME_PARTS = ("firstName", "middleName", "lastName")
_REFERENCES = ("unitedNationId", "logicalId")
_UNKNOWN_COUNTRY = "00"


def parse(file: ListFile) -> ParsedList:
    """Every person and enterprise of the file, one in memory at a time.

    An attribute that is empty and one that is not there mean the same.
    Raises ListRefused where the file is no complete list of this format.
    Source: S14, S22.
    """
    elements = records(file, ("sanctionEntity",))
    published_on = _published_on(next(elements).get("generationDate", ""), file)
    entries = tuple(_entry(element, file) for element in elements)
    return ParsedList(LIST_ID, published_on, file.checksum(), entries)


def _entry(element: Element, file: ListFile) -> Entry:
    entry_id = _value(element, "euReferenceNumber") or _value(element, "logicalId")
    names = _names(element)
    if not entry_id or not names:
        raise file.refused(f"its entry {entry_id or 'without number'} lacks a number or a name")
    subject = element.find("subjectType")
    kind = "" if subject is None else _value(subject, "code")
    if kind not in _KINDS:
        raise file.refused(f"its entry type {kind!r} is not known")
    return Entry(
        list_id=LIST_ID,
        entry_id=entry_id,
        kind=_KINDS[kind],
        names=names,
        birth_dates=tuple(_birth_dates(element)),
        nationalities=tuple(
            code
            for code in _values(element, "citizenship", "countryIso2Code")
            if code != _UNKNOWN_COUNTRY
        ),
        programmes=tuple(dict.fromkeys(_values(element, "regulation", "programme"))),
        references=tuple(filter(None, (_value(element, each) for each in _REFERENCES))),
    )


def _names(element: Element) -> tuple[Name, ...]:
    """All names; the list marks no primary one, so the first in Latin letters counts as such."""
    found: list[Name] = []
    primary = True
    for alias in element.iterfind("nameAlias"):
        whole = _value(alias, "wholeName") or " ".join(
            part for part in (_value(alias, part) for part in _NAME_PARTS) if part
        )
        if not whole:
            continue
        strong = _value(alias, "strong") != "false"
        if mostly_not_latin(whole):
            found.append(named(whole, "original", strong=strong))
        else:
            found.append(named(whole, "primary" if primary else "alias", strong=strong))
            primary = False
    return tuple(found)


def _birth_dates(element: Element) -> Iterator[BirthDate]:
    """An element that holds nothing but a place names no date; `birthdate` is always Gregorian."""
    for born in element.iterfind("birthdate"):
        about = "~" if _value(born, "circa") == "true" else ""
        whole, calendar = _value(born, "birthdate"), _value(born, "calendarType")
        written = "-".join(_parts(born))
        first, last = _value(born, "yearRangeFrom"), _value(born, "yearRangeTo")
        if whole:
            yield BirthDate(whole + about)
        elif written and calendar not in ("", "GREGORIAN"):
            yield BirthDate(f"{written} in the {calendar.lower()} calendar")
        elif written:
            yield BirthDate(written + about)
        elif first and last:
            yield BirthDate(f"{first}{about}/{last}{about}")
        elif first or last:
            yield BirthDate((first or last) + about)


def _parts(born: Element) -> Iterator[str]:
    for name in ("year", "monthOfYear", "dayOfMonth"):
        part = _value(born, name)
        if not part:
            return
        yield part.zfill(2)


def _value(element: Element, name: str) -> str:
    return single_spaced(element.get(name))


def _values(element: Element, tag: str, name: str) -> Iterator[str]:
    yield from filter(None, (_value(each, name) for each in element.iterfind(tag)))


def _published_on(generated: str, file: ListFile) -> date:
    try:
        return date.fromisoformat(generated[:10])
    except ValueError as error:
        raise file.refused("its generationDate is no date") from error
