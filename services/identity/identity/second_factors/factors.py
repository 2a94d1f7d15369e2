"""Which second factors a person has, and what follows when that changes.

A change ends every other sign-in of the person and voids all access tokens (ASVS 7.4.3); the one
that made the change goes on with its refresh token.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.privacy.audit import audit
from identity import queries
from identity.accounts import end_sessions
from identity.mails import write
from identity.models import (
    SECOND_FACTORS,
    Account,
    AuthenticatorApp,
    MailKind,
    Organisation,
    Passkey,
    RecoveryCode,
)
from identity.rules.second_factors import Method, ResetReason, is_required, refuse_last


def app_of(session: Session, account_id: UUID, *, confirmed: bool) -> AuthenticatorApp | None:
    """A person's authenticator app, the one in use or the one that is not confirmed yet."""
    state = AuthenticatorApp.confirmed_at.is_not(None)
    found = sa.select(AuthenticatorApp).where(
        AuthenticatorApp.account_id == account_id, state if confirmed else sa.not_(state)
    )
    return session.scalars(found.execution_options(populate_existing=True)).one_or_none()


def passkeys_of(session: Session, account_id: UUID) -> list[Passkey]:
    """A person's passkeys, the oldest first."""
    found = sa.select(Passkey).where(Passkey.account_id == account_id)
    return list(session.scalars(found.order_by(Passkey.id)))


def methods(session: Session, account_id: UUID) -> list[Method]:
    """How a person can complete a sign-in; none without a second factor."""
    in_use = sa.and_(
        AuthenticatorApp.account_id == account_id, AuthenticatorApp.confirmed_at.is_not(None)
    )
    has_app, has_passkey, codes = session.execute(
        sa.select(
            sa.exists().where(in_use),
            sa.exists().where(Passkey.account_id == account_id),
            _unused_codes(account_id).scalar_subquery(),
        )
    ).one()
    ways = {Method.CODE: has_app, Method.PASSKEY: has_passkey}
    ways[Method.RECOVERY_CODE] = codes > 0 and (has_app or has_passkey)
    return [method for method, there in ways.items() if there]


def codes_left(session: Session, account_id: UUID) -> int:
    """How many recovery codes a person has not used."""
    return session.scalar(_unused_codes(account_id)) or 0


def must_have_one(session: Session, account: Account) -> bool:
    """Whether this person must have a second factor."""
    organisation = session.get(Organisation, account.organisation_id)
    return is_required(
        queries.roles_of(session, account),
        for_staff=session.info["runtime"].settings.second_factor_for_staff,
        by_organisation=organisation is not None and organisation.second_factor_required,
    )


def shown(session: Session, account: Account) -> dict[str, Any]:
    """What a person is shown of the own factors: no secret, no key."""
    app = app_of(session, account.id, confirmed=True)
    return {
        "authenticator_app": app,
        "passkeys": passkeys_of(session, account.id),
        "recovery_codes_left": codes_left(session, account.id),
        "required": must_have_one(session, account),
    }


def changed(session: Session, account: Account, what: str, keep: UUID | None) -> None:
    """The factors are others now: end other sign-ins, note it, tell the owner.

    account: its row, locked. keep: the sign-in that made the change and goes on.
    """
    end_sessions(session, account, but=keep)
    audit(session, f"second-factor.{what}", account.id)
    write(session, account.id, MailKind.SECOND_FACTOR_CHANGED)


def drop(
    session: Session, account: Account, factor: AuthenticatorApp | Passkey, keep: UUID
) -> None:
    """Remove one factor; raises SecondFactorNeeded. With the last one its recovery codes go."""
    session.delete(factor)
    session.flush()
    left = len(methods(session, account.id))
    refuse_last(left, must_have_one(session, account))
    if not left:
        session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    changed(session, account, "remove", keep)


def refuse_none(session: Session, account: Account) -> None:
    """Raise SecondFactorNeeded for somebody without a factor that recovery codes could replace."""
    refuse_last(len(methods(session, account.id)), required=True)


def reset(session: Session, account: Account, reason: ResetReason) -> None:
    """Remove all factors of somebody who lost them and proved who they are (ASVS 6.4.4)."""
    for model in SECOND_FACTORS:
        session.execute(sa.delete(model).where(model.account_id == account.id))
    changed(session, account, f"reset-{reason.value}", keep=None)


def require(session: Session, organisation: Organisation, required: bool) -> None:
    """Have the user managers of an organisation need a second factor, or not, from now on."""
    organisation.second_factor_required = required
    session.flush()
    audit(session, f"organisation.second-factor-{'on' if required else 'off'}", organisation.id)


def _unused_codes(account_id: UUID) -> sa.Select[Any]:
    return (
        sa.select(sa.func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    )
