"""Screenings that are due: taken with a lease, settled in the transaction that says what came out.

Many workers share them. A worker that dies leaves its lease to run out; one whose answer comes too
late, because the name was asked for again or another list came into force, changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from screening import coverage, outcomes, sweeps
from screening.models import Screening
from screening.outcomes import Outcome
from screening.providers import Answer, LocalProvider, PersonName, Provider
from screening.rules.comparisons import EntryKey, Found, wait_after
from screening.rules.states import Occasion, Status

BATCH = 500
LEASE = timedelta(minutes=1)
"""Longer than a batch can take: identity answers in seconds, a comparison takes milliseconds."""


@dataclass(frozen=True)
class Request:
    """One name to be compared, as this worker took it."""

    account_id: UUID
    number: int
    attempts: int


@dataclass(frozen=True)
class Compared:
    """What comparing one name came to. name_digest: of the name, which is gone by now."""

    name_digest: str
    answer: Answer


def take(session: Session, at_most: int = BATCH, lease: timedelta = LEASE) -> list[Request]:
    """Take names that are due, registrations first; nobody else gets them during the lease.

    lease: longer than comparing so many can take.
    """
    taken: list[Request] = []
    for new in (True, False):
        due = whatever_is_due(session, new=new, at_most=at_most - len(taken))
        taken += [Request(*row) for row in session.execute(due.with_for_update(skip_locked=True))]
    _update(
        session,
        taken,
        next_try_at=now(session) + lease,
        attempts=Screening.attempts + 1,
    )
    return taken


def whatever_is_due(session: Session, *, new: bool, at_most: int) -> sa.Select[UUID, int, int]:
    """Name what is due, without taking it. new: of those who were never compared yet."""
    compared = Screening.checked_at.is_(None) if new else Screening.checked_at.is_not(None)
    return (
        sa.select(Screening.account_id, Screening.request, Screening.attempts + 1)
        .where(Screening.next_try_at <= now(session), compared)
        .order_by(Screening.next_try_at)
        .limit(at_most)
    )


def ask_again(session: Session, account_id: UUID, occasion: Occasion) -> None:
    """Have one person's name compared anew, known here or not yet."""
    afresh = _request(session, occasion)
    asked = insert(session, Screening).values(account_id=account_id, **afresh)
    session.execute(
        asked.on_conflict_do_update(
            index_elements=[Screening.account_id],
            set_={**afresh, "request": Screening.request + 1},
        )
    )


def ask_all(session: Session, occasion: Occasion, *where: sa.ColumnElement[bool]) -> int:
    """Have the names of these anew compared; return of how many.

    An answer to an earlier request is void; the former verdict stands until the next one. Whoever
    waits for the comparison of another name still does.
    """
    renamed = sa.and_(Screening.next_try_at.is_not(None), Screening.occasion == Occasion.NAME)
    values = {
        **_request(session, occasion),
        "occasion": sa.case((renamed, Screening.occasion), else_=occasion),
        "request": Screening.request + 1,
    }
    asked = sa.update(Screening).where(*where)
    result: Any = session.execute(
        asked.values(values),
        execution_options={"synchronize_session": False},
    )
    return int(result.rowcount)


def postpone(session: Session, taken: Iterable[Request], wait: timedelta = timedelta()) -> None:
    """Try again later what came to nothing: nobody is clear because something was out of reach.

    wait: at least so long.
    """
    by_attempts: dict[int, list[Request]] = {}
    for each in taken:
        by_attempts.setdefault(each.attempts, []).append(each)
    for attempts, requests in by_attempts.items():
        _update(session, requests, next_try_at=now(session) + max(wait, wait_after(attempts)))


def hurry(session: Session) -> None:
    """Try at once whoever was never compared: there may have been no list to compare with."""
    waiting = Screening.checked_at.is_(None), Screening.next_try_at > now(session)
    at_once = sa.update(Screening).where(*waiting).values(next_try_at=now(session))
    session.execute(at_once, execution_options={"synchronize_session": False})


def release(session: Session, taken: Iterable[Request]) -> None:
    """Try again at once: another list came into force meanwhile."""
    _update(session, taken, next_try_at=now(session))


def settle(
    session: Session,
    taken: Iterable[Request],
    compared: Mapping[UUID, Compared],
    provider: Provider,
) -> None:
    """Write what comparisons with all lists came to; tell of the first or another outcome.

    compared: by account; who is missing has been erased, and waits no longer. A request that was
    made anew meanwhile stays pending.
    Source: S14, S17, S18, S19.
    """
    numbers = {each.account_id: each.number for each in taken}
    rows = sa.select(Screening).where(Screening.account_id.in_(numbers))
    locked = session.scalars(rows.order_by(Screening.account_id).with_for_update()).all()
    current = [row for row in locked if row.pending and row.request == numbers[row.account_id]]
    _forget(session, [row for row in current if row.account_id not in compared])
    came_to = [
        Outcome(row, each.name_digest, each.answer.found, each.answer.list_versions)
        for row in current
        if (each := compared.get(row.account_id))
    ]
    stored = outcomes.found_before(session, [each.row.account_id for each in came_to])
    if isinstance(provider, LocalProvider):
        _look_for_drift(session, came_to, stored, provider.method)
    outcomes.write(session, came_to, stored)
    _note_compared(session, came_to, provider.method)


def digest(runtime: Any, name: PersonName) -> str:
    """Keyed digest by which a name is known again and cannot be guessed back (S16)."""
    return str(runtime.keys.digest("screened-name", f"{name.given}\n{name.family}".encode()))


def method_and_lists(method: str, list_versions: Sequence[str]) -> str:
    """Digest by which it is known whether a comparison was made so, and with these lists."""
    return hashlib.sha256(json.dumps([method, *list_versions]).encode()).hexdigest()


def _request(session: Session, occasion: Occasion) -> dict[str, Any]:
    at = now(session)
    return {"occasion": occasion, "requested_at": at, "next_try_at": at, "attempts": 0}


def _look_for_drift(
    session: Session,
    came_to: Iterable[Outcome],
    stored: Mapping[UUID, Collection[Found]],
    method: str,
) -> None:
    """Tell the sweep what it compared, and what should have been found before and was not."""
    swept = [each for each in came_to if each.row.occasion is Occasion.SWEEP]
    if not swept:
        return
    drifted = [
        each
        for each in swept
        if (each.row.method, each.row.name_digest) == (method, each.name_digest)
        and _keys(each.found) != _keys(stored.get(each.row.account_id, ()))
    ]
    if drifted and not coverage.is_complete(session):
        drifted = []
    for each in drifted:
        sweeps.alarm(each.row.account_id, stored.get(each.row.account_id, ()), each.found)
    sweeps.count(session, len(swept), len(drifted))


def _keys(found: Iterable[Found]) -> set[EntryKey]:
    return {each.key for each in found}


def _note_compared(session: Session, came_to: Sequence[Outcome], method: str) -> None:
    """Note of everybody at once when, how and with what the name was compared in full."""
    outcomes.enter_runs(session, came_to)
    by_lists: dict[tuple[str, ...], list[UUID]] = {}
    for each in came_to:
        by_lists.setdefault(tuple(each.list_versions), []).append(each.row.account_id)
    for codes, account_ids in by_lists.items():
        session.execute(
            sa.update(Screening)
            .where(Screening.account_id.in_(account_ids))
            .values(
                checked_at=now(session),
                list_versions=list(codes),
                method=method,
                compared_with=method_and_lists(method, codes),
                next_try_at=None,
                attempts=0,
            ),
            execution_options={"synchronize_session": False},
        )


def _forget(session: Session, gone: list[Screening]) -> None:
    """Drop requests for people whom identity no longer knows; what is stored goes by erasure."""
    for row in gone:
        if row.verdict is Status.PENDING:
            session.delete(row)
        else:
            row.next_try_at = None


def _update(session: Session, taken: Iterable[Request], **values: Any) -> None:
    """Write these columns of requests that are still the same."""
    same = sa.tuple_(Screening.account_id, Screening.request)
    statement = sa.update(Screening).where(
        Screening.next_try_at.is_not(None),
        same.in_([(each.account_id, each.number) for each in taken]),
    )
    session.execute(statement.values(values), execution_options={"synchronize_session": False})
