"""Removing from the store, outside any transaction, what no document refers to any more."""

from __future__ import annotations

from typing import Any

from common.jobs import step
from uploads import removals, store

BATCH = 20


@step
def remove_objects(runtime: Any) -> int:
    """Remove objects that are due; return how many the store has confirmed to be gone.

    Raises StoreUnavailable at the first that stays: it and the rest of the batch come again.
    Source: S55.
    """
    with runtime.transaction() as session:
        claimed = removals.claim(session, BATCH)
    for key in claimed:
        store.remove(runtime.resource(store.open_store), key)
        with runtime.transaction() as session:
            removals.finish(session, key)
    return len(claimed)
