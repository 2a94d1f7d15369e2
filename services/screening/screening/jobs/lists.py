"""Fetching the lists."""

from __future__ import annotations

from typing import Any

from common.jobs import job
from common.logs import log
from screening import sources
from screening.settings import sources_in


@job(every="P1D")
def fetch_lists(runtime: Any) -> int:
    """Fetch the official lists of SCREENING_LIST_URLS; return how many new versions came.

    A list that cannot be fetched or is refused keeps its last good version, and the others come
    into force; then the first refusal is raised, so that the job shows as failed.
    Source: S18.
    """
    outcome = sources.fetch(runtime, sources_in(runtime.settings.list_urls))
    for each in outcome.refused:
        log.warning("list refused", job="fetch-lists", file=each.file, error=each.reason)
    if outcome.refused:
        raise outcome.refused[0]
    return sum(each.new for each in outcome.done)
