"""Objections: one's own, and what the office records and answers (art. 21(1), 22(3))."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.privacy.audit import audit
from common.web import (
    Page,
    authorise,
    idempotent,
    page,
    principal,
    reading,
    runtime,
    transaction,
    while_restricted,
)
from screening import objections, queries
from screening.models import Objection, Screening
from screening.routes.blueprint import bp
from screening.rules.objections import Ground
from screening.schemas.objections import NewAnswer, NewObjection, ObjectionInFull, ObjectionView


@bp.post("/objections")
@while_restricted
@idempotent
@bp.arguments(NewObjection)
@bp.response(201, ObjectionView)
def enter_objection(body):
    """Object to being compared, or ask that people look at a block; of oneself (S17)."""
    with transaction() as session:
        person = authorise(session, "objection.raise")
        return _received(session, person.account_id, body["ground"])


@bp.get("/objections")
@while_restricted
@bp.arguments(Page, location="query")
@bp.response(200, ObjectionView(many=True))
def list_own_objections(asked):
    """List one's own objections, the newest first."""
    with reading() as session:
        person = authorise(session, "objection.raise")
        theirs = sa.select(Objection).where(Objection.account_id == person.account_id)
        found, headers = page(session, theirs, Objection.id, asked)
    return found, 200, headers


@bp.post("/accounts/<uuid:account_id>/objections")
@idempotent
@bp.arguments(NewObjection)
@bp.response(201, ObjectionInFull)
def record_objection(body, account_id):
    """Record an objection for somebody who cannot sign in."""
    with transaction() as session:
        authorise(session, "objection.record", Screening, account_id)
        return queries.with_time_left(session, _received(session, account_id, body["ground"]))


@bp.get("/objections/open")
@bp.arguments(Page, location="query")
@bp.response(200, ObjectionInFull(many=True))
def list_open_objections(asked):
    """List all objections that wait for an answer, those due first at the top."""
    with reading() as session:
        authorise(session, "objection.list")
        found, headers = queries.open_objections(session, asked)
        return [queries.with_time_left(session, each) for each in found], 200, headers


@bp.get("/objections/<uuid:objection_id>")
@bp.response(200, ObjectionInFull)
def read_objection(objection_id):
    """Show an objection."""
    with reading() as session:
        objection = authorise(session, "objection.read", Objection, objection_id)
        return queries.with_time_left(session, objection)


@bp.post("/objections/<uuid:objection_id>/answer")
@bp.arguments(NewAnswer)
@bp.response(200, ObjectionInFull)
def answer_objection(body, objection_id):
    """Uphold or reject an objection; not one's own, nor one to what one decided (art. 22(3))."""
    with transaction() as session:
        objection = authorise(session, "objection.answer", Objection, objection_id)
        by = principal().account_id
        objections.answer(session, objection, body["outcome"], body["reason"], by)
        audit(session, f"objection.{body['outcome']}", objection.account_id)
        session.flush()
        return queries.with_time_left(session, objection)


def _received(session: Session, account_id: UUID, ground: Ground) -> Objection:
    test = runtime().settings.lia_ref or None
    received = objections.receive(session, account_id, ground, principal().account_id, test)
    audit(session, "objection.receive", account_id)
    return received
