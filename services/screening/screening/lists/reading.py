"""Turns the files that an operator or a download left in a folder into lists."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from screening.lists import eu, uk, un
from screening.lists.entries import ParsedList
from screening.lists.files import ListFile, ListRefused, Watch, unwatched
from screening.lists.ofac import csv_set, enhanced, sdn_xml
from screening.lists.xml_records import root_of

MAX_ENTRY_ID = 100
MAX_NAME = 1000  # characters; the longest name of a real list has about 350

_XML_FORMATS = {each.ROOT: each.parse for each in (un, uk, eu, sdn_xml, enhanced)}


def read_lists(path: Path, watch: Watch = unwatched) -> Iterator[ParsedList]:
    """Every list in a file or a folder and the folders below it, in the order of their paths.

    path: a file or folder; files may be plain or gzip. Of a folder only .xml and .csv count. One
    file of an OFAC set stands for the set it lies in. A list is recognised by what it holds, not by
    its name, save for OFAC's CSV, which holds no sign of its own. watch: told of the `bytes_under`
    the path as they are read.
    Raises ListRefused for a file that holds no complete list of a format known here.
    Source: S14, S22.
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    sets: set[Path] = set()
    found = False
    for file in files:
        name = _plain_name(file)
        if file.parent in sets and name in csv_set.FILES:
            continue
        if name in csv_set.FILES:
            sets.add(file.parent)
            yield _checked(_read_set(file.parent, watch), file)
        elif not path.is_dir() or (file.is_file() and name.endswith((".xml", ".csv"))):
            yield _checked(_read_xml(file, watch), file)
        else:
            continue
        found = True
    if not found:
        raise ListRefused(path.name, "it holds no list")


def bytes_under(path: Path) -> int:
    """Size of a file, or of all files in a folder, as they lie there; 0 where there is none."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def read_list(path: Path) -> ParsedList:
    """The one list that a file or a folder holds.

    Raises ListRefused where it holds none or several, or as read_lists does.
    Source: S14, S22.
    """
    found = list(read_lists(path))
    if len(found) != 1:
        raise ListRefused(path.name, f"it holds {len(found)} lists instead of one")
    return found[0]


def _read_xml(path: Path, watch: Watch) -> ParsedList:
    with closing(ListFile(path)) as file:
        root = root_of(file)
    if root not in _XML_FORMATS:
        raise ListRefused(path.name, f"its root element {root!r} is that of no list known here")
    with closing(ListFile(path, watch)) as file:
        return _XML_FORMATS[root](file)


def _read_set(folder: Path, watch: Watch) -> ParsedList:
    paths: dict[str, Path] = {}
    for path in folder.iterdir():
        if _plain_name(path) in paths:
            raise ListRefused(path.name, "it lies there twice, plain and packed")
        paths[_plain_name(path)] = path
    for name in csv_set.REQUIRED:
        if name not in paths:
            raise ListRefused(name, "it is missing beside the other files of its set")
    with ExitStack() as stack:
        return csv_set.parse(
            {
                name: stack.enter_context(closing(ListFile(paths[name], watch)))
                for name in csv_set.FILES
                if name in paths
            }
        )


def _checked(parsed: ParsedList, path: Path) -> ParsedList:
    """A list without an entry would clear everybody, and an id that stands twice hides a change.

    A name that no register would take is damage, and to leave its entry out would clear somebody.
    """
    if not parsed.entries:
        raise ListRefused(path.name, "it holds no entry")
    known: set[str] = set()
    for entry in parsed.entries:
        if len(entry.entry_id) > MAX_ENTRY_ID:
            raise ListRefused(path.name, f"an entry id is longer than {MAX_ENTRY_ID} characters")
        if entry.entry_id in known:
            raise ListRefused(path.name, f"the entry id {entry.entry_id} stands in it twice")
        if any(len(name.text) > MAX_NAME for name in entry.names):
            reason = f"its entry {entry.entry_id} has a name of more than {MAX_NAME} characters"
            raise ListRefused(path.name, reason)
        known.add(entry.entry_id)
    return parsed


def _plain_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")
