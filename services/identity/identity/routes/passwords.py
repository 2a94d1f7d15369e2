"""The own password, changed by who is signed in."""

from __future__ import annotations

from uuid import UUID

from common.web import authorise, principal, reading, transaction, while_restricted
from identity import sign_ins
from identity.accounts import locked, set_password
from identity.models import Account
from identity.routes.blueprint import bp
from identity.routes.credentials import hashed, prove_oneself, refuse_replaced, words_of
from identity.schemas.sign_in import PasswordChange, Tokens


@bp.put("/accounts/me/password")
@while_restricted
@bp.arguments(PasswordChange)
@bp.response(200, Tokens)
def change_password(body):
    """Change one's own password; all other sign-ins end, and this one gets new tokens (S29)."""
    person = principal()
    with reading() as session:
        authorise(session, "password.change")
        words = words_of(session.get_one(Account, person.account_id))
    kept = prove_oneself(body["current_password"])
    password = hashed(body["password"], *words)
    with transaction() as session:
        account = locked(session, person.account_id)
        refuse_replaced(account, kept)
        set_password(session, account, password, but=UUID(person.session_id))
        return sign_ins.renew(session, account, UUID(person.session_id))
