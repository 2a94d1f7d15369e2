"""Sign-ins that are completed by a second factor, or by a passkey alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from identity import queries, sign_ins, throttles
from identity.models import Account, Outcome
from identity.rules.origins import Origin
from identity.second_factors import passkeys, pending
from identity.sign_ins import Tokens


def complete(session: Session, token: str, proof: dict[str, Any], origin: Origin) -> Tokens | None:
    """Sign somebody in whose password was right before; None when the second factor is not.

    Who calls commits either way: wrong tries count, for the pending sign-in, for the account and
    for the network. Raises SignInFailed, TooManyCodes, TooManyTries.
    """
    waiting, account = pending.open_one(session, token)
    counted = _counted(session, account, origin)
    proven = pending.prove(session, waiting, account, proof)
    if proven is None or not sign_ins.may_act(session, account):
        sign_ins.fail(session, account.id, _fault(proven is not None), origin, counted)
        return None
    tokens = sign_ins.open_session(session, account, origin, counted)
    codes = {"recovery_codes": proven.recovery_codes} if proven.recovery_codes else {}
    return {**tokens, **codes}


def by_passkey(session: Session, credential: dict[str, Any], origin: Origin) -> Tokens | None:
    """Sign in whose passkey this is; None when it is not right: its challenge is spent then too.

    Nobody guesses a signature: passkeys wait for nothing that others do to the account.
    """
    account, is_right = passkeys.owner(session, credential)
    if account is None:
        return None
    if not is_right or not sign_ins.may_act(session, account):
        sign_ins.fail(session, account.id, _fault(is_right), origin, {})
        return None
    return sign_ins.open_session(session, account, origin, {})


def _counted(session: Session, account: Account, origin: Origin) -> throttles.Counted:
    known = queries.claimed(session, account.email_key, origin.network).is_known_here
    return throttles.count(session, account.email_key, origin.counted_as, is_known_here=known)


def _fault(is_right: bool) -> Outcome:
    return Outcome.NOT_PERMITTED if is_right else Outcome.SECOND_FACTOR_FAILED
