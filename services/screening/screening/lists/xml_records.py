"""XML of any size from anybody: whole records one by one, nothing else in memory, no DTD."""

from collections.abc import Collection, Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from screening.lists.entries import single_spaced
from screening.lists.files import MAX_ENTRIES, ListFile

MAX_DEPTH = 32  # of elements; the official formats stay under ten
MAX_RECORD = 8 * 1024 * 1024  # bytes of memory, roughly; the largest entry takes a hundredth
MAX_ELEMENTS = 20_000_000  # the largest file has about three million
MAX_VOCABULARY = 10_000  # different names of elements and attributes; real ones have 200
MAX_TOKEN = 1024 * 1024  # bytes of one tag, comment or run of text; real ones stay under 50,000

_NODE_WEIGHT = 200
_PIECE = 64 * 1024
_ENCODINGS = ("utf-8", "utf8", "us-ascii", "ascii")


def root_of(file: ListFile) -> str:
    """Name of the root element; raises ListRefused as `records` does."""
    return next(records(file, ())).tag


def records(file: ListFile, tags: Collection[str]) -> Iterator[Element]:
    """The root as it starts, then each outermost element of these tags, complete and on its own.

    Names come without their namespace: publishers change it. An element is gone from here when the
    next one comes. Raises ListRefused for XML that is cut off, malformed or not in UTF-8, for any
    DTD or entity (no official list holds one), and for any size that none has.
    """
    target = _Records(file, tags)
    parser: Any = DefusedXMLParser(target=target, encoding="utf-8", forbid_dtd=True)
    parser.parser.XmlDeclHandler = target.declared
    fed = 0
    try:
        while piece := file.read(_PIECE):
            if b"\0" in piece:  # expat reads UTF-16 even when told that it is UTF-8
                raise file.refused("it is not in UTF-8")
            parser.feed(piece)
            fed += len(piece)
            if fed - max(parser.parser.CurrentByteIndex, 0) > MAX_TOKEN:
                raise file.refused("it holds a tag or text without end")
            yield from target.take()
        parser.close()
        yield from target.take()
    except DefusedXmlException as error:
        raise file.refused("it declares a DTD or an entity, which no official list does") from error
    except (ParseError, ValueError) as error:
        raise file.refused(f"its XML cannot be read ({error})") from error


def texts(element: Element, path: str) -> tuple[str, ...]:
    """Every text under a path that is not empty, single spaced."""
    found = (single_spaced(each.text) for each in element.iterfind(path))
    return tuple(text for text in found if text)


def text(element: Element, path: str) -> str:
    """The first text under a path, single spaced; empty where there is none."""
    return single_spaced(element.findtext(path))


class _Records:
    """Target of the parser: builds elements inside a record and counts everything else away."""

    def __init__(self, file: ListFile, tags: Collection[str]):
        self._file, self._tags = file, tags
        self._done: list[Element] = []
        self._builder: TreeBuilder | None = None
        self._vocabulary: set[str] = set()
        self._depth = self._opened_at = self._weight = self._run = 0
        self._elements = self._records = 0

    def declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """Refuse another encoding than UTF-8, in which every publisher writes."""
        if encoding and encoding.lower() not in _ENCODINGS:
            raise self._file.refused(f"it says that it is in {encoding[:40]} instead of UTF-8")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        self._depth += 1
        self._run = 0
        self._elements += 1
        self._vocabulary.update(attributes, (tag,))
        if self._depth > MAX_DEPTH:
            raise self._file.refused(f"its XML is nested deeper than {MAX_DEPTH} elements")
        if self._elements > MAX_ELEMENTS or len(self._vocabulary) > MAX_VOCABULARY:
            raise self._file.refused("it holds more elements than any list")
        if self._depth == 1:
            self._done.append(Element(tag, attributes))
        elif self._builder is None and tag in self._tags:
            self._builder, self._opened_at, self._weight = TreeBuilder(), self._depth, 0
            self._records += 1
            if self._records > MAX_ENTRIES:
                raise self._file.refused(f"it holds more than {MAX_ENTRIES} entries")
        if self._builder is not None:
            weight = _NODE_WEIGHT * (1 + len(attributes))
            self._weigh(weight + sum(map(len, attributes.values())))
            self._builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        if self._builder is not None:
            self._builder.end(tag.rpartition("}")[2])
            if self._depth == self._opened_at:
                self._done.append(self._builder.close())
                self._builder = None
        self._depth -= 1
        self._run = 0

    def data(self, content: str) -> None:
        self._run += len(content)
        if self._run > MAX_TOKEN:
            raise self._file.refused("it holds a tag or text without end")
        if self._builder is not None:
            self._weigh(len(content))
            self._builder.data(content)

    def close(self) -> None:
        pass

    def take(self) -> list[Element]:
        done, self._done = self._done, []
        return done

    def _weigh(self, weight: int) -> None:
        self._weight += weight
        if self._weight > MAX_RECORD:
            raise self._file.refused(f"one entry is larger than {MAX_RECORD // 1024 // 1024} MiB")
