"""Objections: received, looked at by people, answered in time (art. 21(1), 22(3))."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.privacy.deadlines import due_on
from common.refusals import NotFound, next_state
from screening import decisions
from screening.models import Decision, Objection, Screening
from screening.rules.objections import (
    TRANSITIONS,
    AlreadyReceived,
    AnswerReason,
    Ground,
    ObjectionState,
    Outcome,
    require_fitting_answer,
    require_impartial,
    require_reviewed,
)
from screening.rules.reviews import require_another


def receive(
    session: Session, account_id: UUID, ground: Ground, by: UUID, balancing_test: str | None
) -> Objection:
    """Enter an objection; the month for the answer begins.

    by: the person, or who records it for somebody who cannot sign in. balancing_test: the present
    one. Raises NotFound for somebody never compared, AlreadyReceived while one on this ground is
    open.
    """
    if session.get(Screening, account_id, with_for_update=True) is None:
        raise NotFound()
    still_open = sa.select(Objection.id).where(
        Objection.account_id == account_id,
        Objection.ground == ground,
        Objection.state == ObjectionState.RECEIVED,
    )
    if session.scalar(still_open) is not None:
        raise AlreadyReceived("It is answered within a month of the day it came.")
    at = now(session)
    objection = Objection(
        account_id=account_id,
        ground=ground,
        received_at=at,
        received_by=by,
        due_on=due_on(at),
        balancing_test=balancing_test,
    )
    session.add(objection)
    session.flush()
    return objection


def answer(
    session: Session, objection: Objection, outcome: Outcome, reason: AnswerReason, by: UUID
) -> None:
    """Uphold or reject a locked objection, by somebody who has not decided about the person.

    Raises OwnScreening, NotImpartial, Invalid, ReviewFirst, IllegalTransition.
    """
    require_another(by, objection.account_id)
    require_impartial(by, _deciders(session, objection.account_id))
    require_fitting_answer(objection.ground, outcome, reason)
    screening = session.get_one(Screening, objection.account_id)
    found, decided = decisions.known(session, screening)
    undecided = any(each.key not in decided for each in found)
    require_reviewed(objection.ground, undecided=undecided)
    objection.state = next_state(TRANSITIONS, objection.state, outcome)
    objection.reason, objection.answered_by, objection.answered_at = reason, by, now(session)


def asks_for_people() -> sa.ColumnElement[bool]:
    """Whether the person has asked that people look at it (art. 22(3)): on screenings."""
    rows = sa.select(Objection.id).where(
        Objection.account_id == Screening.account_id,
        Objection.ground == Ground.ART_22_3,
        Objection.state == ObjectionState.RECEIVED,
    )
    return rows.exists()


def _deciders(session: Session, account_id: UUID) -> set[UUID]:
    rows = session.execute(
        sa.select(Decision.decided_by, Decision.proposed_by).where(
            Decision.account_id == account_id
        )
    )
    return {each for row in rows for each in row if each is not None}
