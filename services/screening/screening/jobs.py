"""Comparing names that are due, and fetching the lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from common.jobs import job, step
from common.logs import log
from common.web.peers import PeerUnavailable
from screening import checks, downloads, versions
from screening.checks import Compared, Request
from screening.lists.files import ListRefused
from screening.providers import LocalProvider, PersonName
from screening.rules.comparisons import found_in
from screening.settings import urls_in
from screening.versions import ListsInForce, NoListInForce

SCOPE_NAMES = "names:read"


@step
def screen_pending(runtime: Any) -> int:
    """Compare the names that are due with every list in force; return how many were settled.

    Names are read and compared outside any transaction and held in memory alone. When identity
    does not answer or no list is in force everybody stays pending: nothing is clear by default.
    Source: S14, S16, S18.
    """
    with runtime.transaction() as session:
        taken = checks.take(session)
    if not taken:
        return 0
    in_force = runtime.resource(ListsInForce)
    try:
        provider = in_force.provider()
        names = _read_names(runtime, taken)
    except (NoListInForce, PeerUnavailable) as error:
        log.warning(
            "screening waits",
            step="screen_pending",
            error=type(error).__name__,
            count=len(taken),
        )
        with runtime.transaction() as session:
            checks.postpone(session, taken)
        return 0
    compared = _compare(runtime, provider, names)
    with runtime.transaction() as session:
        versions.lock_lists(session, shared=True)
        if versions.ids_in_force(session) == in_force.ids:
            checks.settle(session, taken, compared, in_force.codes)
        else:
            checks.release(session, taken)
    return len(taken)


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


def _read_names(runtime: Any, taken: Sequence[Request]) -> dict[UUID, PersonName]:
    """Names of those whom identity knows: the name and nothing else (S16)."""
    asked = {"account_ids": [str(each.account_id) for each in taken]}
    answer = runtime.peers["identity"].call("POST", "/internal/names", SCOPE_NAMES, asked)
    if answer is None:
        raise PeerUnavailable("identity does not know this question.")
    return {
        UUID(each["account_id"]): PersonName(each["given_name"], each["family_name"])
        for each in answer
    }


def _compare(
    runtime: Any, provider: LocalProvider, names: dict[UUID, PersonName]
) -> dict[UUID, Compared]:
    matches = provider.compare(list(names.values()))
    return {
        account_id: Compared(checks.digest(runtime, name), found_in(match, provider.fingerprint))
        for (account_id, name), match in zip(names.items(), matches, strict=True)
    }
