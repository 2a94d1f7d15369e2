"""Reads of screening that are needed twice or take more than a line."""

from __future__ import annotations

import base64
import math
import struct
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from common.privacy.erasure import ErasureReceipt
from common.refusals import Invalid
from common.web.standing import Standing, standing_of
from screening.checks import rulings
from screening.models import Decision, ListVersion, Screening, ScreeningMatch, ScreeningRun
from screening.rules.states import OPEN


def is_erased(session: Session, account_id: UUID) -> bool:
    """Whether the person was erased here or elsewhere: late events must not bring them back."""
    known = standing_of(session, account_id)
    if known is not None and known.state is Standing.ERASED:
        return True
    receipts = sa.select(ErasureReceipt.request_id).where(ErasureReceipt.account_id == account_id)
    return session.scalar(receipts.limit(1)) is not None


def worklist(session: Session, asked: dict[str, Any]) -> tuple[list[Screening], dict[str, str]]:
    """Reviews and hits, the highest score first and of equals the oldest account; one page.

    Returns the rows, and the headers that name the next page.
    """
    verdicts = [asked["verdict"]] if asked["verdict"] else OPEN
    rows = sa.select(Screening).where(Screening.verdict.in_(verdicts))
    if asked["cursor"]:
        score, account_id = _read(asked["cursor"])
        same = sa.and_(Screening.score == score, Screening.account_id > account_id)
        rows = rows.where(sa.or_(Screening.score < score, same))
    ordered = rows.order_by(Screening.score.desc(), Screening.account_id)
    found = list(session.scalars(ordered.limit(asked["limit"] + 1)))
    if len(found) <= asked["limit"]:
        return found, {}
    found.pop()
    cursor = struct.pack(">d", found[-1].score) + found[-1].account_id.bytes
    query = urlencode({
        **request.args,
        "limit": asked["limit"],
        "cursor": base64.urlsafe_b64encode(cursor).decode(),
    })  # fmt: skip
    return found, {"Link": f'<{request.base_url}?{query}>; rel="next"'}


def in_full(session: Session, screening: Screening) -> dict[str, Any]:
    """A screening with its matches, what was ruled about each, and every decision ever taken."""
    theirs = screening.account_id
    matches = session.scalars(
        sa.select(ScreeningMatch)
        .where(ScreeningMatch.account_id == theirs)
        .order_by(ScreeningMatch.score.desc(), ScreeningMatch.list_id, ScreeningMatch.entry_id)
    ).all()
    decisions = session.scalars(
        sa.select(Decision).where(Decision.account_id == theirs).order_by(Decision.id)
    ).all()
    ruled = rulings(session, [theirs]).get((theirs, screening.name_digest or ""), {})
    return {
        **_values(screening),
        "pending": screening.pending,
        "matches": [
            {
                **_values(each),
                "decision": ruled.get((each.list_id, each.entry_id, each.entry_fingerprint)),
            }
            for each in matches
        ],
        "decisions": decisions,
    }


def lists_used(session: Session, account_id: UUID, at: datetime) -> dict[str, Any] | None:
    """The last comparison of a name until an instant, with the lists it was made with (S22)."""
    runs = sa.select(ScreeningRun).where(
        ScreeningRun.account_id == account_id, ScreeningRun.at <= at
    )
    last = session.scalar(runs.order_by(ScreeningRun.at.desc(), ScreeningRun.id.desc()).limit(1))
    if last is None:
        return None
    code = ListVersion.list_id + ":" + ListVersion.version
    then = sa.select(ListVersion).where(
        code.in_(last.list_versions), ListVersion.in_force_from <= last.at
    )
    used = {each.code: each for each in session.scalars(then.order_by(ListVersion.id))}
    return {
        "account_id": account_id,
        "at": at,
        "checked_at": last.at,
        "lists": [used[code] for code in last.list_versions],
    }


def _values(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in sa.inspect(type(row)).column_attrs}


def _read(cursor: str) -> tuple[float, UUID]:
    raw = base64.urlsafe_b64decode(cursor)
    (score,) = struct.unpack(">d", raw[:8])
    if not math.isfinite(score):
        raise Invalid("Use the cursor as it was given.", {"/cursor": "Not a cursor."})
    return score, UUID(bytes=raw[8:])
