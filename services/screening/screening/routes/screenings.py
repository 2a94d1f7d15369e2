"""The worklist of compliance, and one screening in full (S17)."""

from __future__ import annotations

from common.web import authorise, reading
from screening import queries
from screening.models import Screening
from screening.routes.blueprint import bp
from screening.schemas.screenings import ScreeningLine, ScreeningView, WorklistQuery


@bp.get("/screenings")
@bp.arguments(WorklistQuery, location="query")
@bp.response(200, ScreeningLine(many=True))
def list_screenings(asked):
    """List reviews and hits, the highest score first (S17)."""
    with reading() as session:
        authorise(session, "screening.list")
        found, headers = queries.worklist(session, asked)
    return found, 200, headers


@bp.get("/screenings/<uuid:account_id>")
@bp.response(200, ScreeningView)
def read_screening(account_id):
    """Show where a person's screening stands, what matched, and who decided what (S17)."""
    with reading() as session:
        screening = authorise(session, "screening.read", Screening, account_id)
        return queries.in_full(session, screening)
