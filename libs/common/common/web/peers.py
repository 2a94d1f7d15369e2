"""Calls of one service by another: signed, scoped, short; a fault is one exception."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
        try:
            answer = self._client.request(method, path, json=json, headers=self._headers(scope))
        except httpx.HTTPError as error:
            raise PeerUnavailable(f"{self._name} does not answer.") from error
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise PeerUnavailable(f"{self._name} answered {answer.status_code}.")
        return answer.json() if answer.content else None

    @contextmanager
    def read(self, path: str, scope: str) -> Iterator[Iterator[bytes]]:
        """The bytes that a route marked internal(scope) answers, as they come; none for 404.

        Raises PeerUnavailable for anything else but success.
        """
        try:
            with self._client.stream("GET", path, headers=self._headers(scope)) as answer:
                if not answer.is_success and answer.status_code != 404:
                    raise PeerUnavailable(f"{self._name} answered {answer.status_code}.")
                yield iter(()) if answer.status_code == 404 else answer.iter_bytes()
        except httpx.HTTPError as error:
            raise PeerUnavailable(f"{self._name} does not answer.") from error

    def _headers(self, scope: str) -> dict[str, str]:
        token = service_token(self._runtime.keys, self._name, scope, self._runtime.clock.now())
        headers = {"Authorization": f"Bearer {token}"}
        if context := traceparent():
            headers["traceparent"] = context
        return headers
