"""Organisations: the customers whose people use the portal."""

from __future__ import annotations

import sqlalchemy as sa

from common.web import Page, authorise, idempotent, page, principal, reading, transaction
from identity import organisations, queries
from identity.models import Account, Organisation, OrganisationKind
from identity.routes.blueprint import bp
from identity.schemas.accounts import AccountView, NewOrganisation, OrganisationView
from identity.schemas.organisations import UserManagement


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


@bp.get("/organisations/<uuid:organisation_id>/members")
@bp.arguments(Page, location="query")
@bp.response(200, AccountView(many=True))
def list_members(asked, organisation_id):
    """List an organisation's people, for its user manager or the office (S49, S50)."""
    with reading() as session:
        authorise(session, "organisation.list-members", Organisation, organisation_id)
        members = queries.visible(principal()).where(Account.organisation_id == organisation_id)
        found, headers = page(session, members, Account.id, asked)
        return queries.shown(session, found), 200, headers


@bp.post("/organisations/<uuid:organisation_id>/user-management")
@bp.arguments(UserManagement)
@bp.response(200, OrganisationView)
def enable_user_management(body, organisation_id):
    """Switch user management on, with the organisation's first user manager (S43, S44)."""
    with transaction() as session:
        first = session.get(Account, body["manager_account_id"], with_for_update=True)
        organisation = authorise(
            session, "organisation.switch-user-management", Organisation, organisation_id
        )
        organisations.enable_user_management(
            session, organisation, first, body["agreement_reference"], principal().account_id
        )
        return organisation


@bp.delete("/organisations/<uuid:organisation_id>/user-management")
@bp.response(200, OrganisationView)
def disable_user_management(organisation_id):
    """Switch user management off: its managers' power ends at once (S13, S44)."""
    with transaction() as session:
        organisations.locked_in_charge(session, organisation_id)
        organisation = authorise(
            session, "organisation.switch-user-management", Organisation, organisation_id
        )
        organisations.disable_user_management(session, organisation)
        return organisation
