"""Changed list entries that everybody's name is still to be compared with.

They are noted when a version is in force, taken with a lease by any worker, and settled in the
transaction that writes what they led to. What counts is the entry in force at that moment, so
neither the order of the notes nor a note too many matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from screening import checks, coverage, outcomes, versions
from screening.checks import Compared
from screening.models import EntryChange, ListVersion, Rescreening, Screening, ScreeningMatch
from screening.outcomes import Outcome
from screening.providers import LocalProvider
from screening.rules.changes import ChangeKind, what_changed
from screening.rules.comparisons import EntryId, wait_after
from screening.rules.states import Occasion

BATCH = 200
LEASE = timedelta(minutes=5)
"""Longer than a batch can take, the names of everybody included where they are not known yet."""


@dataclass(frozen=True)
class Change:
    """A changed entry, as this worker took it."""

    entry: EntryId
    attempts: int


def note(session: Session, list_id: str) -> None:
    """Note what the version in force changes against the one whose changes were noted last.

    Source: S18, S22.
    """
    of_list = sa.select(ListVersion).where(ListVersion.list_id == list_id)
    version = session.scalars(of_list.where(ListVersion.in_force_to.is_(None))).one()
    if session.get(Rescreening, version.id):
        return
    noted = of_list.join(Rescreening).order_by(ListVersion.id.desc()).limit(1)
    former = session.scalar(noted)
    kinds = what_changed(versions.people_of(former) if former else (), versions.people_of(version))
    at = now(session)
    _enter(session, version, kinds)
    session.add(
        Rescreening(
            list_version_id=version.id,
            added=_count(kinds, ChangeKind.ADDED),
            removed=_count(kinds, ChangeKind.REMOVED),
            changed=_count(kinds, ChangeKind.CHANGED, ChangeKind.WEIGHED),
            noted_at=at,
        )
    )
    session.flush()
    _finish(session, {list_id})


def take(session: Session) -> list[Change]:
    """Take changed entries; nobody else gets them during the lease."""
    taken = [Change((row.list_id, row.entry_id), row.attempts + 1) for row in session.execute(
        whatever_is_due(session).with_for_update(skip_locked=True)
    )]  # fmt: skip
    _update(session, taken, next_try_at=now(session) + LEASE, attempts=EntryChange.attempts + 1)
    return taken


def whatever_is_due(session: Session) -> sa.Select[str, str, int]:
    """Name what is due, without taking it."""
    return (
        sa.select(EntryChange.list_id, EntryChange.entry_id, EntryChange.attempts)
        .where(EntryChange.next_try_at <= now(session))
        .order_by(EntryChange.next_try_at, EntryChange.list_id, EntryChange.entry_id)
        .limit(BATCH)
    )


def postpone(session: Session, taken: Sequence[Change]) -> None:
    """Try again later: what is needed is out of reach."""
    attempts = max(each.attempts for each in taken)
    _update(session, taken, next_try_at=now(session) + wait_after(attempts))


def release(session: Session, taken: Sequence[Change]) -> None:
    """Try again at once: another list came into force meanwhile."""
    _update(session, taken, next_try_at=now(session))


def settle(
    session: Session,
    taken: Iterable[Change],
    provider: LocalProvider,
    compared: Mapping[UUID, Compared],
    digests: Mapping[UUID, str],
) -> None:
    """Write what changed entries lead to; tell of every other outcome.

    provider: of the entries as they are in force. compared: what was found, by account. digests: of
    the names of all that were compared; a name that is another by now is compared in full, and so
    is a person whom that is still to happen to, a sweep's request aside.
    Needs the lists locked. Source: S17, S18.
    """
    entries = {each.entry for each in taken}
    lists = {list_id for list_id, _ in entries}
    _drop(session, entries)
    _finish(session, lists)
    rows = _lock_affected(session, entries, compared)
    stored = outcomes.found_before(session, [row.account_id for row in rows])
    used = {code.split(":")[0]: code for code in provider.codes}
    came_to: list[Outcome] = []
    stale: list[UUID] = []
    for row in rows:
        before, now_found = stored.get(row.account_id, []), compared.get(row.account_id)
        to_compare = now_found or any(each.entry in provider.people for each in before)
        if to_compare and digests.get(row.account_id) != row.name_digest:
            stale.append(row.account_id)
            continue
        found = [each for each in before if each.entry not in entries]
        found += now_found.answer.found if now_found else ()
        codes = _codes(session, row, lists, used)
        came_to.append(Outcome(row, row.name_digest or "", found, codes))
    outcomes.enter_runs(session, outcomes.write(session, came_to, stored))
    if stale:
        checks.ask_all(session, Occasion.LIST, Screening.account_id.in_(stale))


def _enter(session: Session, version: ListVersion, kinds: Mapping[str, ChangeKind]) -> None:
    entering = insert(session, EntryChange)
    afresh = ("kind", "list_version", "next_try_at", "attempts")
    rows = [
        {
            "list_id": version.list_id,
            "entry_id": entry_id,
            "kind": kind,
            "list_version": version.version,
            "next_try_at": now(session),
            "attempts": 0,
        }
        for entry_id, kind in sorted(kinds.items())
    ]
    if rows:
        session.execute(
            entering.on_conflict_do_update(
                index_elements=[EntryChange.list_id, EntryChange.entry_id],
                set_={name: entering.excluded[name] for name in afresh},
            ),
            rows,
        )


def _drop(session: Session, entries: Iterable[EntryId]) -> None:
    """Take changes off that are dealt with; of two workers at one list the second waits here."""
    lists = sorted({list_id for list_id, _ in entries})
    in_force = sa.select(ListVersion.id).where(
        ListVersion.list_id.in_(lists), ListVersion.in_force_to.is_(None)
    )
    noted = sa.select(Rescreening).where(Rescreening.list_version_id.in_(in_force))
    session.scalars(noted.order_by(Rescreening.list_version_id).with_for_update()).all()
    session.execute(sa.delete(EntryChange).where(_key().in_(list(entries))))


def _finish(session: Session, lists: Iterable[str]) -> None:
    """Note of versions in force that nothing of what they changed is left to be compared."""
    waiting = sa.select(EntryChange.list_id).where(EntryChange.list_id == ListVersion.list_id)
    dealt_with = sa.select(ListVersion.id).where(
        ListVersion.list_id.in_(list(lists)),
        ListVersion.in_force_to.is_(None),
        ~waiting.exists(),
    )
    session.execute(
        sa.update(Rescreening)
        .where(Rescreening.done_at.is_(None), Rescreening.list_version_id.in_(dealt_with))
        .values(done_at=now(session)),
        execution_options={"synchronize_session": False},
    )


def _lock_affected(
    session: Session, entries: Iterable[EntryId], compared: Mapping[UUID, Compared]
) -> Sequence[Screening]:
    """Lock the screenings that something was found for, or that matched one of the entries."""
    on_them = sa.tuple_(ScreeningMatch.list_id, ScreeningMatch.entry_id).in_(list(entries))
    matched = session.scalars(sa.select(ScreeningMatch.account_id).where(on_them))
    compared_in_full_anyway = sa.and_(
        Screening.next_try_at.is_not(None), Screening.occasion != Occasion.SWEEP
    )
    rows = sa.select(Screening).where(
        Screening.account_id.in_({*matched, *compared}),
        ~compared_in_full_anyway,
        coverage.wanted(),
    )
    return session.scalars(rows.order_by(Screening.account_id).with_for_update(of=Screening)).all()


def _codes(
    session: Session, row: Screening, lists: Iterable[str], used: Mapping[str, str]
) -> list[str]:
    held = {code.split(":")[0]: code for code in coverage.codes_held(session, row)}
    return [code for _, code in sorted({**held, **{each: used[each] for each in lists}}.items())]


def _count(kinds: Mapping[str, ChangeKind], *counted: ChangeKind) -> int:
    return sum(each in counted for each in kinds.values())


def _key() -> sa.Tuple:
    return sa.tuple_(EntryChange.list_id, EntryChange.entry_id)


def _update(session: Session, taken: Iterable[Change], **values: Any) -> None:
    session.execute(
        sa.update(EntryChange).where(_key().in_([each.entry for each in taken])).values(values),
        execution_options={"synchronize_session": False},
    )
