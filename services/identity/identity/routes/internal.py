"""What other services ask for, each with a scope of its own."""

from __future__ import annotations

from common.privacy.audit import audit_bulk_read
from common.refusals import NotFound
from common.web import internal, reading, standing
from identity import queries
from identity.models import Account
from identity.routes.blueprint import bp
from identity.rules.states import STANDING
from identity.schemas.internal import (
    AccountIds,
    AccountsAsked,
    NamesAsked,
    PersonName,
    StandingPage,
    StandingView,
    next_after,
)


@bp.post("/internal/names")
@internal("names:read")
@bp.arguments(NamesAsked)
@bp.response(200, PersonName(many=True))
def tell_names(body):
    """Tell the names that are to be compared with the lists, and nothing else (S16)."""
    with reading() as session:
        found = queries.names(session, body["account_ids"])
        audit_bulk_read(session, "names:read", Account, len(found))
        return found


@bp.post("/internal/accounts")
@internal("accounts:read")
@bp.arguments(AccountsAsked, required=False)
@bp.response(200, AccountIds)
def list_screened_accounts(body):
    """List the accounts that are compared with every new list, page by page (S18)."""
    with reading() as session:
        ids = queries.screened_after(session, body["after"], body["limit"])
        audit_bulk_read(session, "accounts:read", Account, len(ids))
    return {"account_ids": ids, "next": next_after(ids, body["limit"])}


@bp.get("/internal/standing/<uuid:account_id>")
@internal("standing:read")
@bp.response(200, StandingView)
def tell_standing(account_id):
    """Tell whether an account may act, for who has not heard of it yet (S31)."""
    with reading() as session:
        account = session.get(Account, account_id)
    if account is None:
        raise NotFound()
    return {
        "organisation_id": account.organisation_id,
        "state": standing.held_back(STANDING[account.state], account.restricted_at is not None),
        "epoch": account.epoch,
    }


@bp.post("/internal/standings")
@internal("standings:read")
@bp.arguments(AccountsAsked, required=False)
@bp.response(200, StandingPage)
def tell_standings(body):
    """Tell how every account stands, for a service that came out of a backup (S31)."""
    with reading() as session:
        rows = standing.standings_after(session, body["after"], body["limit"])
        audit_bulk_read(session, "standings:read", Account, len(rows))
    return {"rows": rows, "next": next_after([each.account_id for each in rows], body["limit"])}
