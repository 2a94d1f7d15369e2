"""What identity asks of every other service."""

from __future__ import annotations

from typing import Any

from identity.settings import OTHERS


def ask_all(runtime: Any, method: str, path: str, scope: str) -> dict[str, list[dict[str, Any]]]:
    """By service, what each answers, nothing where it knows nobody of that id.

    Raises PeerUnavailable when one does not answer: never a part.
    """
    return {name: runtime.peer(name).call(method, path, scope) or [] for name in sorted(OTHERS)}
