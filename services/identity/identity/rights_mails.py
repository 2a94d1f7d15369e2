"""Mails about requests: where they are followed, and never what they say."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.logs import log
from common.mail import MailRefused
from identity.invitations import postbox
from identity.letters.rights import LETTERS, letter_of, written
from identity.links import digest
from identity.models import Account, RightsRequest
from identity.rules.dates import MAIL_LEASE, wait_after_refused_mail
from identity.rules.states import HIDDEN

PAGE = "/request"


@dataclass(frozen=True)
class Claim:
    """A mail that this worker sends now. attempt: how often it was tried, this time included."""

    request_id: UUID
    attempt: int


def send_next(runtime: Any) -> int:
    """Send the news about the request that waits longest; its link is in the mail alone."""
    with runtime.reading() as session:
        due = session.scalar(_due(session))
    if due is None:
        return 0
    with runtime.transaction() as session:
        claim, message = _claimed(session, due)
    if claim is None:
        return 1
    try:
        if message is not None:
            runtime.resource(postbox).send(message)
    except MailRefused as error:
        _postpone(runtime, claim, str(error))
        return 1
    with runtime.transaction() as session:
        session.execute(_of(claim).values(next_try_at=None, attempts=0))
    return 1


def _due(session: Session) -> sa.Select[Any]:
    waiting = sa.select(RightsRequest.id).where(RightsRequest.next_try_at <= now(session))
    return waiting.order_by(RightsRequest.next_try_at).limit(1)


def _claimed(session: Session, request_id: UUID) -> tuple[Claim | None, EmailMessage | None]:
    """Take the news for a while; None when another worker has them, no mail when nobody can be."""
    waiting = _due(session).where(RightsRequest.id == request_id).with_for_update()
    if session.scalar(waiting) is None:
        return None, None
    request = session.get_one(RightsRequest, request_id, populate_existing=True)
    claim, token = Claim(request_id, request.attempts + 1), secrets.token_urlsafe(32)
    taken = {"attempts": claim.attempt, "next_try_at": now(session) + MAIL_LEASE}
    message = _message(session, request, token)
    if request.account_id is None:
        taken["token_hash"] = digest(token)
    session.execute(
        sa.update(RightsRequest).where(RightsRequest.id == request_id).values(**taken),
        execution_options={"synchronize_session": False},
    )
    return claim, message


def _message(session: Session, request: RightsRequest, token: str) -> EmailMessage | None:
    """The mail as it goes out; None for who is erased, or has nothing to be told."""
    settings, account = session.info["runtime"].settings, None
    if request.account_id is not None:
        account = session.get_one(Account, request.account_id)
        if account.state in HIDDEN:
            return None
    letter = letter_of(request.state, extended=request.extended_at is not None)
    if letter is None:
        return None
    portal = settings.public_url.rstrip("/")
    return written(
        settings,
        LETTERS[letter],
        address=str(account.email if account else request.address),
        language=request.language,
        link=portal if account else f"{portal}{PAGE}?token={token}",
        due_on=request.due_on,
        at=now(session),
    )


def _postpone(runtime: Any, claim: Claim, error: str) -> None:
    wait = wait_after_refused_mail(claim.attempt)
    report = log.warning if wait else log.error
    report(
        "mail about a request refused" if wait else "mail about a request given up",
        subject=str(claim.request_id),
        attempt=claim.attempt,
        error=error,
    )
    with runtime.transaction() as session:
        next_try_at = now(session) + wait if wait else None
        session.execute(_of(claim).values(next_try_at=next_try_at))


def _of(claim: Claim) -> Any:
    """The request, unless there is other news by now."""
    return (
        sa.update(RightsRequest)
        .where(RightsRequest.id == claim.request_id, RightsRequest.attempts == claim.attempt)
        .execution_options(synchronize_session=False)
    )
