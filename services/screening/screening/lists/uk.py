"""The UK Sanctions List of the Foreign, Commonwealth & Development Office, in its XML."""

import re
from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element

from screening.lists.entries import (
    BirthDate,
    Entry,
    EntryKind,
    Name,
    NameKind,
    ParsedList,
    named,
)
from screening.lists.files import ListFile
from screening.lists.xml_records import records, text, texts

LIST_ID = "uk-sanctions"
ROOT = "Designations"

_KINDS: dict[str, EntryKind] = {
    "individual": "individual",
    "entity": "entity",
    "ship": "vessel",
}
_NAME_KINDS: dict[str, NameKind] = {
    "primary name": "primary",
    "primary name variation": "alias",
    "alias": "alias",
}
_NAME_PARTS = ("Name1", "Name2", "Name3", "Name4", "Name5", "Name6")
_DATE = re.compile(r"(?:(\d{2})|dd)/(?:(\d{2})|mm)/(\d{4})")


def parse(file: ListFile) -> ParsedList:
    """Every designation of the file, one in memory at a time.

    Raises ListRefused where the file is no complete list of this format.
    Source: S14, S22.
    """
    published_on, entries = None, []
    for element in records(file, ("DateGenerated", "Designation")):
        if element.tag == "DateGenerated":
            published_on = _published_on(element.text or "", file)
        elif element.tag == "Designation":
            entries.append(_entry(element, file))
    if published_on is None:
        raise file.refused("its DateGenerated is missing")
    return ParsedList(LIST_ID, published_on, file.checksum(), tuple(entries))


def _entry(element: Element, file: ListFile) -> Entry:
    entry_id = text(element, "UniqueID")
    kind = text(element, "IndividualEntityShip")
    names = (*_names(element, file), *_names_in_their_script(element))
    if not entry_id or not names:
        raise file.refused(f"its entry {entry_id or 'without number'} lacks a number or a name")
    if kind.lower() not in _KINDS:
        raise file.refused(f"its entry type {kind!r} is not known")
    return Entry(
        list_id=LIST_ID,
        entry_id=entry_id,
        kind=_KINDS[kind.lower()],
        names=names,
        birth_dates=tuple(BirthDate(_edtf(born)) for born in texts(element, ".//DOBs/DOB")),
        nationalities=texts(element, ".//Nationalities/Nationality"),
        programmes=texts(element, "RegimeName"),
        references=(*texts(element, "UNReferenceNumber"), *texts(element, "OFSIGroupID")),
    )


def _names(element: Element, file: ListFile) -> Iterator[Name]:
    """Names in Latin letters; an element may have a type and no name."""
    for each in element.iterfind("Names/Name"):
        whole = " ".join(part for part in (text(each, part) for part in _NAME_PARTS) if part)
        if not whole:
            continue
        kind = text(each, "NameType")
        if kind.lower() not in _NAME_KINDS:
            raise file.refused(f"its name type {kind!r} is not known")
        strong = not text(each, "AliasStrength").lower().startswith("low")
        yield named(whole, _NAME_KINDS[kind.lower()], strong=strong)


def _names_in_their_script(element: Element) -> Iterator[Name]:
    for each in texts(element, "NonLatinNames/NonLatinName/NameNonLatinScript"):
        yield named(each, "original")


def _edtf(born: str) -> str:
    """EDTF of "02/03/1957", "dd/03/1957" or "dd/mm/1957"; anything else as it is."""
    found = _DATE.fullmatch(born)
    if not found:
        return born
    day, month, year = found.groups()
    return "-".join(part for part in (year, month, month and day) if part)


def _published_on(generated: str, file: ListFile) -> date:
    found = _DATE.fullmatch(generated.strip())
    try:
        day, month, year = map(int, found.groups()) if found else (0, 0, 0)
        return date(year, month, day)
    except (TypeError, ValueError) as error:
        raise file.refused("its DateGenerated is no date") from error
