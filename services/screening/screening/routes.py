"""HTTP of screening: for compliance and the data protection officer alone (S17, S22)."""

from __future__ import annotations

import sqlalchemy as sa

from common.clock import now
from common.privacy.audit import audit
from common.refusals import NotFound, next_state
from common.web import Blueprint, Page, authorise, page, principal, reading, runtime, transaction
from screening import checks, decisions, queries, schemas
from screening.models import ListVersion, Screening
from screening.rules import (
    TRANSITIONS,
    TRIGGER_OF,
    require_another,
    require_fitting_reason,
)

bp = Blueprint("screening", __name__)


@bp.get("/lists")
@bp.arguments(Page, location="query")
@bp.response(200, schemas.ListVersionView(many=True))
def list_versions(asked):
    """List every version of every list with its period, the newest first (S22)."""
    with reading() as session:
        authorise(session, "list.list")
        found, headers = page(session, sa.select(ListVersion), ListVersion.id, asked)
    return found, 200, headers


@bp.get("/screenings")
@bp.arguments(schemas.WorklistQuery, location="query")
@bp.response(200, schemas.ScreeningLine(many=True))
def list_screenings(asked):
    """List reviews and hits, the highest score first (S17)."""
    with reading() as session:
        authorise(session, "screening.list")
        found, headers = queries.worklist(session, asked)
    return found, 200, headers


@bp.get("/screenings/<uuid:account_id>")
@bp.response(200, schemas.ScreeningView)
def read_screening(account_id):
    """Show where a person's screening stands, what matched, and who decided what (S17)."""
    with reading() as session:
        screening = authorise(session, "screening.read", Screening, account_id)
        return queries.in_full(session, screening)


@bp.post("/screenings/<uuid:account_id>/decision")
@bp.arguments(schemas.NewDecision)
@bp.response(200, schemas.ScreeningView)
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


@bp.get("/accounts/<uuid:account_id>/lists-used")
@bp.arguments(schemas.ListsUsedQuery, location="query")
@bp.response(200, schemas.ListsUsedView)
def read_lists_used(asked, account_id):
    """Say which lists a name was compared with, as the person may ask (S20, S22)."""
    settings = runtime().settings
    with reading() as session:
        authorise(session, "screening.lists_used", Screening, account_id)
        answer = queries.lists_used(session, account_id, asked["at"] or now(session))
    if answer is None:
        raise NotFound("The name had not been compared by then.")
    return {
        **answer,
        "balancing_test": settings.lia_ref or None,
        "provider_contract": settings.provider_contract_ref or None,
    }
