"""The SDN list of OFAC in its plain XML, sdn.xml."""

from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element

from screening.lists.entries import Entry, Name, ParsedList, named
from screening.lists.files import ListFile
from screening.lists.ofac.wording import KINDS, LIST_ID, alias_kind, birth_date
from screening.lists.xml_records import records, text, texts

ROOT = "sdnList"

_HEAD = "publshInformation"  # spelled so by the publisher


def parse(file: ListFile) -> ParsedList:
    """Every entry of the file, one in memory at a time.

    Raises ListRefused where the file is no complete list of this format.
    Source: S14, S22.
    """
    published_on, entries = None, []
    for element in records(file, (_HEAD, "sdnEntry")):
        if element.tag == _HEAD:
            published_on = _published_on(text(element, "Publish_Date"), file)
        elif element.tag == "sdnEntry":
            entries.append(_entry(element, file))
    if published_on is None:
        raise file.refused("its Publish_Date is missing")
    return ParsedList(LIST_ID, published_on, file.checksum(), tuple(entries))


def _entry(element: Element, file: ListFile) -> Entry:
    entry_id, kind, name = text(element, "uid"), text(element, "sdnType"), _name(element)
    if not entry_id or not name:
        raise file.refused(f"its entry {entry_id or 'without number'} lacks a number or a name")
    if kind.lower() not in KINDS:
        raise file.refused(f"its entry type {kind!r} is not known")
    return Entry(
        list_id=LIST_ID,
        entry_id=entry_id,
        kind=KINDS[kind.lower()],
        names=(named(name, "primary"), *_aliases(element, file)),
        birth_dates=tuple(
            birth_date(born) for born in texts(element, "dateOfBirthList/*/dateOfBirth")
        ),
        nationalities=(
            *texts(element, "nationalityList/nationality/country"),
            *texts(element, "citizenshipList/citizenship/country"),
        ),
        programmes=texts(element, "programList/program"),
        references=(),
    )


def _aliases(element: Element, file: ListFile) -> Iterator[Name]:
    for aka in element.iterfind("akaList/aka"):
        if name := _name(aka):
            strong = text(aka, "category").lower() != "weak"
            yield named(name, alias_kind(text(aka, "type"), file), strong=strong)


def _name(element: Element) -> str:
    """The name as in every other format of the list: "LAST, First"."""
    return ", ".join(filter(None, (text(element, "lastName"), text(element, "firstName"))))


def _published_on(written: str, file: ListFile) -> date:
    try:
        month, day, year = written.split("/")
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise file.refused("its Publish_Date is no date") from error
