"""Lists in force and before, and which were used for whom (S20, S22)."""

from __future__ import annotations

import sqlalchemy as sa

from common.clock import now
from common.refusals import NotFound
from common.web import Page, authorise, page, reading, runtime
from screening import queries
from screening.models import ListVersion, Screening
from screening.routes.blueprint import bp
from screening.schemas.lists import ListsUsedQuery, ListsUsedView, ListVersionView


@bp.get("/lists")
@bp.arguments(Page, location="query")
@bp.response(200, ListVersionView(many=True))
def list_versions(asked):
    """List every version of every list with its period, the newest first (S22)."""
    with reading() as session:
        authorise(session, "list.list")
        found, headers = page(session, sa.select(ListVersion), ListVersion.id, asked)
    return found, 200, headers


@bp.get("/accounts/<uuid:account_id>/lists-used")
@bp.arguments(ListsUsedQuery, location="query")
@bp.response(200, ListsUsedView)
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
