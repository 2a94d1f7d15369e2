"""The files of a list: unpacked, measured and hashed while they are read, or refused."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

MAX_BYTES = 512 * 1024 * 1024  # unpacked; the largest list published is about a quarter of it
MAX_DEPTH = 32  # of XML elements; the official formats stay under ten


class ListRefused(Exception):
    """A list that must not come into force; the message names the file and the reason."""

    def __init__(self, file: str, reason: str):
        super().__init__(f"The list file {file} was refused: {reason}.")
        self.file = file
        self.reason = reason


class ListFile(io.RawIOBase):
    """One file, plain or gzip, read once from front to back.

    Raises ListRefused while it is read: empty, damaged, cut off, or larger than MAX_BYTES.
    """

    def __init__(self, path: Path):
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()
        self._plain = path.open("rb")
        packed = self._plain.peek(2)[:2] == b"\x1f\x8b"
        self._source = gzip.GzipFile(fileobj=self._plain) if packed else self._plain

    def readable(self) -> bool:
        """True: io asks before it wraps the file."""
        return True

    def readinto(self, buffer) -> int:
        """Fill the buffer; io calls this for every kind of read."""
        try:
            count = self._source.readinto(buffer)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise self.refused("its gzip stream is damaged or ends early") from error
        self.size += count
        if not self.size:
            raise self.refused("it is empty")
        if self.size > MAX_BYTES:
            raise self.refused(f"it unpacks to more than {MAX_BYTES // 1024 // 1024} MiB")
        self._digest.update(buffer[:count])
        return count

    def close(self) -> None:
        """Close the file below as well."""
        self._source.close()
        self._plain.close()
        super().close()

    def checksum(self) -> str:
        """SHA-256 of the whole unpacked file; reads what is left of it."""
        while self.read(1024 * 1024):
            pass
        return self._digest.hexdigest()

    def refused(self, reason: str) -> ListRefused:
        """The exception to raise about this file."""
        return ListRefused(self.path.name, reason)


def xml_events(file: ListFile) -> Iterator[tuple[str, Element]]:
    """("start", element) and ("end", element) while the file is read; clear what you have used.

    Raises ListRefused for XML that is cut off, malformed or in another encoding than it says, and
    for any DTD, entity or unreasonable depth: no official list holds one.
    """
    depth = 0
    try:
        for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            if depth > MAX_DEPTH:
                raise file.refused(f"its XML is nested deeper than {MAX_DEPTH} elements")
            yield event, element
    except DefusedXmlException as error:
        raise file.refused("it declares a DTD or an entity, which no official list does") from error
    except (ParseError, LookupError, ValueError) as error:
        raise file.refused(f"its XML cannot be read ({error})") from error
