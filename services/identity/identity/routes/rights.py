"""The desk for people's rights (S2, art. 12 and 15 to 22 GDPR)."""

from __future__ import annotations

import sqlalchemy as sa

from common.clock import now
from common.privacy.audit import audit_shown
from common.privacy.retention import day_of
from common.refusals import NotFound
from common.web import (
    Page,
    authorise,
    idempotent,
    page,
    principal,
    public,
    reader_language,
    reading,
    transaction,
    while_restricted,
)
from identity import recovery, rights
from identity.models import Account, RightsRequest
from identity.routes.blueprint import bp
from identity.routes.credentials import origin
from identity.rules.rights import RequestState
from identity.rules.states import HIDDEN
from identity.schemas.registration import Accepted
from identity.schemas.rights import (
    OVERDUE,
    Extension,
    NewRightsRequest,
    OutsideRequest,
    RightsRefusal,
    RightsReply,
    RightsRequestAtDesk,
    RightsRequestsAsked,
    RightsRequestView,
)
from identity.schemas.sign_in import Token


@bp.post("/accounts/me/rights-requests")
@while_restricted
@idempotent
@bp.arguments(NewRightsRequest)
@bp.response(201, RightsRequestView)
def make_request(body):
    """Ask for a right; it is answered within a month (S2, art. 12(3) GDPR)."""
    language = reader_language()
    with transaction() as session:
        person = authorise(session, "rights-request.make")
        request = rights.receive(session, person.account_id, **body, language=language)
        return rights.shown(session, request, language)


@bp.get("/accounts/me/rights-requests")
@while_restricted
@bp.arguments(Page, location="query")
@bp.response(200, RightsRequestView(many=True))
def list_own_requests(asked):
    """List what one asked for, the newest first, and how it stands (S2)."""
    language = reader_language()
    with reading() as session:
        person = authorise(session, "rights-request.see-own")
        own = sa.select(RightsRequest).where(RightsRequest.account_id == person.account_id)
        found, headers = page(session, own, RightsRequest.id, asked)
        return [rights.shown(session, each, language) for each in found], 200, headers


@bp.post("/accounts/me/rights-requests/<uuid:rights_request_id>/withdrawal")
@while_restricted
@bp.response(200, RightsRequestView)
def withdraw_request(rights_request_id):
    """Take back what one asked for (S2)."""
    with transaction() as session:
        person = authorise(session, "rights-request.withdraw")
        request = rights.withdraw(session, rights_request_id, person.account_id)
        session.flush()
        return rights.shown(session, request, reader_language())


@bp.post("/rights-requests/outside")
@public
@bp.arguments(OutsideRequest)
@bp.response(202, Accepted)
def make_request_from_outside(body):
    """Ask for a right without an account; the link that is mailed confirms it (S2)."""
    with transaction() as session:
        recovery.count(session, origin().counted_as)
        rights.receive_from_outside(session, body)
    return {"status": "accepted"}


@bp.post("/rights-requests/follow")
@public
@bp.arguments(Token)
@bp.response(200, RightsRequestView)
def follow_request(body):
    """Show the request of a mailed link; the first look confirms it (S2)."""
    with transaction() as session:
        request = rights.follow(session, body["token"])
        return rights.shown(session, request, reader_language())


@bp.post("/accounts/<uuid:account_id>/rights-requests")
@idempotent
@bp.arguments(NewRightsRequest)
@bp.response(201, RightsRequestAtDesk)
def enter_request(body, account_id):
    """Enter what somebody with an account asked for by letter or telephone (S2)."""
    with transaction() as session:
        account = authorise(session, "rights-request.enter", Account, account_id)
        if account.state in HIDDEN:
            raise NotFound()
        request = rights.receive(session, account.id, **body, language=account.language)
        return rights.shown(session, request, reader_language())


@bp.get("/rights-requests")
@bp.arguments(RightsRequestsAsked, location="query")
@bp.response(200, RightsRequestAtDesk(many=True))
def list_requests(asked):
    """List requests, the newest first; those in a state, or those that are overdue."""
    with reading() as session:
        authorise(session, "rights-request.list")
        rows = sa.select(RightsRequest)
        if asked["state"] == OVERDUE:
            rows = rows.where(rights.OPEN, RightsRequest.due_on < day_of(now(session)))
        elif asked["state"]:
            rows = rows.where(RightsRequest.state == RequestState(asked["state"]))
        found, headers = page(session, rows, RightsRequest.id, asked)
        audit_shown(session, found)
        return [rights.shown(session, each, reader_language()) for each in found], 200, headers


@bp.get("/rights-requests/<uuid:rights_request_id>")
@bp.response(200, RightsRequestAtDesk)
def read_request(rights_request_id):
    """Show a request."""
    with reading() as session:
        request = authorise(session, "rights-request.read", RightsRequest, rights_request_id)
        return rights.shown(session, request, reader_language())


@bp.post("/rights-requests/<uuid:rights_request_id>/extension")
@bp.arguments(Extension)
@bp.response(200, RightsRequestAtDesk)
def extend_request(body, rights_request_id):
    """Take two months more for a request, once, and say why (art. 12(3) GDPR)."""
    with transaction() as session:
        request = authorise(session, "rights-request.extend", RightsRequest, rights_request_id)
        rights.extend(session, request, body["reason"], principal().account_id)
        return rights.shown(session, request, reader_language())


@bp.post("/rights-requests/<uuid:rights_request_id>/reply")
@bp.arguments(RightsReply)
@bp.response(200, RightsRequestAtDesk)
def reply_to_request(body, rights_request_id):
    """Answer a request with what was done (art. 12(3) GDPR)."""
    with transaction() as session:
        request = authorise(session, "rights-request.reply", RightsRequest, rights_request_id)
        rights.answer(session, request, body["text"], principal().account_id)
        return rights.shown(session, request, reader_language())


@bp.post("/rights-requests/<uuid:rights_request_id>/refusal")
@bp.arguments(RightsRefusal)
@bp.response(200, RightsRequestAtDesk)
def refuse_request(body, rights_request_id):
    """Say why a request is not acted on (art. 12(4) GDPR)."""
    with transaction() as session:
        request = authorise(session, "rights-request.refuse", RightsRequest, rights_request_id)
        rights.refuse(session, request, body["ground"], body["text"], principal().account_id)
        return rights.shown(session, request, reader_language())
