"""Invitations: by user managers for their own organisation, by staff for any customer."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from flask import Response, request
from sqlalchemy.orm import Session

from common.refusals import UnsupportedContent
from common.web import (
    authorise,
    idempotent,
    page,
    principal,
    public,
    reader_language,
    reading,
    transaction,
)
from common.web.forms import FormView, described
from identity import invitations, organisations, queries
from identity.models import Invitation, Organisation
from identity.retention import KEPT
from identity.routes.blueprint import bp
from identity.routes.credentials import hashed
from identity.schemas.invitations import (
    Acceptance,
    BulkQuery,
    InvitationQuery,
    InvitationView,
    NewInvitation,
    RowView,
    SentView,
    rows_of,
)

_CSV = {"text/csv": {"schema": {"type": "string"}, "example": "email,language\nanna@a.example,de"}}


@bp.post("/invitations")
@idempotent
@bp.arguments(NewInvitation)
@bp.response(202, SentView)
def invite(body):
    """Invite somebody; the answer is the same whether the address is known or not (S45, S46)."""
    with transaction() as session:
        person = authorise(session, "invitation.send")
        organisation = organisations.inviting(session, person, body["organisation_id"])
        return invitations.invite(session, organisation, [body], person.account_id)[0]


@bp.post("/invitations/bulk")
@idempotent
@bp.arguments(BulkQuery, location="query")
@bp.doc(requestBody={"required": True, "content": _CSV})
@bp.response(202, RowView(many=True))
def invite_many(asked):
    """Invite everybody in a CSV file; each row is answered, in its order (S46)."""
    with transaction() as session:
        person = authorise(session, "invitation.send")
        if request.mimetype != "text/csv":
            raise UnsupportedContent("Send text/csv.")
        rows = rows_of(request.get_data(cache=True))
        organisation = organisations.inviting(session, person, asked["organisation_id"])
        good = [each.invited for each in rows if each.invited is not None]
        sent = iter(invitations.invite(session, organisation, good, person.account_id))
        return [each.answered(next(sent).id if each.invited else None) for each in rows]


@bp.get("/invitations")
@bp.arguments(InvitationQuery, location="query")
@bp.response(200, InvitationView(many=True))
def list_invitations(asked):
    """List invitations: of one's own organisation, or for staff of all."""
    with reading() as session:
        person = authorise(session, "invitation.list")
        wanted = queries.invitations_for(person, asked["organisation_id"], asked["state"])
        found, headers = page(session, wanted, Invitation.id, asked)
        return found, 200, headers


@bp.post("/invitations/<uuid:invitation_id>/resend")
@bp.response(202, InvitationView)
def resend_invitation(invitation_id):
    """Send an invitation again: a new link for 30 more days, the old one is void (S48)."""
    with transaction() as session:
        organisation, invitation = _held(session, "invitation.resend", invitation_id)
        invitations.resend(session, organisation, invitation)
        return invitation


@bp.delete("/invitations/<uuid:invitation_id>")
@bp.response(204)
def withdraw_invitation(invitation_id):
    """Take an invitation back; its address is gone at once."""
    with transaction() as session:
        _, invitation = _held(session, "invitation.withdraw", invitation_id)
        invitations.withdraw(session, invitation)
    return Response(status=204)


@bp.get("/invitations/schema")
@public
@bp.response(200, FormView)
def describe_acceptance():
    """Say what an invited person enters, what is required, and what becomes of each (S5)."""
    language = reader_language()
    form = {"fields_": described(Acceptance(exclude=("token",)), KEPT, language)}
    return form, 200, {"Content-Language": language}


@bp.post("/invitations/acceptance")
@public
@bp.arguments(Acceptance)
@bp.response(204)
def accept_invitation(body):
    """Become an account with the mailed link, once; screening is still to come (S14, S47)."""
    token = body.pop("token")
    with reading() as session:
        address = invitations.find(session, token).email
    password = hashed(body.pop("password"), body["given_name"], body["family_name"], address)
    with transaction() as session:
        invitations.accept(session, token, body, password)
    return Response(status=204)


def _held(session: Session, action: str, invitation_id: UUID) -> tuple[Organisation, Invitation]:
    """The invitation, if the signed-in person may do this with it, and its organisation, locked."""
    of = sa.select(Invitation.organisation_id).where(Invitation.id == invitation_id)
    inviting = sa.select(Organisation).where(Organisation.id == of.scalar_subquery())
    organisation = session.scalars(inviting.with_for_update()).one_or_none()
    invitation: Invitation = authorise(session, action, Invitation, invitation_id)
    assert organisation is not None
    organisations.refuse_powerless(organisation, principal())
    return organisation, invitation
