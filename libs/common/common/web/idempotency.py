"""Idempotency-Key: a creation with consequences happens once, however often it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Response, g, request
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase
from common.privacy.personal import CONTRACT, about, personal, technical
from common.refusals import Conflict, Invalid
from common.texts import Text

_KEY = re.compile(r"[!-~]{8,100}")


class KeyInUse(Conflict):
    """The first request with this key is still being worked on."""

    title = Text("Still being worked on", "Wordt nog verwerkt", "Wird noch bearbeitet")


class KeyOfAnotherRequest(Invalid):
    """The key came before, with another body."""


class IdempotencyKeyMissing(Invalid):
    """Creations with consequences need a key."""


class StoredAnswer(CommonBase):
    """What was answered to a request, for when it comes again within a day."""

    __tablename__ = "idempotency_keys"
    __personal__ = about(
        "account_id", purpose="identify", basis=CONTRACT, keep="idempotency", source="S67"
    )

    key: Mapped[str] = mapped_column(
        sa.String(64), primary_key=True, info=technical("keyed digest of account, route and key")
    )
    account_id: Mapped[UUID | None] = mapped_column(index=True, info=personal("pseudonym"))
    fingerprint: Mapped[str] = mapped_column(
        sa.String(64), info=technical("keyed digest of the body")
    )
    status: Mapped[int] = mapped_column(info=technical("HTTP status"))
    body: Mapped[bytes] = mapped_column(info=personal("content"))
    headers: Mapped[dict[str, str]] = mapped_column(sa.JSON, info=technical("ETag and Location"))
    stored_at: Mapped[datetime] = mapped_column(index=True, info=technical("for the clean-up"))


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """Answer the same key and body with the stored answer; store it with the work itself.

    The view's `transaction()` becomes part of the one opened here. Stands outside `arguments` and
    `response`.
    """

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Response:
        from common.web.app import runtime, transaction

        header = request.headers.get("Idempotency-Key", "")
        if not _KEY.fullmatch(header):
            raise IdempotencyKeyMissing("Send Idempotency-Key: 8 to 100 printable characters.")
        account_id = g.principal.account_id if g.get("principal") else None
        keys = runtime().keys
        scope = f"{account_id} {request.method} {request.path} {header}"
        key = keys.digest("idempotency", scope.encode())
        fingerprint = keys.digest("idempotency", request.get_data(cache=True))
        with transaction() as session:
            _lock(session, key)
            stored = session.get(StoredAnswer, key)
            if stored is not None:
                return _replay(stored, fingerprint)
            g.session = session
            try:
                response: Response = view(*args, **kwargs)
            finally:
                del g.session
            session.add(_stored(key, account_id, fingerprint, response, now(session)))
        return response

    once.__idempotent__ = True  # type: ignore[attr-defined]
    return once


def _lock(session: Session, key: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        number = int(key[:15], 16)
        if not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(number))):
            raise KeyInUse("Wait for the answer to the first request.")


def _replay(stored: StoredAnswer, fingerprint: str) -> Response:
    if stored.fingerprint != fingerprint:
        raise KeyOfAnotherRequest("Use a new Idempotency-Key for another request.")
    return Response(stored.body, stored.status, stored.headers, content_type="application/json")


def _stored(
    key: str, account_id: UUID | None, fingerprint: str, response: Response, at: datetime
) -> StoredAnswer:
    kept = {name: response.headers[name] for name in ("Location",) if name in response.headers}
    return StoredAnswer(
        key=key,
        account_id=account_id,
        fingerprint=fingerprint,
        status=response.status_code,
        body=response.get_data(),
        headers=kept,
        stored_at=at,
    )
