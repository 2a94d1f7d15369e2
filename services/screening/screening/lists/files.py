"""The files of a list: unpacked, measured and hashed while they are read, or refused."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

MAX_BYTES = 512 * 1024 * 1024  # unpacked; the largest list published is about a quarter of it
MAX_ENTRIES = 250_000  # of a list; the longest has a tenth

_LONGEST_REASON = 400  # characters; it may quote what the file holds

Watch = Callable[[int], object]
"""Told how many bytes of a file, packed as it lies there, were read since the last call."""
Watching = Callable[[str, int], AbstractContextManager[Watch]]
"""Makes a watch for what has this name and so many bytes (0: not known) and ends it."""


class ListRefused(Exception):
    """A list that must not come into force; the message names the file and the reason."""

    def __init__(self, file: str, reason: str):
        if len(reason) > _LONGEST_REASON:
            reason = reason[:_LONGEST_REASON] + "…"
        super().__init__(f"The list file {file} was refused: {reason}.")
        self.file = file
        self.reason = reason


def unwatched(_: int) -> None:
    """Watch nothing."""


def nobody_watches(_name: str, _size: int) -> AbstractContextManager[Watch]:
    """Watch nothing, whatever its name and size."""
    return nullcontext(unwatched)


class ListFile(io.RawIOBase):
    """One file, plain or gzip, read once from front to back.

    size, tail: bytes read so far, unpacked, and the last few of them.
    Raises ListRefused while it is read: empty, damaged, cut off, or larger than MAX_BYTES.
    """

    def __init__(self, path: Path, watch: Watch = unwatched):
        self.path = path
        self.size = 0
        self.tail = b""
        self._watch, self._seen = watch, 0
        self._digest = hashlib.sha256()
        try:
            self._plain = path.open("rb")
            packed = self._plain.peek(2)[:2] == b"\x1f\x8b"
        except OSError as error:
            raise self.refused(f"it cannot be read ({error.strerror})") from error
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
        if count:
            self._digest.update(buffer[:count])
            self.tail = (self.tail + bytes(buffer[:count][-8:]))[-8:]
        at = self._plain.tell()
        self._watch(at - self._seen)
        self._seen = at
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
