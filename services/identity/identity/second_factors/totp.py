"""Codes of an authenticator app (RFC 6238): the secret is shown once and sealed at rest."""

from __future__ import annotations

from typing import Any

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from identity.models import Account, AuthenticatorApp
from identity.rules.second_factors import refuse_early, step_of
from identity.sealing import Sealed, Seals
from identity.second_factors.factors import app_of


def prepare(session: Session, account: Account) -> dict[str, Any]:
    """Make a secret for an app that is to be confirmed; one prepared before is void.

    account: its row, locked.
    """
    session.execute(
        sa.delete(AuthenticatorApp).where(
            AuthenticatorApp.account_id == account.id, AuthenticatorApp.confirmed_at.is_(None)
        )
    )
    secret = pyotp.random_base32()
    sealed = _seals(session).seal(secret, str(account.id))
    session.add(
        AuthenticatorApp(
            account_id=account.id,
            sealed_secret=sealed.text,
            pepper_id=sealed.pepper_id,
            created_at=now(session),
        )
    )
    issuer = session.info["runtime"].settings.operator_name
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=issuer)
    return {"secret": secret, "uri": uri}


def confirm(session: Session, account: Account, code: str) -> bool:
    """Whether the prepared app makes this code: it is the one in use then, instead of another."""
    app = app_of(session, account.id, confirmed=False)
    if app is None or not _take(session, app, code):
        return False
    former = app_of(session, account.id, confirmed=True)
    if former is not None:
        session.delete(former)
    app.confirmed_at = now(session)
    session.flush()
    return True


def use(session: Session, account: Account, code: str) -> bool:
    """Whether the app in use makes this code now and it was not used; raises TooManyCodes.

    account: its row, locked. Wrong codes are counted: who calls commits although it was wrong.
    """
    app = app_of(session, account.id, confirmed=True)
    return app is not None and _take(session, app, code)


def _take(session: Session, app: AuthenticatorApp, code: str) -> bool:
    at, sealed = now(session), Sealed(app.sealed_secret, app.pepper_id)
    refuse_early(app.wrong_codes, app.last_wrong_at, at)
    secret = _seals(session).open(sealed, str(app.account_id))
    step = step_of(secret, code, at, app.last_step)
    if step is None:
        app.wrong_codes, app.last_wrong_at = app.wrong_codes + 1, at
        return False
    app.last_step, app.last_used_at = step, at
    app.wrong_codes, app.last_wrong_at = 0, None
    if _seals(session).is_outdated(sealed):
        afresh = _seals(session).seal(secret, str(app.account_id))
        app.sealed_secret, app.pepper_id = afresh.text, afresh.pepper_id
    return True


def _seals(session: Session) -> Seals:
    seals: Seals = session.info["runtime"].resource(Seals)
    return seals
