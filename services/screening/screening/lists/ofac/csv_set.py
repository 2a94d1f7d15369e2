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

from screening.lists.entries import Entry, Name, ParsedList, named, single_spaced
from screening.lists.files import MAX_ENTRIES, ListFile
from screening.lists.ofac.wording import KINDS, LIST_ID, alias_kind, birth_date

REQUIRED = ("sdn.csv", "alt.csv", "add.csv")
FILES = (*REQUIRED, "sdn_comments.csv")

_COLUMNS = {"sdn.csv": 12, "alt.csv": 5, "add.csv": 6, "sdn_comments.csv": 2}
_MAX_LINE = 1024 * 1024  # bytes; a longer one comes in pieces, which then are no rows
_NULL = "-0-"
_END = b"\x1a"
_WEAK_ALIAS = re.compile(r"(?:alt\. )?([afn])\.k\.a\. ['\"](.*)['\"]")
_BORN = re.compile(r"(?:alt\. )?DOB (.+)")
_NATIONALITY = re.compile(r"(?:alt\. )?(?:nationality|citizen) (.+)")


def parse(files: Mapping[str, ListFile]) -> ParsedList:
    """Every entry of one set, aliases and remarks put together.

    files: by name, those of FILES that are there. The files carry no date: published_on is None.
    Raises ListRefused for a set that is incomplete, cut off or put together from two versions.
    Source: S14, S22.
    """
    aliases: dict[str, list[Name]] = {}
    for entry_id, _, kind, text, _ in _rows(files["alt.csv"]):
        alias = named(text, alias_kind(kind, files["alt.csv"]))
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
    checksum = _checksum(files)
    _refuse_what_lacks_its_end(files)
    return ParsedList(LIST_ID, None, checksum, tuple(entries))


def _refuse_what_lacks_its_end(files: Mapping[str, ListFile]) -> None:
    """Of a set that closes its files with 0x1A each does, or it was cut off after a row."""
    open_ended = [name for name in REQUIRED if not files[name].tail.rstrip().endswith(_END)]
    if 0 < len(open_ended) < len(REQUIRED):
        reason = "it lacks the final mark of the other files of its set: it is cut off"
        raise files[open_ended[0]].refused(reason)


def _entry(row: list[str], aliases, continued, file: ListFile) -> Entry:
    entry_id, name, kind, programmes = (cell.strip() for cell in row[:4])
    kind = "entity" if kind == _NULL else kind
    if kind not in KINDS:
        raise file.refused(f"its entry type {kind!r} is not known")
    if not entry_id.isdecimal() or name in ("", _NULL):
        raise file.refused(f"its entry {entry_id!r} lacks a number or a name")
    remarks = _remarks(row[11], continued.get(entry_id, ""))
    return Entry(
        list_id=LIST_ID,
        entry_id=entry_id,
        kind=KINDS[kind],
        names=(
            named(name, "primary"),
            *aliases.get(entry_id, ()),
            *(
                named(found[2], "former" if found[1] == "f" else "alias", strong=False)
                for found in _found(_WEAK_ALIAS, remarks)
            ),
        ),
        birth_dates=tuple(birth_date(found[1]) for found in _found(_BORN, remarks)),
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


def _rows(file: ListFile) -> Iterator[list[str]]:
    columns = _COLUMNS[file.path.name.removesuffix(".gz").lower()]
    try:
        for number, row in enumerate(csv.reader(_lines(file), strict=True)):
            if number > MAX_ENTRIES:
                raise file.refused(f"it holds more than {MAX_ENTRIES} rows")
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
