"""Ways back in, and another address (S37-S41)."""

from __future__ import annotations

from flask import Response

from common.privacy.audit import audit
from common.refusals import NotFound
from common.web import authorise, principal, public, transaction
from identity import links, mails, recovery
from identity.accounts import locked
from identity.models import Account, LinkPurpose, MailKind
from identity.routes.blueprint import bp
from identity.routes.credentials import origin, prove_oneself, refuse_replaced
from identity.rules.states import HIDDEN
from identity.schemas.recovery import NewAddress, RecoveryAsked
from identity.schemas.registration import Accepted
from identity.schemas.sign_in import Token


@bp.post("/passwords/recovery")
@public
@bp.arguments(RecoveryAsked)
@bp.response(202, Accepted)
def ask_for_password(body):
    """Ask for a link to set a new password; answer and work are the same for everybody (S38)."""
    with transaction() as session:
        recovery.ask(session, body["email"], origin().counted_as)
    return {"status": "accepted"}


@bp.post("/accounts/<uuid:account_id>/password-link")
@bp.response(202, Accepted)
def mail_password_link(account_id):
    """Have somebody mailed a link to set a new password; nobody else chooses or sees it (S39)."""
    with transaction() as session:
        account = authorise(session, "account.recover", Account, account_id)
        if account.state in HIDDEN:
            raise NotFound()
        audit(session, "account.recover", account.id)
        mails.write(session, account.id, MailKind.RECOVER)
    return {"status": "accepted"}


@bp.post("/accounts/me/address")
@bp.arguments(NewAddress)
@bp.response(202, Accepted)
def ask_for_address(body):
    """Have a link mailed to the address one wants to have; the answer says nothing of it (S30)."""
    with transaction() as session:
        authorise(session, "address.change")
    password = prove_oneself(body["current_password"])
    with transaction() as session:
        account = locked(session, principal().account_id)
        refuse_replaced(account, password)
        recovery.ask_for_change(session, account, body["email"])
    return {"status": "accepted"}


@bp.post("/accounts/address-confirmation")
@public
@bp.arguments(Token)
@bp.response(204)
def confirm_address(body):
    """Take the new address with the link mailed to it; everything signed in ends (S30)."""
    with transaction() as session:
        account = links.use(session, body["token"], LinkPurpose.CHANGE_ADDRESS)
        recovery.confirm_change(session, account)
    return Response(status=204)
