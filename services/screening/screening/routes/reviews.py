"""Decisions of compliance: proposed, approved, taken (S17, art. 22)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from common.privacy.audit import audit
from common.web import authorise, principal, transaction
from screening import decisions, queries
from screening.models import Screening
from screening.routes.blueprint import bp
from screening.rules.reviews import require_another, require_fitting_reason
from screening.schemas.reviews import NewDecision
from screening.schemas.screenings import ScreeningView

_PROPOSED = "Proposed: it holds when a second person approves it."


@bp.post("/screenings/<uuid:account_id>/decision")
@bp.arguments(NewDecision)
@bp.response(200, ScreeningView, description="Decided.")
@bp.alt_response(202, schema=ScreeningView, description=_PROPOSED, success=True)
def decide(body, account_id):
    """Decide that a person is not, or is, the one on the lists; or propose it (S17, art. 22).

    One person clears a doubt and confirms a hit. To clear a hit, to confirm a doubt and to take a
    clearing back takes two: the answer is 202 with the proposal.
    """
    ruling, reason = body["outcome"], body["reason"]
    named = body["entries"] and {(each["list_id"], each["entry_id"]) for each in body["entries"]}
    with transaction() as session:
        screening, by = _about_another(session, "screening.decide", account_id)
        require_fitting_reason(ruling, reason)
        holds = decisions.decide(session, screening, ruling, reason, by, named)
        audit(session, f"screening.{ruling}" if holds else "screening.propose", account_id)
        return _shown(session, screening), 200 if holds else 202


@bp.post("/screenings/<uuid:account_id>/proposal/approval")
@bp.response(200, ScreeningView)
def approve_proposal(account_id):
    """Approve what a colleague proposed; then it holds (art. 22)."""
    with transaction() as session:
        screening, by = _about_another(session, "screening.approve", account_id)
        ruling = decisions.approve(session, screening, by)
        audit(session, f"screening.{ruling}", account_id)
        return _shown(session, screening)


@bp.delete("/screenings/<uuid:account_id>/proposal")
@bp.response(200, ScreeningView)
def withdraw_proposal(account_id):
    """Withdraw one's own proposal, or reject a colleague's."""
    with transaction() as session:
        screening, by = _about_another(session, "screening.approve", account_id)
        own = decisions.withdraw(session, screening) == by
        audit(session, "screening.withdraw" if own else "screening.reject", account_id)
        return _shown(session, screening)


def _about_another(session: Session, action: str, account_id: UUID) -> tuple[Screening, UUID]:
    """The locked screening and who acts, if this is not about themself."""
    screening = authorise(session, action, Screening, account_id)
    by = principal().account_id
    require_another(by, account_id)
    return screening, by


def _shown(session: Session, screening: Screening) -> dict[str, Any]:
    session.flush()
    return queries.in_full(session, screening)
