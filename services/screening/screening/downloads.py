"""Fetches official lists from their publishers: only what changed, with a time-out and a limit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import httpx

from screening.lists import files
from screening.lists.files import ListRefused, Watching, nobody_watches
from screening.lists.ofac import csv_set

TIMEOUT = httpx.Timeout(60, connect=15)
"""Seconds without a byte, and until a connection stands."""
LONGEST_SECONDS = 900.0
"""For one file: a publisher who sends a byte a minute is down."""
_PIECE = 1024 * 1024


@dataclass(frozen=True)
class Validators:
    """What a publisher said about a file, told back to ask whether it changed (RFC 9110, 13.1)."""

    etag: str | None
    last_modified: str | None

    def headers(self) -> dict[str, str]:
        """The conditions of a request."""
        told = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class Fetched:
    """A list that was fetched: the file or folder to read, and by URL what to tell back."""

    path: Path
    validators: dict[str, Validators]


def is_url(source: str) -> bool:
    """Whether a list is to be fetched, rather than read where it lies."""
    return source.startswith(("http://", "https://"))


def lists_behind(sources: Iterable[str]) -> list[list[str]]:
    """URLs and folders of one list each; the files of OFAC's set make one list together."""
    one_set: list[str] = []
    single: list[list[str]] = []
    for source in sources:
        name = source.partition("?")[0].rpartition("/")[2].lower()
        if is_url(source) and name.removesuffix(".gz") in csv_set.FILES:
            one_set.append(source)
        else:
            single.append([source])
    return [*single, one_set] if one_set else single


def fetch(
    urls: Sequence[str],
    folder: Path,
    known: Mapping[str, Validators],
    watching: Watching = nobody_watches,
) -> Fetched | None:
    """Fetch the files of one list into a folder; None when not one of them changed.

    known: what the publisher said the last time, by URL; where it is missing the file is fetched
    in any case. A set is fetched as a whole as soon as one of its files changed.
    Raises ListRefused when a file cannot be had or is too large.
    """
    said = {url: _download(url, folder, known.get(url), watching) for url in urls}
    if not any(said.values()):
        return None
    validators = {
        url: answer or _download(url, folder, None, watching) for url, answer in said.items()
    }
    path = folder if len(urls) > 1 else folder / _name(urls[0])
    return Fetched(path, {url: each for url, each in validators.items() if each})


def _download(
    url: str, folder: Path, known: Validators | None, watching: Watching
) -> Validators | None:
    """Fetch one file, unless its publisher says that it is as `known`: then None."""
    target = folder / _name(url)
    try:
        with (
            httpx.Client(
                timeout=TIMEOUT,
                follow_redirects=True,
                max_redirects=5,
                event_hooks={"request": [_as_safe_as(url)]},
            ) as client,
            client.stream("GET", url, headers=known.headers() if known else {}) as answer,
        ):
            if known and answer.status_code == httpx.codes.NOT_MODIFIED:
                return None
            _refuse_what_is_no_list(answer, target.name)
            _save(answer, target, watching)
            return Validators(answer.headers.get("etag"), answer.headers.get("last-modified"))
    except httpx.UnsupportedProtocol as error:
        reason = "its publisher redirects to an address that is less safe"
        raise ListRefused(target.name, reason) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = f"it could not be fetched ({type(error).__name__})"
        raise ListRefused(target.name, reason) from error


def _as_safe_as(url: str) -> Callable[[httpx.Request], None]:
    """A check of every request: http or https, and once https always https."""
    allowed = ("https",) if url.startswith("https:") else ("http", "https")

    def check(request: httpx.Request) -> None:
        if request.url.scheme not in allowed:
            raise httpx.UnsupportedProtocol("no safe redirect", request=request)

    return check


def _refuse_what_is_no_list(answer: httpx.Response, name: str) -> None:
    if answer.status_code != httpx.codes.OK:
        raise ListRefused(name, f"its publisher answered {answer.status_code}")
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise ListRefused(name, "its publisher answered with a web page")


def _save(answer: httpx.Response, target: Path, watching: Watching) -> None:
    size, seen = 0, 0
    end = time.monotonic() + LONGEST_SECONDS
    length = answer.headers.get("content-length", "")
    with (
        target.open("wb") as file,
        watching(target.name, int(length) if length.isdecimal() else 0) as watch,
    ):
        for piece in answer.iter_bytes(_PIECE):
            size += len(piece)
            if size > files.MAX_BYTES:
                raise ListRefused(target.name, f"it is larger than {files.MAX_BYTES // _PIECE} MiB")
            if time.monotonic() > end:
                raise ListRefused(target.name, f"it took more than {LONGEST_SECONDS:.0f} seconds")
            file.write(piece)
            watch(answer.num_bytes_downloaded - seen)
            seen = answer.num_bytes_downloaded


def _name(url: str) -> str:
    """Plain file name of what a URL leads to; raises ListRefused when it is none."""
    try:
        name = PurePosixPath(urlsplit(url).path).name.lower()
    except ValueError as error:
        raise ListRefused(url.partition("?")[0], "it is no URL") from error
    return re.sub(r"[^a-z0-9_.-]", "_", name).strip(".") or "list"
