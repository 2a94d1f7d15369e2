"""Erasures, for the data protection officer."""

from __future__ import annotations

import sqlalchemy as sa

from common.privacy.audit import audit_shown
from common.refusals import NotFound
from common.web import Page, authorise, page, principal, reading, runtime, transaction
from identity import erasure_plans, erasures
from identity.models import Account, ErasureRequest
from identity.routes.blueprint import bp
from identity.schemas.erasures import CertificateView, ErasureApproval, ErasurePlanView, ErasureView


@bp.post("/accounts/<uuid:account_id>/erasure-plans")
@bp.response(201, ErasurePlanView)
def plan_erasure(account_id):
    """Show what erasing a person would come to in all services; nothing is erased (S26)."""
    with transaction() as session:
        authorise(session, "erasure.plan", Account, account_id)
    told = erasure_plans.told_by_others(runtime(), account_id)
    with transaction() as session:
        account = authorise(session, "erasure.plan", Account, account_id)
        plan = erasure_plans.store(session, account, told, principal().account_id)
        return erasure_plans.shown(plan)


@bp.post("/accounts/<uuid:account_id>/erasure")
@bp.arguments(ErasureApproval)
@bp.response(202, ErasureView)
def begin_erasure(body, account_id):
    """Begin the erasure of a person whose account is over, as it was planned (S26)."""
    with transaction() as session:
        account = authorise(session, "account.erase", Account, account_id)
        plan = erasure_plans.approve(session, account, body["plan_id"], principal().account_id)
        request = erasures.begin(session, account, plan)
        return erasures.shown(session, request)


@bp.get("/erasures")
@bp.arguments(Page, location="query")
@bp.response(200, ErasureView(many=True))
def list_erasures(asked):
    """List erasures, the latest first."""
    with reading() as session:
        authorise(session, "erasure.read")
        found, headers = page(session, sa.select(ErasureRequest), ErasureRequest.id, asked)
        return [erasures.shown(session, each) for each in found], 200, headers


@bp.get("/erasures/<uuid:request_id>")
@bp.response(200, ErasureView)
def read_erasure(request_id):
    """Show an erasure: what each owner answered, and who has not (S26)."""
    with reading() as session:
        return erasures.shown(session, _asked_for(session, request_id))


@bp.get("/erasures/<uuid:request_id>/certificate")
@bp.response(200, CertificateView)
def read_certificate(request_id):
    """Give the certificate of an erasure, for `portalctl certificate verify` (S26)."""
    with reading() as session:
        return erasures.certificate(session, _asked_for(session, request_id))


def _asked_for(session, request_id):
    authorise(session, "erasure.read")
    request = session.get(ErasureRequest, request_id)
    if request is None:
        raise NotFound()
    audit_shown(session, [request])
    return request
