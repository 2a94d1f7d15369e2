"""What matches a person's name: put in the place of what did, and told of where it matters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.events.catalogue import ScreeningCompleted, Verdict
from common.messaging import publish
from common.refusals import next_state
from screening import coverage
from screening.models import Decision, Screening, ScreeningMatch, ScreeningRun
from screening.rules.comparisons import EntryKey, Found, judge
from screening.rules.states import TRANSITIONS, Ruling, Status


@dataclass(frozen=True)
class Outcome:
    """All that matches one person's name by now, and with which lists it was compared."""

    row: Screening
    name_digest: str
    found: Collection[Found]
    list_versions: Sequence[str]


def write(
    session: Session, outcomes: Iterable[Outcome], stored: Mapping[UUID, Collection[Found]]
) -> list[Outcome]:
    """Put what matches locked screenings in the place of what did, and tell of another verdict.

    stored: what did, by account. Returns those of which anything changed; the others are untouched.
    """
    outcomes = list(outcomes)
    decided = rulings(session, [each.row.account_id for each in outcomes])
    changed = []
    for each in outcomes:
        row, former = each.row, stored.get(each.row.account_id, ())
        trigger, score = judge(each.found, decided.get((row.account_id, each.name_digest), {}))
        verdict = next_state(TRANSITIONS, row.verdict, trigger)
        now_so = verdict, score, each.name_digest
        if now_so == (row.verdict, row.score, row.name_digest) and set(each.found) == set(former):
            continue
        row.score, row.name_digest = score, each.name_digest
        row.checked_at, row.list_versions = now(session), list(each.list_versions)
        _replace_matches(session, row.account_id, former, each.found)
        move(session, row, verdict)
        changed.append(each)
    return changed


def enter_runs(session: Session, outcomes: Iterable[Outcome]) -> None:
    """Keep in the history with which lists somebody was compared, and what it came to (S22)."""
    session.add_all(
        ScreeningRun(
            account_id=each.row.account_id,
            at=now(session),
            list_versions=list(each.list_versions),
            verdict=each.row.verdict,
        )
        for each in outcomes
    )


def move(session: Session, screening: Screening, verdict: Status) -> None:
    """Take the verdict that a rule decided on, and say so if it is another one."""
    if verdict is screening.verdict:
        return
    screening.verdict, screening.verdict_at = verdict, now(session)
    publish(
        session,
        ScreeningCompleted(
            account_id=screening.account_id,
            verdict=Verdict(verdict.value),
            list_versions=tuple(coverage.codes_held(session, screening)),
        ),
    )


def found_before(session: Session, account_ids: Iterable[UUID]) -> dict[UUID, list[Found]]:
    """What matches accounts as it stands, by account."""
    found: dict[UUID, list[Found]] = {}
    columns = [getattr(ScreeningMatch, each.name) for each in fields(Found)]
    rows = sa.select(ScreeningMatch.account_id, *columns)
    for account_id, *facts in session.execute(
        rows.where(ScreeningMatch.account_id.in_(account_ids))
    ):
        found.setdefault(account_id, []).append(Found(*facts))
    return found


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


def _replace_matches(
    session: Session, account_id: UUID, former: Collection[Found], found: Collection[Found]
) -> None:
    if set(former) == set(found):
        return
    theirs = ScreeningMatch.account_id == account_id
    session.execute(sa.delete(ScreeningMatch).where(theirs))
    session.add_all(ScreeningMatch(account_id=account_id, **asdict(each)) for each in found)
