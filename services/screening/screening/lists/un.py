"""The consolidated list of the United Nations Security Council, in its XML."""

from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from screening.lists.entries import (
    BirthDate,
    Entry,
    EntryKind,
    Name,
    NameKind,
    ParsedList,
    named,
    single_spaced,
)
from screening.lists.files import ListFile
from screening.lists.xml_records import records, texts

LIST_ID = "un-consolidated"
ROOT = "CONSOLIDATED_LIST"

_KINDS: dict[str, EntryKind] = {"INDIVIDUAL": "individual", "ENTITY": "entity"}
_NAME_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_PERSON = """<INDIVIDUAL>
      <FIRST_NAME>{}</FIRST_NAME>
      <SECOND_NAME>{}</SECOND_NAME>
      <UN_LIST_TYPE>Drill</UN_LIST_TYPE>
      <REFERENCE_NUMBER>{}</REFERENCE_NUMBER>
    </INDIVIDUAL>
  """


def parse(file: ListFile) -> ParsedList:
    """Every individual and entity of the file, one element in memory at a time.

    Raises ListRefused where the file is no complete list of this format.
    Source: S14, S22.
    """
    elements = records(file, _KINDS)
    published_on = _day(next(elements).get("dateGenerated", ""), file)
    entries = tuple(_entry(element, file) for element in elements)
    return ParsedList(LIST_ID, published_on, file.checksum(), entries)


def with_person(consolidated: bytes, given: str, family: str, reference: str) -> bytes:
    """The list with one more individual at the end, every other byte as it was.

    consolidated: the publisher's XML, unpacked; it must hold individuals already. reference: the
    entry's number, which no other may have. For drills: what happens when somebody gets listed.
    """
    before, end, after = consolidated.rpartition(b"</INDIVIDUALS>")
    if not end:
        raise ValueError("this is no consolidated list with individuals")
    person = _PERSON.format(*map(escape, (given, family, reference)))
    return before + person.encode("ascii", "xmlcharrefreplace") + end + after


def _entry(element: Element, file: ListFile) -> Entry:
    entry_id = single_spaced(element.findtext("REFERENCE_NUMBER"))
    names = tuple(_names(element))
    if not entry_id or not any(name.kind == "primary" for name in names):
        raise file.refused(f"its entry {entry_id or 'without number'} lacks a number or a name")
    return Entry(
        list_id=LIST_ID,
        entry_id=entry_id,
        kind=_KINDS[element.tag],
        names=names,
        birth_dates=tuple(_birth_dates(element)),
        nationalities=texts(element, "NATIONALITY/VALUE"),
        programmes=texts(element, "UN_LIST_TYPE"),
        references=texts(element, "DATAID"),
    )


def _names(element: Element) -> Iterator[Name]:
    parts = (single_spaced(element.findtext(part)) for part in _NAME_PARTS)
    primary = " ".join(part for part in parts if part)
    if primary:
        yield named(primary, "primary")
    for text in texts(element, "NAME_ORIGINAL_SCRIPT"):
        yield named(text, "original")
    for alias in element.iterfind(f"{element.tag}_ALIAS"):
        quality = single_spaced(alias.findtext("QUALITY"))
        kind: NameKind = "former" if quality == "f.k.a." else "alias"
        for text in texts(alias, "ALIAS_NAME"):
            yield named(text, kind, strong=quality != "Low")


def _birth_dates(element: Element) -> Iterator[BirthDate]:
    """An element that holds nothing but a remark ("30-35 years old") names no date."""
    for born in element.iterfind("INDIVIDUAL_DATE_OF_BIRTH"):
        day, year, first, last = (
            single_spaced(born.findtext(tag)) for tag in ("DATE", "YEAR", "FROM_YEAR", "TO_YEAR")
        )
        about = "~" if born.findtext("TYPE_OF_DATE") == "APPROXIMATELY" else ""
        if day or year:
            yield BirthDate((day[:10] or year) + about)
        elif first and last:
            yield BirthDate(f"{first}/{last}")


def _day(text: str, file: ListFile) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise file.refused("its dateGenerated is no date") from error
