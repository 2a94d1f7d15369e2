"""Legal holds, for the data protection officer."""

from __future__ import annotations

import sqlalchemy as sa

from common.web import authorise, idempotent, page, principal, reading, transaction
from identity import legal_holds
from identity.models import LegalHold
from identity.routes.blueprint import bp
from identity.schemas.legal_holds import LegalHoldsAsked, LegalHoldView, NewLegalHold, NewReview


@bp.post("/legal-holds")
@idempotent
@bp.arguments(NewLegalHold)
@bp.response(201, LegalHoldView)
def place_hold(body):
    """Place a legal hold; it blocks erasure and sweeps everywhere, and opens nothing to anybody."""
    with transaction() as session:
        person = authorise(session, "legal-hold.place")
        return legal_holds.place(session, body, person.account_id)


@bp.get("/legal-holds")
@bp.arguments(LegalHoldsAsked, location="query")
@bp.response(200, LegalHoldView(many=True))
def list_holds(asked):
    """List legal holds, the latest first."""
    with reading() as session:
        authorise(session, "legal-hold.read")
        rows = sa.select(LegalHold)
        if asked["state"]:
            standing = LegalHold.released_at.is_(None)
            rows = rows.where(standing if asked["state"] == "standing" else ~standing)
        found, headers = page(session, rows, LegalHold.id, asked)
    return found, 200, headers


@bp.get("/legal-holds/<uuid:hold_id>")
@bp.response(200, LegalHoldView)
def read_hold(hold_id):
    """Show a legal hold."""
    with reading() as session:
        return authorise(session, "legal-hold.read", LegalHold, hold_id)


@bp.patch("/legal-holds/<uuid:hold_id>")
@bp.arguments(NewReview)
@bp.response(200, LegalHoldView)
def postpone_review(body, hold_id):
    """Have somebody look at a hold again later."""
    with transaction() as session:
        hold = authorise(session, "legal-hold.review", LegalHold, hold_id)
        legal_holds.review(session, hold, body["review_on"])
        return hold


@bp.post("/legal-holds/<uuid:hold_id>/release")
@bp.response(200, LegalHoldView)
def release_hold(hold_id):
    """Release a legal hold; what it alone held back goes now."""
    with transaction() as session:
        hold = authorise(session, "legal-hold.release", LegalHold, hold_id)
        legal_holds.release(session, hold, principal().account_id)
        return hold
