"""Restriction of the use of a person's data, by the data protection officer (art. 18 GDPR)."""

from __future__ import annotations

from common.refusals import NotFound
from common.web import authorise, transaction
from identity import queries, restriction
from identity.models import Account
from identity.routes.blueprint import bp
from identity.rules.states import HIDDEN
from identity.schemas.accounts import AccountView
from identity.schemas.restriction import Restriction


@bp.post("/accounts/<uuid:account_id>/restriction")
@bp.arguments(Restriction)
@bp.response(200, AccountView)
def restrict_account(body, account_id):
    """Have a person's data kept and used no more, in every service (art. 18(1) GDPR)."""
    with transaction() as session:
        account = _allowed(session, account_id)
        restriction.restrict(session, account, body["ground"])
        return queries.shown(session, [account])[0]


@bp.post("/accounts/<uuid:account_id>/restriction/end")
@bp.response(200, AccountView)
def end_restriction(account_id):
    """Tell the person that the restriction ends, and end it a week later (art. 18(3) GDPR)."""
    with transaction() as session:
        account = _allowed(session, account_id)
        restriction.announce_end(session, account)
        return queries.shown(session, [account])[0]


def _allowed(session, account_id):
    account = authorise(session, "account.restrict", Account, account_id)
    if account.state in HIDDEN:
        raise NotFound()
    return account
