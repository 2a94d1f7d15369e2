"""The SDN list of the US Treasury (OFAC), in its set of CSV files.

The set is latin-1 without header lines: sdn.csv (entries), alt.csv (aliases), add.csv (addresses)
and, for remarks longer than a cell may be, sdn_comments.csv (their continuation). `-0-` is null and
a final 0x1A may close a file. Birth dates, nationalities and weak aliases stand in the remarks.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping

from screening.lists.entries import (
    BirthDate,
    Entry,
    EntryKind,
    Name,
    NameKind,
    ParsedList,
    script_of,
    single_spaced,
)
from screening.lists.files import ListFile

LIST_ID = "us-sdn"
REQUIRED = ("sdn.csv", "alt.csv", "add.csv")
FILES = (*REQUIRED, "sdn_comments.csv")

_COLUMNS = {"sdn.csv": 12, "alt.csv": 5, "add.csv": 6, "sdn_comments.csv": 2}
_MAX_LINE = 1024 * 1024  # bytes; a longer one comes in pieces, which then are no rows
_NULL = "-0-"
_KINDS: dict[str, EntryKind] = {
    "individual": "individual",
    _NULL: "entity",
    "vessel": "vessel",
    "aircraft": "aircraft",
}
_ALIAS_KINDS: dict[str, NameKind] = {"aka": "alias", "fka": "former", "nka": "alias"}
_WEAK_ALIAS = re.compile(r"(?:alt\. )?([afn])\.k\.a\. ['\"](.*)['\"]")
_BORN = re.compile(r"(?:alt\. )?DOB (circa )?(.+)")
_NATIONALITY = re.compile(r"(?:alt\. )?(?:nationality|citizen) (.+)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"(?:(?:(\d\d?) )?({'|'.join(_MONTHS)}) )?(\d{{4}})")


def parse(files: Mapping[str, ListFile]) -> ParsedList:
    """Every entry of one set, aliases and remarks put together.

    files: by name, those of FILES that are there. The files carry no date: published_on is None.
    Raises ListRefused for a set that is incomplete, cut off or put together from two versions.
    Source: S14, S22.
    """
    aliases: dict[str, list[Name]] = {}
    for entry_id, _, kind, text, _ in _rows(files["alt.csv"]):
        if kind.strip() not in _ALIAS_KINDS:
            raise files["alt.csv"].refused(f"its alias type {kind.strip()!r} is not known")
        alias = _name(text, True, _ALIAS_KINDS[kind.strip()])
        aliases.setdefault(entry_id, []).append(alias)
    comments = files.get("sdn_comments.csv")
    continued = dict(_rows(comments)) if comments else {}
    entries = [_entry(row, aliases, continued, files["sdn.csv"]) for row in _rows(files["sdn.csv"])]
    known = {entry.entry_id for entry in entries}
    addressed = {row[0] for row in _rows(files["add.csv"])}
    for name, mentioned in (
        ("alt.csv", aliases.keys()),
        ("add.csv", addressed),
        ("sdn_comments.csv", continued.keys()),
    ):
        if mentioned - known:
            raise files[name].refused(
                f"it names entry {min(mentioned - known)}, which sdn.csv does not hold:"
                " sdn.csv is cut off or the files belong to different versions"
            )
    return ParsedList(LIST_ID, None, _checksum(files), tuple(entries))


def _entry(row: list[str], aliases, continued, file: ListFile) -> Entry:
    entry_id, name, kind, programmes = (cell.strip() for cell in row[:4])
    if kind not in _KINDS:
        raise file.refused(f"its entry type {kind!r} is not known")
    if not entry_id.isdecimal() or name in ("", _NULL):
        raise file.refused(f"its entry {entry_id!r} lacks a number or a name")
    remarks = _remarks(row[11], continued.get(entry_id, ""))
    return Entry(
        list_id=LIST_ID,
        entry_id=entry_id,
        kind=_KINDS[kind],
        names=(
            _name(name, True, "primary"),
            *aliases.get(entry_id, ()),
            *(
                _name(found[2], False, "former" if found[1] == "f" else "alias")
                for found in _found(_WEAK_ALIAS, remarks)
            ),
        ),
        birth_dates=tuple(_birth_date(*found.groups()) for found in _found(_BORN, remarks)),
        nationalities=tuple(single_spaced(found[1]) for found in _found(_NATIONALITY, remarks)),
        programmes=() if programmes == _NULL else tuple(programmes.split("] [")),
        references=(),
    )


def _remarks(first: str, rest: str) -> list[str]:
    """The parts of a remark; a continued one is cut anywhere, even inside a word."""
    whole = first + rest
    return [] if whole.strip() == _NULL else [part.strip() for part in whole.split(";")]


def _found(pattern: re.Pattern, remarks: list[str]) -> Iterator[re.Match]:
    for part in remarks:
        if found := pattern.fullmatch(part.removesuffix(".")):
            yield found


def _birth_date(circa: str | None, text: str) -> BirthDate:
    first, _, last = (part.strip() for part in text.replace(" to ", "-").partition("-"))
    dates = [_edtf(part) for part in (first, last) if part]
    if not all(dates):
        return BirthDate(single_spaced((circa or "") + text))
    about = "~" if circa else ""
    return BirthDate("/".join(dated + about for dated in dates))


def _edtf(text: str) -> str:
    """EDTF of "02 Mar 1957", "Mar 1957" or "1957"; empty for anything else."""
    found = _DATE.fullmatch(text)
    if not found:
        return ""
    day, month, year = found.groups()
    parts = [year]
    if month:
        parts.append(f"{_MONTHS.index(month) + 1:02}")
    if day:
        parts.append(f"{int(day):02}")
    return "-".join(parts)


def _name(text: str, strong: bool, kind: NameKind) -> Name:
    text = single_spaced(text)
    return Name(text, script_of(text), strong, kind)


def _rows(file: ListFile) -> Iterator[list[str]]:
    columns = _COLUMNS[file.path.name.removesuffix(".gz").lower()]
    try:
        for row in csv.reader(_lines(file), strict=True):
            if row in ([], ["\x1a"]):
                continue
            if len(row) != columns:
                raise file.refused(f"a row has {len(row)} columns instead of {columns}")
            yield row
    except csv.Error as error:
        raise file.refused(f"its CSV cannot be read, it may be cut off ({error})") from error


def _lines(file: ListFile) -> Iterator[str]:
    """Lines as latin-1, which decodes anything: what is plainly another encoding is refused."""
    reader = io.BufferedReader(file)
    while line := reader.readline(_MAX_LINE):
        if b"\x00" in line or (not line.isascii() and _is_utf8(line)):
            raise file.refused("it is not in latin-1, in which OFAC publishes its CSV")
        yield line.decode("latin-1")
    reader.detach()  # which would close the file, whose checksum is still wanted


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _checksum(files: Mapping[str, ListFile]) -> str:
    lines = (f"{files[name].checksum()}  {name}\n" for name in FILES if name in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
