"""Decisions of compliance about what matched."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from screening.models import Decision, Screening, ScreeningMatch
from screening.rules.reviews import NothingToDecide, Reason
from screening.rules.states import Ruling


def record(
    session: Session, screening: Screening, ruling: Ruling, reason: Reason, by: UUID
) -> None:
    """Enter a decision about every present match of a locked screening.

    It holds for these entries and this name as they are. Raises NothingToDecide without a match.
    Source: S17.
    """
    theirs = ScreeningMatch.account_id == screening.account_id
    matches = session.scalars(sa.select(ScreeningMatch).where(theirs)).all()
    if not matches:
        raise NothingToDecide("The name is on no list in force.")
    for match in matches:
        session.add(
            Decision(
                account_id=screening.account_id,
                list_id=match.list_id,
                entry_id=match.entry_id,
                entry_fingerprint=match.entry_fingerprint,
                name_digest=screening.name_digest or "",
                outcome=ruling,
                reason=reason,
                decided_by=by,
                decided_at=now(session),
            )
        )
    screening.score = 0.0 if ruling is Ruling.CLEAR else max(each.score for each in matches)
