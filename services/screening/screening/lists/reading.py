"""Turns the files that an operator or a download left in a folder into lists."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from screening.lists import ofac, un
from screening.lists.entries import ParsedList
from screening.lists.files import ListFile, ListRefused, xml_events

_XML_FORMATS = {un.ROOT: un.parse}


def read_lists(path: Path) -> Iterator[ParsedList]:
    """Every list in a file or a folder and the folders below it, in the order of their paths.

    path: a file or folder; files may be plain or gzip. Of a folder only .xml and .csv count. One
    file of an OFAC set stands for the set it lies in. A list is recognised by what it holds, not by
    its name, save for OFAC's CSV, which holds no sign of its own.
    Raises ListRefused for a file that holds no complete list of a format known here.
    Source: S14, S22.
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    sets: set[Path] = set()
    found = False
    for file in files:
        name = _plain_name(file)
        if file.parent in sets and name in ofac.FILES:
            continue
        if name in ofac.FILES:
            sets.add(file.parent)
            yield _checked(_read_ofac(file.parent), file)
        elif not path.is_dir() or (file.is_file() and name.endswith((".xml", ".csv"))):
            yield _checked(_read_xml(file), file)
        else:
            continue
        found = True
    if not found:
        raise ListRefused(path.name, "it holds no list")


def read_list(path: Path) -> ParsedList:
    """The one list that a file or a folder holds.

    Raises ListRefused where it holds none or several, or as read_lists does.
    Source: S14, S22.
    """
    found = list(read_lists(path))
    if len(found) != 1:
        raise ListRefused(path.name, f"it holds {len(found)} lists instead of one")
    return found[0]


def _read_xml(path: Path) -> ParsedList:
    with closing(ListFile(path)) as file:
        _, root = next(xml_events(file))
    if root.tag not in _XML_FORMATS:
        raise ListRefused(path.name, f"its root element {root.tag!r} is that of no list known here")
    with closing(ListFile(path)) as file:
        return _XML_FORMATS[root.tag](file)


def _read_ofac(folder: Path) -> ParsedList:
    paths: dict[str, Path] = {}
    for path in folder.iterdir():
        if _plain_name(path) in paths:
            raise ListRefused(path.name, "it lies there twice, plain and packed")
        paths[_plain_name(path)] = path
    for name in ofac.REQUIRED:
        if name not in paths:
            raise ListRefused(name, "it is missing beside the other files of its set")
    with ExitStack() as stack:
        return ofac.parse(
            {
                name: stack.enter_context(closing(ListFile(paths[name])))
                for name in ofac.FILES
                if name in paths
            }
        )


def _checked(parsed: ParsedList, path: Path) -> ParsedList:
    """A list without an entry would clear everybody, and an id that stands twice hides a change."""
    if not parsed.entries:
        raise ListRefused(path.name, "it holds no entry")
    if len({entry.entry_id for entry in parsed.entries}) < len(parsed.entries):
        raise ListRefused(path.name, "an entry id stands in it twice")
    return parsed


def _plain_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")
