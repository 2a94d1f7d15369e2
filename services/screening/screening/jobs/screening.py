"""Comparing names that are due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common.jobs import step
from common.logs import log
from common.web.peers import PeerUnavailable
from screening import checks, versions
from screening.checks import Compared, Request
from screening.providers import PersonName, Provider, ProviderUnavailable
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
    try:
        provider = runtime.resource(ListsInForce).provider()
        names = _read_names(runtime, taken)
    except (NoListInForce, PeerUnavailable, ProviderUnavailable) as error:
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
        if provider.is_current(session):
            checks.settle(session, taken, compared)
        else:
            checks.release(session, taken)
    return len(taken)


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
    runtime: Any, provider: Provider, names: dict[UUID, PersonName]
) -> dict[UUID, Compared]:
    answers = provider.compare(list(names.values()))
    return {
        account_id: Compared(checks.digest(runtime, name), answer)
        for (account_id, name), answer in zip(names.items(), answers, strict=True)
    }
