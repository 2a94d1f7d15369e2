"""The erasure of one person by all owners: begun, asked for, collected, completed (S26)."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.db import insert, insert_for
from common.events.catalogue import (
    OWNERS_OF_PERSONAL_DATA,
    ErasureCompleted,
    ErasureRequested,
    PersonalDataErased,
)
from common.messaging import publish
from common.privacy import certificates
from common.privacy.audit import audit
from common.privacy.erasure import is_genuine
from identity import legal_holds, recipient_notices, rights
from identity.accounts import change_state, locked
from identity.models import (
    Account,
    ErasurePlan,
    ErasureRequest,
    HeldErasure,
    LegalHold,
    NoticedAct,
    ReceivedReceipt,
)
from identity.rules.legal_holds import refuse_held
from identity.rules.refusals import ErasureNotComplete
from identity.rules.states import HIDDEN, State, Trigger


class ReceiptForged(Exception):
    """A receipt was not signed by the service it says it comes from, or is about somebody else."""


def begin(session: Session, account: Account, plan: ErasurePlan | None = None) -> ErasureRequest:
    """Write the ledger row, hide the account and ask every owner to erase the person.

    account: its row, locked. plan: what was approved; None when its time was over.
    Raises IllegalTransition for an account that still lives, LegalHoldStands for one that must be
    kept.
    """
    refuse_held(legal_holds.on_account(session, account))
    change_state(session, account, Trigger.ERASE)
    recipient_notices.arise(session, account, NoticedAct.ERASED)
    return _request(session, account.id, plan)


def follow(session: Session, before: ErasureRequest) -> ErasureRequest:
    """Ask for what a hold kept, now that it stands no more. before: the request's row, locked."""
    request = _request(session, before.account_id)
    before.followed_by = request.id
    audit(session, "erasure.follow", before.account_id)
    return request


def next_released(session: Session) -> ErasureRequest | None:
    """A complete erasure, locked, in which something was kept for a hold that stands no more."""
    kept = (
        sa.select(ErasureRequest)
        .join(HeldErasure, HeldErasure.request_id == ErasureRequest.id)
        .join(LegalHold, LegalHold.id == HeldErasure.hold_id)
        .where(
            LegalHold.released_at.is_not(None),
            ErasureRequest.completed_at.is_not(None),
            ErasureRequest.followed_by.is_(None),
        )
    )
    one = kept.order_by(ErasureRequest.id).limit(1)
    return session.scalars(one.with_for_update(of=ErasureRequest, skip_locked=True)).one_or_none()


def _request(session: Session, account_id: UUID, plan: ErasurePlan | None = None) -> ErasureRequest:
    request = ErasureRequest(
        account_id=account_id, requested_at=now(session), plan_id=plan and plan.id
    )
    session.add(request)
    ask(session, request)
    return request


def know(session: Session, event: ErasureRequested) -> bool:
    """Enter a request that this database forgot when it came out of a backup (S26).

    False for somebody it never knew or knows no more: nothing can be erased here.
    """
    if session.get(ErasureRequest, event.request_id) is not None:
        return True
    account = session.get(Account, event.account_id, with_for_update=True)
    if account is None:
        return False
    if account.state not in HIDDEN:
        change_state(session, account, Trigger.ERASE_AGAIN)
    request = ErasureRequest(id=event.request_id, account_id=account.id, requested_at=now(session))
    session.add(request)
    ask(session, request)
    return True


def ask(session: Session, request: ErasureRequest) -> None:
    """Ask every owner; who has answered already answers the same."""
    request.asked_at = now(session)
    session.flush()
    publish(session, ErasureRequested(account_id=request.account_id, request_id=request.id))


def collect(session: Session, owner: str, event: PersonalDataErased) -> None:
    """Keep an owner's receipt; the last one completes the erasure.

    The request's row is locked first, so that of two last receipts one sees the other.
    """
    connection, asked = session.connection(), {"request_id": event.request_id}
    account_id, requested_at, completed_at = connection.execute(_LOCKED, asked).one()
    keys = session.info["runtime"].keys
    if event.account_id != account_id or not is_genuine(keys, owner, event):
        raise ReceiptForged(owner)
    keep(session, owner, event)
    late = event.erased_at < requested_at.replace(microsecond=0)  # entered after a restore
    done = completed_at is None and not missing(session, event.request_id)
    if late or done:
        request = session.get_one(ErasureRequest, event.request_id, populate_existing=True)
        if late:
            request.requested_at = event.erased_at
        if done:
            complete(session, request)


_LOCKED = (
    sa.select(ErasureRequest.account_id, ErasureRequest.requested_at, ErasureRequest.completed_at)
    .where(ErasureRequest.id == sa.bindparam("request_id"))
    .with_for_update()
)
_CAME = sa.select(ReceivedReceipt.owner).where(
    ReceivedReceipt.request_id == sa.bindparam("request_id")
)


def keep(session: Session, owner: str, event: PersonalDataErased) -> None:
    """Store a verified receipt, the first one of each owner, and the holds it names."""
    connection = session.connection()
    connection.execute(
        _storing(connection.dialect.name),
        {
            "request_id": event.request_id,
            "owner": owner,
            "received_at": now(session),
            "receipt": msgspec.to_builtins(event),
        },
    )
    for hold_id in event.holds:
        named = {"request_id": event.request_id, "hold_id": hold_id}
        session.execute(insert(session, HeldErasure).values(named).on_conflict_do_nothing())


@cache
def _storing(dialect: str) -> Any:
    return insert_for(dialect, ReceivedReceipt.__table__).on_conflict_do_nothing()


def missing(session: Session, request_id: UUID) -> list[str]:
    """Owners whose receipt has not come."""
    came = session.connection().execute(_CAME, {"request_id": request_id})
    return sorted(set(OWNERS_OF_PERSONAL_DATA) - set(came.scalars()))


def complete(session: Session, request: ErasureRequest) -> None:
    """All receipts are in: the account is a tombstone, and everybody is told."""
    account = locked(session, request.account_id)
    if account.state is State.ERASING:
        change_state(session, account, Trigger.COMPLETE)
    request.completed_at = now(session)
    audit(session, "erasure.complete", request.account_id)
    rights.fulfil_erasure(session, request.account_id)
    publish(session, ErasureCompleted(account_id=request.account_id, request_id=request.id))


def overdue(session: Session) -> int:
    """How many erasures wait for a receipt that is late."""
    late = sa.select(sa.func.count()).where(
        ErasureRequest.completed_at.is_(None), ErasureRequest.overdue_at.is_not(None)
    )
    return session.scalar(late) or 0


def certificate(session: Session, request: ErasureRequest) -> dict[str, Any]:
    """The certificate of an erasure; raises ErasureNotComplete while an owner's receipt is missing.

    Source: S26.
    """
    if request.completed_at is None:
        waiting = ", ".join(missing(session, request.id)) or "the last step"
        raise ErasureNotComplete(f"It waits for {waiting}.")
    came = sa.select(ReceivedReceipt).where(ReceivedReceipt.request_id == request.id)
    return certificates.certify(
        session.info["runtime"].keys,
        request_id=request.id,
        account_id=request.account_id,
        requested_at=request.requested_at,
        completed_at=request.completed_at,
        receipts={each.owner: each.receipt for each in session.scalars(came)},
    )


def shown(session: Session, request: ErasureRequest) -> dict[str, Any]:
    """An erasure as ErasureView shows it."""
    receipts = sa.select(ReceivedReceipt).where(ReceivedReceipt.request_id == request.id)
    held = sa.select(HeldErasure.hold_id).where(HeldErasure.request_id == request.id)
    late = "overdue" if request.overdue_at else "requested"
    return {
        "id": request.id,
        "account_id": request.account_id,
        "state": "completed" if request.completed_at else late,
        "requested_at": request.requested_at,
        "completed_at": request.completed_at,
        "missing": missing(session, request.id),
        "held_by": session.scalars(held.order_by(HeldErasure.hold_id)).all(),
        "plan_id": request.plan_id,
        "followed_by": request.followed_by,
        "receipts": session.scalars(receipts.order_by(ReceivedReceipt.owner)).all(),
    }
