"""Objection to advertising: stronger than any consent, by one click, surviving erasure (S69)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert
from common.events.catalogue import MarketingObjectionLifted, MarketingObjectionRecorded
from common.messaging import publish
from common.privacy.audit import audit
from identity.models import Account, AdvertisingObjection, ObjectionSurface
from identity.rules.refusals import LinkNotValid
from identity.rules.states import HIDDEN, State

PAGE = "/objection"
_ID, _DIGEST, _PROOF = 16, 32, 18
"""Bytes of a link's token: whose, of which address, and that we made it; no padding is needed."""


def record(session: Session, account: Account, surface: ObjectionSurface) -> None:
    """A person wants no advertising, from now on; a second time changes nothing (S69).

    account: its row, locked.
    """
    if _enter(session, _digest(session, account), account.id, surface):
        audit(session, "objection.raise", account.id)
        publish(session, MarketingObjectionRecorded(account_id=account.id))


def record_by_link(session: Session, token: str) -> None:
    """The holder of an address wants no advertising; nobody needs an account for that (S69).

    Raises LinkNotValid for a token that we did not make.
    """
    account_id, digest = _opened(session, token)
    account = session.get(Account, account_id, with_for_update=True, populate_existing=True)
    own = account is not None and account.state not in HIDDEN
    if account is not None and own and _digest(session, account) == digest:
        record(session, account, ObjectionSurface.LINK)
    else:
        _enter(session, digest, None, ObjectionSurface.LINK)


def lift(session: Session, account: Account) -> None:
    """A person objects no more. account: its row, locked."""
    gone = sa.delete(AdvertisingObjection).where(_of(session, account))
    if session.scalar(gone.returning(AdvertisingObjection.address_digest)):
        audit(session, "objection.lift", account.id)
        publish(session, MarketingObjectionLifted(account_id=account.id))


def follow(session: Session, account: Account) -> None:
    """The objection goes with a person to another address. account: with the new one, flushed."""
    before = sa.select(AdvertisingObjection).where(AdvertisingObjection.account_id == account.id)
    held = session.scalars(before.limit(1)).one_or_none()
    if held is not None:
        _enter(session, _digest(session, account), account.id, held.surface)


def of(session: Session, account: Account) -> AdvertisingObjection | None:
    """A person's objection, None where there is none."""
    return session.scalars(sa.select(AdvertisingObjection).where(_of(session, account))).first()


def open_to_advertising(session: Session, account_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these people who may be advertised to now, in the order of their ids (S68, S69).

    Active, the use of their data not restricted, and without objection, whatever they agreed to.
    """
    asked = sa.select(Account).where(
        Account.id.in_(account_ids),
        Account.state == State.ACTIVE,
        Account.restricted_at.is_(None),
    )
    digests = {_digest(session, each): each.id for each in session.scalars(asked)}
    objected = sa.select(AdvertisingObjection.address_digest).where(
        AdvertisingObjection.address_digest.in_(digests)
    )
    return sorted(digests[each] for each in digests.keys() - set(session.scalars(objected)))


def link(session: Session, account: Account) -> str:
    """Where a person objects without signing in; it is good for ever and for nothing else."""
    named = account.id.bytes + bytes.fromhex(_digest(session, account))
    token = base64.urlsafe_b64encode(named + _proof(session, named)).decode()
    return f"{session.info['runtime'].settings.public_url.rstrip('/')}{PAGE}/{token}"


def _of(session: Session, account: Account) -> Any:
    return AdvertisingObjection.address_digest == _digest(session, account)


def _enter(
    session: Session, digest: str, account_id: UUID | None, surface: ObjectionSurface
) -> bool:
    """Enter an objection; False where there is one."""
    entered = insert(session, AdvertisingObjection).values(
        address_digest=digest, account_id=account_id, objected_at=now(session), surface=surface
    )
    made = entered.on_conflict_do_nothing().returning(AdvertisingObjection.address_digest)
    return session.scalar(made) is not None


def _digest(session: Session, account: Account) -> str:
    keys = session.info["runtime"].keys
    digest: str = keys.digest("advertising objection", account.email_key.encode())
    return digest


def _proof(session: Session, named: bytes) -> bytes:
    keys = session.info["runtime"].keys
    return bytes.fromhex(keys.digest("advertising objection link", named))[:_PROOF]


def _opened(session: Session, token: str) -> tuple[UUID, str]:
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise LinkNotValid("It was not made by this portal.") from error
    named, proof = raw[: _ID + _DIGEST], raw[_ID + _DIGEST :]
    if len(raw) != _ID + _DIGEST + _PROOF or not hmac.compare_digest(proof, _proof(session, named)):
        raise LinkNotValid("It was not made by this portal.")
    return UUID(bytes=named[:_ID]), named[_ID:].hex()
