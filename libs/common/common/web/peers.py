"""Calls of one service by another: signed, scoped, short; a fault is one exception."""

from __future__ import annotations

from typing import Any

import httpx

from common.refusals import Unavailable
from common.tracing import traceparent
from common.web.access import service_token


class PeerUnavailable(Unavailable):
    """Another service does not answer, or not sensibly; trying again later may help."""


class Peer:
    """Another service, as seen by the one whose runtime this is."""

    def __init__(self, runtime: Any, name: str, client: httpx.Client) -> None:
        self._runtime, self._name, self._client = runtime, name, client

    def call(self, method: str, path: str, scope: str, json: Any = None) -> Any:
        """Call a route marked internal(scope) and return the decoded answer; None for 404.

        Raises PeerUnavailable for anything else but success.
        """
        token = service_token(self._runtime.keys, self._name, scope, self._runtime.clock.now())
        headers = {"Authorization": f"Bearer {token}"}
        if context := traceparent():
            headers["traceparent"] = context
        try:
            answer = self._client.request(method, path, json=json, headers=headers)
        except httpx.HTTPError as error:
            raise PeerUnavailable(f"{self._name} does not answer.") from error
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise PeerUnavailable(f"{self._name} answered {answer.status_code}.")
        return answer.json() if answer.content else None
