"""Screenings that are due: taken with a lease, settled in the transaction that says what came out.

Many workers share them. A worker that dies leaves its lease to run out; one whose answer comes too
late, because the name was asked for again or another list came into force, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.events.catalogue import ScreeningCompleted, Verdict
from common.messaging import publish
from common.refusals import next_state
from screening.models import Decision, Screening, ScreeningMatch, ScreeningRun
from screening.providers import Answer, PersonName
from screening.rules.comparisons import EntryKey, judge, wait_after
from screening.rules.states import TRANSITIONS, Occasion, Ruling, Status

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


def take(session: Session) -> list[Request]:
    """Take names that are due, registrations first; nobody else gets them during the lease."""
    due = whatever_is_due(session).with_for_update(skip_locked=True)
    taken = [Request(*row) for row in session.execute(due)]
    _update(
        session,
        taken,
        next_try_at=now(session) + LEASE,
        attempts=Screening.attempts + 1,
    )
    return taken


def whatever_is_due(session: Session) -> sa.Select[UUID, int, int]:
    """Name what is due, without taking it."""
    return (
        sa.select(Screening.account_id, Screening.request, Screening.attempts + 1)
        .where(Screening.next_try_at <= now(session))
        .order_by(Screening.checked_at.is_not(None), Screening.next_try_at)
        .limit(BATCH)
    )


def ask_again(session: Session, account_id: UUID, occasion: Occasion) -> None:
    """Have one person's name compared anew; an answer to an earlier request is void."""
    at = now(session)
    afresh = {"occasion": occasion, "requested_at": at, "next_try_at": at, "attempts": 0}
    asked = insert(session, Screening).values(account_id=account_id, **afresh)
    session.execute(
        asked.on_conflict_do_update(
            index_elements=[Screening.account_id],
            set_={**afresh, "request": Screening.request + 1},
        )
    )


def postpone(session: Session, taken: Iterable[Request]) -> None:
    """Try again later what came to nothing: nobody is clear because something was out of reach."""
    by_attempts: dict[int, list[Request]] = {}
    for each in taken:
        by_attempts.setdefault(each.attempts, []).append(each)
    for attempts, requests in by_attempts.items():
        _update(session, requests, next_try_at=now(session) + wait_after(attempts))


def release(session: Session, taken: Iterable[Request]) -> None:
    """Try again at once: another list came into force meanwhile."""
    _update(session, taken, next_try_at=now(session))


def settle(
    session: Session,
    taken: Iterable[Request],
    compared: Mapping[UUID, Compared],
) -> None:
    """Write what comparisons came to, and say so where it is the first or another outcome.

    compared: by account; who is missing has been erased, and waits no longer. A request that was
    made anew meanwhile stays pending.
    Source: S14, S17, S18, S19.
    """
    numbers = {each.account_id: each.number for each in taken}
    rows = sa.select(Screening).where(Screening.account_id.in_(numbers))
    locked = session.scalars(rows.order_by(Screening.account_id).with_for_update()).all()
    current = [row for row in locked if row.pending and row.request == numbers[row.account_id]]
    known = [row for row in current if row.account_id in compared]
    _forget(session, [row for row in current if row.account_id not in compared])
    decided = rulings(session, [row.account_id for row in known])
    theirs = [row.account_id for row in known]
    session.execute(sa.delete(ScreeningMatch).where(ScreeningMatch.account_id.in_(theirs)))
    for row in known:
        digest, answer = compared[row.account_id].name_digest, compared[row.account_id].answer
        trigger, score = judge(answer.found, decided.get((row.account_id, digest), {}))
        row.name_digest, row.score = digest, score
        row.list_versions = list(answer.list_versions)
        row.checked_at, row.next_try_at, row.attempts = now(session), None, 0
        session.add_all(
            ScreeningMatch(account_id=row.account_id, **asdict(found)) for found in answer.found
        )
        move(session, row, next_state(TRANSITIONS, row.verdict, trigger))
        session.add(
            ScreeningRun(
                account_id=row.account_id,
                at=row.checked_at,
                list_versions=row.list_versions,
                verdict=row.verdict,
            )
        )


def move(session: Session, screening: Screening, verdict: Status) -> None:
    """Take the verdict that a rule decided on, and say so if it is another one."""
    if verdict is screening.verdict:
        return
    screening.verdict = verdict
    publish(
        session,
        ScreeningCompleted(
            account_id=screening.account_id,
            verdict=Verdict(verdict.value),
            list_versions=tuple(screening.list_versions),
        ),
    )


def rulings(
    session: Session, account_ids: Iterable[UUID]
) -> dict[tuple[UUID, str], dict[EntryKey, Ruling]]:
    """What was ruled about accounts, the latest for each entry, by account and name digest."""
    latest: dict[tuple[UUID, str], dict[EntryKey, Ruling]] = {}
    rows = sa.select(Decision).where(Decision.account_id.in_(account_ids)).order_by(Decision.id)
    for row in session.scalars(rows):
        key = row.list_id, row.entry_id, row.entry_fingerprint
        latest.setdefault((row.account_id, row.name_digest), {})[key] = row.outcome
    return latest


def digest(runtime: Any, name: PersonName) -> str:
    """Keyed digest by which a name is known again and cannot be guessed back (S16)."""
    return str(runtime.keys.digest("screened-name", f"{name.given}\n{name.family}".encode()))


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
