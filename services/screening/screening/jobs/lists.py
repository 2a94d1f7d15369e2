"""Fetching the lists."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common.jobs import job
from common.logs import log
from screening import downloads, versions
from screening.lists.files import ListRefused
from screening.settings import urls_in


@job(every="P1D")
def fetch_lists(runtime: Any) -> int:
    """Fetch the official lists of SCREENING_LIST_URLS; return how many new versions came.

    A list that cannot be fetched or is refused keeps its last good version, and the others come
    into force; then the first refusal is raised, so that the job shows as failed.
    Source: S18.
    """
    found: list[versions.PackedList] = []
    refused: list[ListRefused] = []
    for urls in downloads.lists_behind(urls_in(runtime.settings.list_urls)):
        try:
            with TemporaryDirectory() as folder:
                found += versions.read(downloads.fetch(urls, Path(folder)))
        except ListRefused as error:
            refused.append(error)
    done, too_bad = versions.bring_into_force(runtime, found)
    refused += too_bad
    for each in refused:
        log.warning("list refused", job="fetch-lists", file=each.file, error=each.reason)
    if refused:
        raise refused[0]
    return sum(each.new for each in done)
