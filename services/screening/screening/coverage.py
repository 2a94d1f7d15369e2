"""With which versions of lists a screening counts as compared (S22).

That is what its last comparison was made with, and of each list the newest version since of which
every change has been compared with everybody: an import writes no row of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.web.standing import AccountStanding, Standing
from screening.models import ListVersion, Rescreening, Screening


@dataclass(frozen=True)
class Held:
    """Versions that somebody counts as compared with, by list, and since when with all of them."""

    versions: list[ListVersion]
    since: datetime


def codes_held(session: Session, screening: Screening) -> list[str]:
    """Codes of the versions that a screening counts as compared with at present."""
    if screening.checked_at is None:
        return []
    codes = screening.list_versions
    held = held_at(session, codes, screening.checked_at, now(session))
    return [each.code for each in held.versions] or list(codes)


def held_at(session: Session, codes: Sequence[str], since: datetime, at: datetime) -> Held:
    """With what somebody counts as compared at an instant who was compared with these codes before.

    since: when that was. No versions for lists that an outside provider keeps.
    """
    code = ListVersion.list_id + ":" + ListVersion.version
    then = sa.select(ListVersion).where(code.in_(codes), ListVersion.in_force_from <= since)
    held = {each.list_id: each for each in session.scalars(then.order_by(ListVersion.id))}
    if not held:
        return Held([], since)
    later = (
        sa.select(ListVersion, Rescreening.done_at)
        .join(Rescreening)
        .where(Rescreening.done_at <= at, ListVersion.id > min(each.id for each in held.values()))
        .order_by(ListVersion.id)
    )
    for version, done_at in session.execute(later):
        if version.list_id not in held or version.id > held[version.list_id].id:
            held[version.list_id], since = version, max(since, done_at or since)
    return Held([held[list_id] for list_id in sorted(held)], since)


def is_complete(session: Session) -> bool:
    """Whether everybody has been compared with every change of the lists in force."""
    open_ones = (
        sa.select(ListVersion.id)
        .outerjoin(Rescreening)
        .where(ListVersion.in_force_to.is_(None), Rescreening.done_at.is_(None))
    )
    return session.scalar(open_ones.limit(1)) is None


def wanted() -> sa.ColumnElement[bool]:
    """Whether somebody is to be compared again: refused registrations are not (S18)."""
    gone = sa.select(AccountStanding.account_id).where(
        AccountStanding.account_id == Screening.account_id,
        AccountStanding.state.in_((Standing.REFUSED, Standing.ERASED)),
    )
    return ~gone.exists()
