"""Representatives: their contracts for staff, what they see, and who sees oneself (S23-S25)."""

from __future__ import annotations

import sqlalchemy as sa

from common.clock import now
from common.refusals import NotFound
from common.web import (
    Page,
    authorise,
    idempotent,
    page,
    principal,
    reading,
    transaction,
    while_restricted,
)
from identity import representatives
from identity.models import Account, Representation
from identity.routes.blueprint import bp
from identity.schemas.representatives import (
    NewEnd,
    NewRepresentation,
    RecipientView,
    RepresentationView,
    RepresentedAccountView,
)


@bp.post("/representations")
@idempotent
@bp.arguments(NewRepresentation)
@bp.response(201, RepresentationView)
def enter_representation(body):
    """Enter a contract with a representative; without one it sees nothing (S25)."""
    with transaction() as session:
        person = authorise(session, "representation.enter")
        return representatives.enter(session, body, person.account_id)


@bp.get("/representations")
@bp.arguments(Page, location="query")
@bp.response(200, RepresentationView(many=True))
def list_representations(asked):
    """List contracts with representatives, those that are over too (S23)."""
    with reading() as session:
        authorise(session, "representation.read")
        found, headers = page(session, sa.select(Representation), Representation.id, asked)
    return found, 200, headers


@bp.get("/representations/<uuid:representation_id>")
@bp.response(200, RepresentationView)
def read_representation(representation_id):
    """Show a contract with a representative."""
    with reading() as session:
        return authorise(session, "representation.read", Representation, representation_id)


@bp.patch("/representations/<uuid:representation_id>")
@bp.arguments(NewEnd)
@bp.response(200, RepresentationView)
def change_end(body, representation_id):
    """Let a contract end later or sooner; what is over stays over (S25)."""
    with transaction() as session:
        contract = authorise(session, "representation.end", Representation, representation_id)
        representatives.change_end(session, contract, body["valid_to"])
        return contract


@bp.post("/representations/<uuid:representation_id>/end")
@bp.response(200, RepresentationView)
def end_representation(representation_id):
    """End a contract at this instant, and the representative's access with it (S25)."""
    with transaction() as session:
        contract = authorise(session, "representation.end", Representation, representation_id)
        representatives.change_end(session, contract, None)
        return contract


@bp.get("/represented-accounts")
@bp.arguments(Page, location="query")
@bp.response(200, RepresentedAccountView(many=True))
def list_represented_accounts(asked):
    """List what people of the countries under contract entered; each read is noted (S24)."""
    with transaction() as session:
        person = authorise(session, "represented.read")
        seen = representatives.represented(person, now(session))
        found, headers = page(session, seen, Account.id, asked)
        representatives.note_reads(session, found)
        return found, 200, headers


@bp.get("/represented-accounts/<uuid:account_id>")
@bp.response(200, RepresentedAccountView)
def read_represented_account(account_id):
    """Show what a person of a country under contract entered; the read is noted (S24)."""
    with transaction() as session:
        person = authorise(session, "represented.read")
        seen = representatives.represented(person, now(session)).where(Account.id == account_id)
        account = session.scalars(seen).one_or_none()
        if account is None:
            raise NotFound()
        representatives.note_reads(session, [account])
        return account


@bp.get("/accounts/me/recipients")
@while_restricted
@bp.response(200, RecipientView(many=True))
def list_recipients():
    """List the companies that may see what one entered, and those that could (S24, art. 19)."""
    with reading() as session:
        account = authorise(session, "account.read", Account, principal().account_id)
        return representatives.recipients(session, account)
