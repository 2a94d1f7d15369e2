"""Names, read from identity when they are needed and held in memory alone (S16)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from common.web.peers import PeerUnavailable
from screening.providers import PersonName

SCOPE_NAMES = "names:read"
AT_ONCE = 500
"""As many as identity answers in one call."""


def read_names(runtime: Any, account_ids: Iterable[UUID]) -> dict[UUID, PersonName]:
    """Names of those whom identity knows: the name and nothing else; raises PeerUnavailable.

    Source: S16.
    """
    asked = {"account_ids": [str(each) for each in account_ids]}
    answer = runtime.peer("identity").call("POST", "/internal/names", SCOPE_NAMES, asked)
    if answer is None:
        raise PeerUnavailable("identity does not know this question.")
    return {
        UUID(each["account_id"]): PersonName(each["given_name"], each["family_name"])
        for each in answer
    }
