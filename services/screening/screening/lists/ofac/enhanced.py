"""The lists of OFAC in its enhanced XML: the SDN list and the consolidated non-SDN list."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from xml.etree.ElementTree import Element

from screening.lists.entries import BirthDate, Entry, Name, NameKind, ParsedList, named
from screening.lists.files import ListFile
from screening.lists.ofac.wording import KINDS, LIST_ID, alias_kind, birth_date
from screening.lists.xml_records import records, text, texts

ROOT = "sanctionsData"

_LIST_IDS = {"SDN List": LIST_ID, "Consolidated List": "us-consolidated"}
_NATIONALITIES = ("Nationality Country", "Citizenship Country")


def parse(file: ListFile) -> ParsedList:
    """Every entity of the file, one in memory at a time; which list it is stands in its head.

    Raises ListRefused where the file is no complete list of this format.
    Source: S14, S22.
    """
    list_id, published_on, entries = "", None, []
    for element in records(file, ("publicationInfo", "entity")):
        if element.tag == "publicationInfo":
            list_id = _list_id(texts(element, "filters/sanctionsLists/sanctionsList"), file)
            published_on = _published_on(text(element, "dataAsOf"), file)
        elif element.tag == "entity":
            entries.append(_entry(element, list_id, file))
    if published_on is None:
        raise file.refused("its publicationInfo is missing")
    return ParsedList(list_id, published_on, file.checksum(), tuple(entries))


def _entry(element: Element, list_id: str, file: ListFile) -> Entry:
    entry_id, kind = element.get("id", "").strip(), text(element, "generalInfo/entityType")
    names = tuple(_names(element, file))
    if not list_id:
        raise file.refused("its publicationInfo does not come first")
    if not entry_id or not names:
        raise file.refused(f"its entry {entry_id or 'without number'} lacks a number or a name")
    if kind.lower() not in KINDS:
        raise file.refused(f"its entry type {kind!r} is not known")
    nationalities = (_features(element, each) for each in _NATIONALITIES)
    return Entry(
        list_id=list_id,
        entry_id=entry_id,
        kind=KINDS[kind.lower()],
        names=names,
        birth_dates=tuple(_birth_dates(element)),
        nationalities=tuple(text(each, "value") for found in nationalities for each in found),
        programmes=texts(element, "sanctionsPrograms/sanctionsProgram"),
        references=(),
    )


def _names(element: Element, file: ListFile) -> Iterator[Name]:
    """Each name in Latin letters and, as another name, in the script that it comes from."""
    for name in element.iterfind("names/name"):
        kind = _kind(name, file)
        name_of = partial(named, strong=text(name, "isLowQuality") != "true")
        for translation in name.iterfind("translations/translation"):
            whole = text(translation, "formattedFullName")
            if whole:
                is_latin = text(translation, "script") == "Latin"
                yield name_of(whole, kind if is_latin else "original")


def _kind(name: Element, file: ListFile) -> NameKind:
    if text(name, "isPrimary") == "true":
        return "primary"
    return alias_kind(text(name, "aliasType"), file)


def _birth_dates(element: Element) -> Iterator[BirthDate]:
    for born in _features(element, "Birthdate"):
        written = text(born, "value")
        circa = text(born, "valueDate/isApproximate") == "true" and "circa" not in written
        yield birth_date(f"circa {written}" if circa else written)


def _features(element: Element, kind: str) -> Iterator[Element]:
    """Features of a kind that have a value."""
    for feature in element.iterfind("features/feature"):
        if text(feature, "type") == kind and text(feature, "value"):
            yield feature


def _list_id(filters: tuple[str, ...], file: ListFile) -> str:
    if len(filters) != 1 or filters[0] not in _LIST_IDS:
        held = " and ".join(filters) or "no list"
        raise file.refused(f"it holds {held}, which is not known here")
    return _LIST_IDS[filters[0]]


def _published_on(written: str, file: ListFile) -> date:
    try:
        return date.fromisoformat(written[:10])
    except ValueError as error:
        raise file.refused("its dataAsOf is no date") from error
