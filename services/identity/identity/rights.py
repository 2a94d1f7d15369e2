"""The desk for people's rights: received, answered in time, and followed by who asked (S2)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.messaging import wake_worker
from common.privacy.audit import audit
from common.privacy.deadlines import EXTENDED_WITHIN, due_on
from common.privacy.retention import day_of
from common.refusals import NotFound, next_state
from identity.links import digest
from identity.models import RightsRequest
from identity.rules.refusals import LinkNotValid
from identity.rules.rights import (
    EXTENDED_BECAUSE,
    REFUSED_BECAUSE,
    TRANSITIONS,
    ExtensionReason,
    RefusalGround,
    RequestState,
    RequestTrigger,
    Right,
    is_overdue,
    refuse_second_extension,
)

OPEN = RightsRequest.state == RequestState.OPEN


def receive(
    session: Session, account_id: UUID, right: Right, words: str | None, language: str
) -> RightsRequest:
    """Receive the request of somebody who has an account; its month begins now (art. 12(3))."""
    return _received(
        session, RequestState.OPEN, account_id=account_id, right=right, words=words,
        language=language,
    )  # fmt: skip


def receive_from_outside(session: Session, form: dict[str, Any]) -> None:
    """Receive a request of who has no account, or does not say; the mailed link confirms it.

    form: address, language, right, words. The same again, while it is unconfirmed, is one request.
    """
    waiting = sa.select(RightsRequest.id).where(
        RightsRequest.state == RequestState.UNCONFIRMED,
        sa.func.lower(RightsRequest.address) == form["address"].lower(),
        RightsRequest.right == form["right"],
    )
    if session.scalar(waiting.limit(1)) is None:
        _received(session, RequestState.UNCONFIRMED, account_id=None, **form)


def follow(session: Session, token: str) -> RightsRequest:
    """The request behind a mailed link; the first look confirms it. Raises LinkNotValid."""
    found = sa.select(RightsRequest).where(RightsRequest.token_hash == digest(token))
    request = session.scalars(found.with_for_update()).one_or_none()
    if request is None:
        raise LinkNotValid("It is too old, or a newer one was sent.")
    if request.state is RequestState.UNCONFIRMED:
        _step(session, request, RequestTrigger.CONFIRM)
        _tell(session, request)
    return request


def extend(session: Session, request: RightsRequest, reason: ExtensionReason, by: UUID) -> None:
    """Take two months more, once, and say why. request: locked. Raises ExtendedBefore, NotOpen."""
    refuse_second_extension(request.state, request.extended_at)
    request.extended_at, request.extension_reason = now(session), reason
    request.due_on, request.handled_by = due_on(request.received_at, EXTENDED_WITHIN), by
    audit(session, "rights-request.extend", request.id)
    _tell(session, request)


def answer(session: Session, request: RightsRequest, text: str, by: UUID) -> None:
    """Close a request with what was done. request: locked. Raises IllegalTransition."""
    _close(session, request, RequestTrigger.ANSWER)
    request.reply, request.handled_by = text, by
    _tell(session, request)


def refuse(
    session: Session, request: RightsRequest, ground: RefusalGround, text: str | None, by: UUID
) -> None:
    """Close a request that is not acted on, and say why. request: locked.

    Raises IllegalTransition. Source: art. 12(4) GDPR.
    """
    _close(session, request, RequestTrigger.REFUSE)
    request.refusal_ground, request.reply, request.handled_by = ground, text, by
    _tell(session, request)


def withdraw(session: Session, request_id: UUID, by: UUID) -> RightsRequest:
    """Take one's own request back; raises NotFound for anybody else's, IllegalTransition."""
    request = session.get(RightsRequest, request_id, with_for_update=True)
    if request is None or request.account_id != by:
        raise NotFound()
    _close(session, request, RequestTrigger.WITHDRAW)
    return request


def fulfil_erasure(session: Session, account_id: UUID) -> None:
    """The person is erased everywhere: that is the answer to who asked for it."""
    asked = sa.select(RightsRequest).where(
        OPEN, RightsRequest.account_id == account_id, RightsRequest.right == Right.ERASURE
    )
    for request in session.scalars(asked.with_for_update()).all():
        _close(session, request, RequestTrigger.ANSWER)


def overdue(session: Session) -> int:
    """How many requests should have been answered before today."""
    late = sa.select(sa.func.count()).where(OPEN, RightsRequest.due_on < day_of(now(session)))
    return session.scalar(late) or 0


def shown(session: Session, request: RightsRequest, language: str) -> dict[str, Any]:
    """A request as RightsRequestView shows it, to who made it and to the desk."""
    extended, refused = request.extension_reason, request.refusal_ground
    return {
        **{column.key: getattr(request, column.key) for column in RightsRequest.__table__.columns},
        "overdue": is_overdue(request.state, request.due_on, now(session)),
        "extended_because": extended and EXTENDED_BECAUSE[extended].say(language),
        "refused_because": refused and REFUSED_BECAUSE[refused].say(language),
    }


def _received(session: Session, state: RequestState, **facts: Any) -> RightsRequest:
    at = now(session)
    request = RightsRequest(
        **facts, state=state, received_at=at, due_on=due_on(at), attempts=0, version=1
    )
    session.add(request)
    session.flush()
    audit(session, "rights-request.receive", request.id)
    _tell(session, request)
    return request


def _step(session: Session, request: RightsRequest, trigger: RequestTrigger) -> None:
    request.state = next_state(TRANSITIONS, request.state, trigger)
    audit(session, f"rights-request.{trigger.value}", request.id)


def _close(session: Session, request: RightsRequest, trigger: RequestTrigger) -> None:
    _step(session, request, trigger)
    request.closed_at = now(session)


def _tell(session: Session, request: RightsRequest) -> None:
    """Have who asked told how the request stands now."""
    request.next_try_at, request.attempts = now(session), 0
    session.flush()
    wake_worker(session)
