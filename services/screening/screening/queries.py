"""Reads of screening that are needed twice or take more than a line."""

from __future__ import annotations

import base64
import math
import struct
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from common.clock import now
from common.db import UtcDateTime
from common.privacy.audit import audit_shown
from common.privacy.erasure import ErasureReceipt
from common.refusals import Invalid
from common.web import page
from common.web.standing import Standing, standing_of
from screening import coverage, decisions, objections, proposals
from screening.models import (
    Decision,
    Objection,
    Proposal,
    Screening,
    ScreeningRun,
)
from screening.rules.objections import ObjectionState, is_overdue
from screening.rules.states import OPEN

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (
    (each - _EPOCH) // timedelta(microseconds=1)
    for each in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
)


def is_erased(session: Session, account_id: UUID) -> bool:
    """Whether the person was erased here or elsewhere: late events must not bring them back."""
    known = standing_of(session, account_id)
    if known is not None and known.state is Standing.ERASED:
        return True
    receipts = sa.select(ErasureReceipt.request_id).where(ErasureReceipt.account_id == account_id)
    return session.scalar(receipts.limit(1)) is not None


def worklist(
    session: Session, asked: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Reviews and hits: objections first, then by score, of equals the oldest; one page.

    Returns the lines, and the headers that name the next page.
    """
    objected = sa.case((objections.asks_for_people(), 1), else_=0)
    proposed = proposals.waiting()
    rows = sa.select(Screening, proposed, objected).where(
        Screening.verdict.in_([asked["verdict"]] if asked["verdict"] else OPEN)
    )
    if asked["proposed"] is not None:
        rows = rows.where(proposed if asked["proposed"] else ~proposed)
    order = sa.tuple_(-objected, -Screening.score, Screening.verdict_at, Screening.account_id)
    if asked["cursor"]:
        rows = rows.where(order > _read(asked["cursor"]))
    found = session.execute(rows.order_by(*order.clauses).limit(asked["limit"] + 1)).all()
    audit_shown(session, (each for each, _, _ in found[: asked["limit"]]))
    lines = [
        _line(session, each, proposed=waits, objected=bool(asks))
        for each, waits, asks in found[: asked["limit"]]
    ]
    if len(lines) == len(found):
        return lines, {}
    query = urlencode({
        **request.args,
        "limit": asked["limit"],
        "cursor": _cursor(lines[-1]),
    })  # fmt: skip
    return lines, {"Link": f'<{request.base_url}?{query}>; rel="next"'}


def in_full(session: Session, screening: Screening) -> dict[str, Any]:
    """A screening: what matches, what was ruled about each, what is proposed, all decisions."""
    theirs = screening.account_id
    found, ruled = decisions.known(session, screening)
    taken = session.scalars(
        sa.select(Decision).where(Decision.account_id == theirs).order_by(Decision.id)
    ).all()
    here = sa.select(proposals.waiting(), objections.asks_for_people())
    waits, asks = session.execute(here.where(Screening.account_id == theirs)).one()
    proposal = session.get(Proposal, theirs)
    return {
        **_line(session, screening, proposed=waits, objected=asks),
        "matches": [{**asdict(each), "decision": ruled.get(each.key)} for each in found],
        "proposal": proposal and {
            **_values(proposal),
            "entries": proposals.entries(session, theirs),
            "lapsed": not waits,
        },
        "decisions": taken,
    }  # fmt: skip


def open_objections(
    session: Session, asked: dict[str, Any]
) -> tuple[list[Objection], dict[str, str]]:
    """Objections without an answer, the oldest first: it is due first; one page and its headers."""
    rows = sa.select(Objection).where(Objection.state == ObjectionState.RECEIVED)
    return page(session, rows, Objection.id, asked, oldest_first=True)


def with_time_left(session: Session, objection: Objection) -> dict[str, Any]:
    """An objection, and whether its answer is late."""
    late = is_overdue(objection.state, objection.due_on, now(session))
    return {**_values(objection), "overdue": late}


def lists_used(session: Session, account_id: UUID, at: datetime) -> dict[str, Any] | None:
    """When a name had last been compared at an instant, and with which lists (S22)."""
    runs = sa.select(ScreeningRun).where(
        ScreeningRun.account_id == account_id, ScreeningRun.at <= at
    )
    last = session.scalar(runs.order_by(ScreeningRun.at.desc(), ScreeningRun.id.desc()).limit(1))
    if last is None:
        return None
    held = coverage.held_at(session, last.list_versions, last.at, at)
    return {
        "account_id": account_id,
        "at": at,
        "checked_at": held.since,
        "lists": held.versions or [_of_provider(each) for each in last.list_versions],
    }


def _of_provider(code: str) -> dict[str, str]:
    """All that is known here of a list that an outside provider keeps."""
    list_id, _, version = code.partition(":")
    return {"list_id": list_id, "version": version}


def _line(
    session: Session, screening: Screening, *, proposed: bool, objected: bool
) -> dict[str, Any]:
    return {
        **_values(screening),
        "list_versions": coverage.codes_held(session, screening),
        "pending": screening.pending,
        "proposed": proposed,
        "objection_open": objected,
    }


def _values(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in sa.inspect(type(row)).column_attrs}


def _cursor(line: dict[str, Any]) -> str:
    place = struct.pack(
        ">?dq16s",
        line["objection_open"],
        line["score"],
        (line["verdict_at"] - _EPOCH) // timedelta(microseconds=1),
        line["account_id"].bytes,
    )
    return base64.urlsafe_b64encode(place).decode()


def _read(cursor: str) -> sa.Tuple:
    """Where the former page ended, as the order compares it; raises Invalid.

    A made-up instant beyond the calendar means the calendar's end.
    """
    objected, score, since, account_id = struct.unpack(">?dq16s", base64.urlsafe_b64decode(cursor))
    if not math.isfinite(score):
        raise Invalid("Use the cursor as it was given.", {"/cursor": "Not a cursor."})
    verdict_at = _EPOCH + timedelta(microseconds=min(max(since, _FIRST), _LAST))
    return sa.tuple_(
        sa.literal(-int(objected)),
        sa.literal(-score),
        sa.literal(verdict_at, UtcDateTime()),
        sa.literal(UUID(bytes=account_id), sa.Uuid()),
    )
