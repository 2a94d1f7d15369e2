"""Lists in pages: `?limit=` and an opaque `cursor`, the next page in the Link header."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import request
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from common.privacy.audit import audit_shown
from common.web.schemas import Request

LIMIT = 100


class Page(Request):
    """Query of every list."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, LIMIT))
    cursor = fields.String(load_default=None, validate=validate.Regexp(r"^[A-Za-z0-9_-]{22}$"))


def page(
    session: Session,
    rows: sa.Select[Any],
    key: Any,
    asked: dict[str, Any],
    *,
    oldest_first: bool = False,
) -> tuple[list[Any], dict[str, str]]:
    """One page of rows, newest first or oldest first, and the headers that name the next one.

    key: a UUIDv7 column that orders the rows. A reading session notes whose rows are shown.
    """
    if asked["cursor"]:
        last = _read(asked["cursor"])
        rows = rows.where(key > last if oldest_first else key < last)
    order = key.asc() if oldest_first else key.desc()
    found = list(session.scalars(rows.order_by(order).limit(asked["limit"] + 1)))
    more = len(found) > asked["limit"]
    found = found[: asked["limit"]]
    if session.info.get("reading"):
        audit_shown(session, found)
    if not more:
        return found, {}
    query = urlencode({
        **request.args, "limit": asked["limit"], "cursor": _cursor(getattr(found[-1], key.key))
    })  # fmt: skip
    return found, {"Link": f'<{request.base_url}?{query}>; rel="next"'}


def _cursor(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def _read(cursor: str) -> UUID:
    return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
