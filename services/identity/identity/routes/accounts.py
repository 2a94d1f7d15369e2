"""Accounts: one's own, and what the office decides about others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from common.privacy.audit import audit
from common.refusals import NotFound
from common.web import Role, authorise, page, principal, reading, transaction, while_restricted
from identity import queries
from identity.accounts import change_state
from identity.models import Account
from identity.organisations import (
    decide_for,
    open_customer,
    refuse_closed,
    refuse_leaving_nobody,
    set_role,
)
from identity.routes.blueprint import bp
from identity.rules.access import refuse_own_decision
from identity.rules.organisations import organisation_meant, refuse_assigned
from identity.rules.states import HIDDEN, State, Trigger
from identity.schemas.accounts import (
    AccountQuery,
    AccountView,
    Approval,
    Assignment,
    Block,
    Refusal,
)
from identity.schemas.organisations import NewRole


@bp.get("/accounts/me")
@while_restricted
@bp.response(200, AccountView)
def read_own_account():
    """Show one's own account."""
    with reading() as session:
        account = _allowed(session, "account.read", principal().account_id)
        return queries.shown(session, [account])[0]


@bp.post("/accounts/me/deactivation")
@while_restricted
@bp.response(204)
def leave():
    """Close one's own account; it is erased within a year (S26)."""
    with transaction() as session:
        account = _allowed(session, "account.leave", principal().account_id)
        refuse_leaving_nobody(session, account)
        change_state(session, account, Trigger.DEACTIVATE)
    return Response(status=204)


@bp.get("/accounts")
@bp.arguments(AccountQuery, location="query")
@bp.response(200, AccountView(many=True))
def list_accounts(asked):
    """List accounts for the office, or a user manager's own; those in one state where asked."""
    with reading() as session:
        person = authorise(session, "account.list")
        state = State(asked["state"]) if asked["state"] else None
        found, headers = page(session, queries.visible(person, state), Account.id, asked)
        return queries.shown(session, found), 200, headers


@bp.get("/accounts/<uuid:account_id>")
@bp.response(200, AccountView)
def read_account(account_id):
    """Show an account, to its owner, its organisation's user manager or the office (S49)."""
    with reading() as session:
        account = _allowed(session, "account.read", account_id)
        return queries.shown(session, [account])[0]


@bp.post("/accounts/<uuid:account_id>/assignment")
@bp.arguments(Assignment)
@bp.response(200, AccountView)
def assign_account(body, account_id):
    """Say which customer an applicant belongs to; whoever may then decides about them (S8)."""
    with transaction() as session:
        account = _allowed(session, "account.assign", account_id)
        refuse_own_decision(account.id, principal().account_id)
        refuse_assigned(account.state, approved=account.approved_at is not None)
        account.organisation_id = open_customer(session, body["organisation_id"]).id
        session.flush()
        audit(session, "account.assign", account.id)
        return queries.shown(session, [account])[0]


@bp.post("/accounts/<uuid:account_id>/approval")
@bp.arguments(Approval, required=False)
@bp.response(200, AccountView)
def approve_account(body, account_id):
    """Release a screened account for a customer, or as its user manager for the own (S7, S51)."""
    with transaction() as session:
        account, person = _allowed(session, "account.approve", account_id), principal()
        refuse_own_decision(account.id, person.account_id)
        decide_for(session, person)
        manages = Role.USER_MANAGER in person.roles
        meant = organisation_meant(
            body["organisation_id"], account.organisation_id, only_known=manages
        )
        account.organisation_id = open_customer(session, meant).id
        account.approved_by = person.account_id
        return _changed(session, account, Trigger.APPROVE)


@bp.post("/accounts/<uuid:account_id>/refusal")
@bp.arguments(Refusal)
@bp.response(200, AccountView)
def refuse_account(body, account_id):
    """Turn a registration down; it is erased after 30 days (S51)."""
    with transaction() as session:
        account = _allowed(session, "account.refuse", account_id)
        refuse_own_decision(account.id, principal().account_id)
        decide_for(session, principal())
        account.refusal_reason = body["reason"]
        return _changed(session, account, Trigger.REFUSE)


@bp.post("/accounts/<uuid:account_id>/block")
@bp.arguments(Block)
@bp.response(200, AccountView)
def block_account(body, account_id):
    """Block an account; a block by screening is another ground and stays untouched."""
    with transaction() as session:
        account = _allowed(session, "account.block", account_id)
        account.block_reason = body["reason"]
        return _changed(session, account, Trigger.BLOCK)


@bp.post("/accounts/<uuid:account_id>/unblock")
@bp.response(200, AccountView)
def unblock_account(account_id):
    """Lift the block by staff; the account stays blocked while screening's stands."""
    with transaction() as session:
        account = _allowed(session, "account.unblock", account_id)
        return _changed(session, account, Trigger.UNBLOCK)


@bp.post("/accounts/<uuid:account_id>/deactivation")
@bp.response(200, AccountView)
def deactivate_account(account_id):
    """Close an account; its year until erasure begins (S26)."""
    with transaction() as session:
        account = _allowed(session, "account.deactivate", account_id)
        refuse_leaving_nobody(session, account)
        return _changed(session, account, Trigger.DEACTIVATE)


@bp.post("/accounts/<uuid:account_id>/reactivation")
@bp.response(200, AccountView)
def reactivate_account(account_id):
    """Open a closed account again, as far as its screening, approval and blocks permit (S26)."""
    with transaction() as session:
        account = _allowed(session, "account.reactivate", account_id)
        refuse_closed(session, account.organisation_id)
        return _changed(session, account, Trigger.REACTIVATE)


@bp.post("/accounts/<uuid:account_id>/role")
@bp.arguments(NewRole)
@bp.response(200, AccountView)
def change_role(body, account_id):
    """Make a member a user manager of the own organisation, or the other way round (S43)."""
    with transaction() as session:
        account = _allowed(session, "account.change-role", account_id)
        set_role(session, account, Role(body["role"]), principal())
        return queries.shown(session, [account])[0]


def _allowed(session: Session, action: str, account_id: UUID) -> Account:
    """The account, if the signed-in person may do this with it; nobody sees an erased one."""
    account: Account = authorise(session, action, Account, account_id)
    if account.state in HIDDEN:
        raise NotFound()
    return account


def _changed(session: Session, account: Account, trigger: Trigger) -> dict[str, Any]:
    change_state(session, account, trigger)
    return queries.shown(session, [account])[0]
