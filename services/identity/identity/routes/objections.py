"""Objection to advertising: by its person, by a link without signing in, or told to staff."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from common.privacy.audit import audit_bulk_read
from common.refusals import NotFound
from common.web import (
    authorise,
    internal,
    principal,
    public,
    reading,
    transaction,
    while_restricted,
)
from identity import objections
from identity.accounts import locked
from identity.models import Account, ObjectionSurface
from identity.routes.blueprint import bp
from identity.rules.states import HIDDEN
from identity.schemas.objections import AdvertisingView, Audience, AudienceAsked
from identity.schemas.sign_in import Token


@bp.get("/accounts/me/advertising-objection")
@while_restricted
@bp.response(200, AdvertisingView)
def read_objection():
    """Show whether one objected to advertising (S69)."""
    with reading() as session:
        account = authorise(session, "objection.read", Account, principal().account_id)
        return _shown(session, account)


@bp.put("/accounts/me/advertising-objection")
@while_restricted
@bp.response(200, AdvertisingView)
def raise_objection():
    """Object to advertising; it counts from now on, whatever was agreed to (S69)."""
    with transaction() as session:
        authorise(session, "objection.raise")
        account = locked(session, principal().account_id)
        objections.record(session, account, ObjectionSurface.ACCOUNT)
        return _shown(session, account)


@bp.delete("/accounts/me/advertising-objection")
@bp.response(204)
def lift_objection():
    """Take one's objection to advertising back (S69)."""
    with transaction() as session:
        authorise(session, "objection.lift")
        objections.lift(session, locked(session, principal().account_id))
    return Response(status=204)


@bp.put("/accounts/<uuid:account_id>/advertising-objection")
@bp.response(204)
def enter_objection(account_id):
    """Enter the objection of somebody who wrote or called (S69)."""
    with transaction() as session:
        account = authorise(session, "objection.enter", Account, account_id)
        if account.state in HIDDEN:
            raise NotFound()
        objections.record(session, account, ObjectionSurface.STAFF)
    return Response(status=204)


@bp.post("/advertising-objections")
@public
@bp.arguments(Token)
@bp.response(204)
def raise_objection_by_link(body):
    """Object to advertising with the link of a mail, without signing in (S69)."""
    with transaction() as session:
        objections.record_by_link(session, body["token"])
    return Response(status=204)


@bp.post("/internal/advertising")
@internal("advertising:read")
@bp.arguments(AudienceAsked)
@bp.response(200, Audience)
def tell_audience(body):
    """Tell who of these people may be advertised to; asked right before anything is sent (S69)."""
    with reading() as session:
        found = objections.open_to_advertising(session, body["account_ids"])
        audit_bulk_read(session, "advertising:read", Account, len(found))
    return {"account_ids": found}


def _shown(session: Session, account: Account) -> dict[str, Any]:
    found = objections.of(session, account)
    return {
        "objected": found is not None,
        "objected_at": found and found.objected_at,
        "surface": found and found.surface,
    }
