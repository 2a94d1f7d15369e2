"""Comparing everybody's name with list entries that changed."""

from __future__ import annotations

from typing import Any

from common.jobs import step
from common.logs import log
from common.web.peers import PeerUnavailable
from screening import changes, versions
from screening.account_index import AccountIndex
from screening.versions import ListsInForce, NoListInForce


@step
def keep_account_index(runtime: Any) -> int:
    """Hold the names of everybody, from the start of a worker on, and forget those who left.

    An outside provider keeps its own lists, so there are no changed entries to compare with.
    Source: S16, S26.
    """
    index = runtime.resource(AccountIndex)
    if runtime.settings.provider == "local" and index.is_due():
        try:
            index.sync()
        except PeerUnavailable as error:
            log.warning("account index waits", error=type(error).__name__, count=len(index))
    return 0


@step
def screen_changes(runtime: Any) -> int:
    """Compare everybody with the list entries that changed; return how many entries were settled.

    Source: S17, S18.
    """
    if runtime.settings.provider != "local":
        return 0
    with runtime.transaction() as session:
        taken = changes.take(session)
    if not taken:
        return 0
    index = runtime.resource(AccountIndex)
    try:
        provider = runtime.resource(ListsInForce).provider_of(each.entry for each in taken)
        if provider.people:  # whoever is taken off a list needs no name to be compared
            index.sync()
    except (NoListInForce, PeerUnavailable) as error:
        log.warning(
            "screening waits",
            step="screen_changes",
            error=type(error).__name__,
            count=len(taken),
        )
        with runtime.transaction() as session:
            changes.postpone(session, taken)
        return 0
    compared = index.compare(provider)
    with runtime.transaction() as session:
        versions.lock_lists(session, shared=True)
        if provider.is_current(session):
            changes.settle(session, taken, provider, compared, index.digests)
        else:
            changes.release(session, taken)
    return len(taken)
