"""Decisions of compliance (S17, art. 22)."""

from __future__ import annotations

from common.privacy.audit import audit
from common.refusals import next_state
from common.web import authorise, principal, transaction
from screening import checks, decisions, queries
from screening.models import Screening
from screening.routes.blueprint import bp
from screening.rules.reviews import require_another, require_fitting_reason
from screening.rules.states import TRANSITIONS, TRIGGER_OF
from screening.schemas.reviews import NewDecision
from screening.schemas.screenings import ScreeningView


@bp.post("/screenings/<uuid:account_id>/decision")
@bp.arguments(NewDecision)
@bp.response(200, ScreeningView)
def decide(body, account_id):
    """Decide that a person is not, or is, the one on the lists (S17, art. 22)."""
    ruling, reason = body["outcome"], body["reason"]
    with transaction() as session:
        screening = authorise(session, "screening.decide", Screening, account_id)
        require_another(principal().account_id, account_id)
        require_fitting_reason(ruling, reason)
        verdict = next_state(TRANSITIONS, screening.verdict, TRIGGER_OF[ruling])
        decisions.record(session, screening, ruling, reason, principal().account_id)
        checks.move(session, screening, verdict)
        audit(session, f"screening.{ruling}", account_id)
        session.flush()
        return queries.in_full(session, screening)
