"""Organisations: the customers whose people use the portal."""

from __future__ import annotations

import sqlalchemy as sa

from common.web import Page, authorise, idempotent, page, reading, transaction
from identity import organisations
from identity.models import Organisation, OrganisationKind
from identity.routes.blueprint import bp
from identity.schemas.accounts import NewOrganisation, OrganisationView


@bp.post("/organisations")
@idempotent
@bp.arguments(NewOrganisation)
@bp.response(201, OrganisationView)
def register_organisation(body):
    """Enter a customer that people can be assigned to."""
    with transaction() as session:
        authorise(session, "organisation.register")
        return organisations.enter(
            session, body["name"], body["country"], OrganisationKind.CUSTOMER
        )


@bp.get("/organisations")
@bp.arguments(Page, location="query")
@bp.response(200, OrganisationView(many=True))
def list_organisations(asked):
    """List organisations, for staff."""
    with reading() as session:
        authorise(session, "organisation.list")
        found, headers = page(session, sa.select(Organisation), Organisation.id, asked)
    return found, 200, headers


@bp.get("/organisations/<uuid:organisation_id>")
@bp.response(200, OrganisationView)
def read_organisation(organisation_id):
    """Show an organisation, to its own people or to staff."""
    with reading() as session:
        return authorise(session, "organisation.read", Organisation, organisation_id)


@bp.post("/organisations/<uuid:organisation_id>/end-of-relation")
@bp.response(200, OrganisationView)
def end_relation(organisation_id):
    """End the relation: its accounts are deactivated and its content goes everywhere (S55)."""
    with transaction() as session:
        organisation = authorise(session, "organisation.end", Organisation, organisation_id)
        organisations.end_relation(session, organisation)
        return organisation
