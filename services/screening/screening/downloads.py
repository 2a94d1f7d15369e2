"""Fetches official lists from their publishers into a folder, with a time-out and a limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import httpx

from screening.lists import files, ofac
from screening.lists.files import ListRefused

TIMEOUT = httpx.Timeout(60, connect=15)
"""Seconds without a byte, and until a connection stands."""
_PIECE = 1024 * 1024


def is_url(source: str) -> bool:
    """Whether a list is to be fetched, rather than read where it lies."""
    return source.startswith(("http://", "https://"))


def lists_behind(urls: Iterable[str]) -> list[list[str]]:
    """URLs of one list each; the files of OFAC's set make one list together.

    Raises ListRefused for what is no URL.
    """
    one_set: list[str] = []
    single: list[list[str]] = []
    for url in urls:
        if _name(url).removesuffix(".gz") in ofac.FILES:
            one_set.append(url)
        else:
            single.append([url])
    return [*single, one_set] if one_set else single


def fetch(urls: Sequence[str], folder: Path, say: Callable[[str], object] = lambda _: None) -> Path:
    """Fetch the files of one list into a folder and return what is to be read.

    say: told what is going on. Raises ListRefused when a file cannot be had or is too large.
    """
    for url in urls:
        _download(url, folder / _name(url), say)
    return folder if len(urls) > 1 else folder / _name(urls[0])


def _download(url: str, target: Path, say: Callable[[str], object]) -> None:
    size = 0
    try:
        with (
            httpx.stream("GET", url, timeout=TIMEOUT, follow_redirects=True) as answer,
            target.open("wb") as file,
        ):
            if not answer.is_success:
                raise ListRefused(target.name, f"its publisher answered {answer.status_code}")
            for piece in answer.iter_bytes(_PIECE):
                size += len(piece)
                if size > files.MAX_BYTES:
                    most = files.MAX_BYTES // _PIECE
                    raise ListRefused(target.name, f"it is larger than {most} MiB")
                file.write(piece)
                say(f"{target.name}: {size / _PIECE:.1f} MiB")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = f"it could not be fetched ({type(error).__name__})"
        raise ListRefused(target.name, reason) from error


def _name(url: str) -> str:
    """Plain file name of what a URL leads to; raises ListRefused when it is none."""
    try:
        name = PurePosixPath(urlsplit(url).path).name.lower()
    except ValueError as error:
        raise ListRefused(url, "it is no URL") from error
    return re.sub(r"[^a-z0-9_.-]", "_", name).strip(".") or "list"
