"""Mails of invitations that go out, and invitations that nobody used and that go (S46-S48)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.events.catalogue import InvitationSent
from common.logs import log
from common.mail import MailRefused
from common.messaging import publish
from identity import mails, notices
from identity.invitations import PAGE, expire, postbox
from identity.letters.invitations import invitation as written
from identity.links import digest
from identity.models import Account, Invitation, MailKind, Organisation
from identity.rules.dates import MAIL_LEASE, QUIET, wait_after_refused_mail
from identity.rules.invitations import InvitationState, expiry_of
from identity.rules.states import HIDDEN, State


@dataclass(frozen=True)
class Claim:
    """An invitation that this worker sends now, known by the hash of the link it made for it."""

    invitation_id: UUID
    token_hash: str
    attempt: int
    at: datetime


def send_next(runtime: Any) -> int:
    """Send the invitation that waits longest; its link exists nowhere but in the mail."""
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
        stands = _note_sent(session, claim)
    if message is not None and not stands:
        runtime.resource(postbox).forget(message["To"].addresses[0].addr_spec)
    return 1


def expire_next(runtime: Any) -> int:
    """Erase an invitation whose 30 days are over (S48)."""
    over = sa.select(Invitation).where(Invitation.state == InvitationState.SENT)
    over = over.order_by(Invitation.expires_at).limit(1)
    with runtime.transaction() as session:
        late = over.where(Invitation.expires_at <= now(session)).with_for_update(skip_locked=True)
        invitation = session.scalars(late).one_or_none()
        if invitation is None:
            return 0
        expire(session, invitation)
    return 1


def _due(session: Session) -> sa.Select[Any]:
    """Invitations whose mail may go out now, the one that waits longest first."""
    at = now(session)
    waiting = sa.select(Invitation.id).where(
        Invitation.next_try_at <= at,
        Invitation.state == InvitationState.SENT,
        Invitation.expires_at > at,
    )
    return waiting.order_by(Invitation.next_try_at).limit(1)


def _claimed(session: Session, invitation_id: UUID) -> tuple[Claim | None, EmailMessage | None]:
    """Take an invitation for a while, with a link of its own; None when another worker has it.

    The earlier link is void from now on.
    """
    due = _due(session).where(Invitation.id == invitation_id).with_for_update()
    if session.scalar(due) is None:
        return None, None
    invitation = session.get_one(Invitation, invitation_id, populate_existing=True)
    token, at = secrets.token_urlsafe(32), now(session)
    claim = Claim(invitation_id, digest(token), invitation.attempts + 1, at)
    this = (
        sa.update(Invitation)
        .where(Invitation.id == invitation_id)
        .values(token_hash=claim.token_hash, attempts=claim.attempt, next_try_at=at + MAIL_LEASE)
    )
    session.execute(this, execution_options={"synchronize_session": False})
    return claim, _message(session, invitation, token)


def _message(session: Session, invitation: Invitation, token: str) -> EmailMessage | None:
    """The mail as it goes out; None for who has an account and is told so instead (S46).

    Then the link that was made leads nowhere: it is in no mail.
    """
    of_address = sa.select(Account).where(Account.email_key == invitation.email_key)
    account = session.scalars(of_address).one_or_none()
    if account is not None and account.state is not State.REGISTERED:
        if account.state not in HIDDEN:
            mails.write(session, account.id, MailKind.ALREADY_REGISTERED, at_most_every=QUIET)
        return None
    settings = session.info["runtime"].settings
    assert invitation.email is not None
    assert invitation.language is not None
    return written(
        settings,
        address=invitation.email,
        language=invitation.language,
        organisation=session.get_one(Organisation, invitation.organisation_id).name,
        notice=notices.in_force(session, None).version,
        link=f"{settings.public_url.rstrip('/')}{PAGE}?token={token}",
        at=now(session),
    )


def _note_sent(session: Session, claim: Claim) -> bool:
    """Its 30 days run from the instant before it went; False for one ended or resent meanwhile."""
    gone = _of(claim).values(
        sent_at=claim.at, expires_at=expiry_of(claim.at), next_try_at=None, attempts=0
    )
    organisation_id = session.scalar(gone.returning(Invitation.organisation_id))
    if organisation_id is not None:
        publish(
            session,
            InvitationSent(invitation_id=claim.invitation_id, organisation_id=organisation_id),
        )
    return organisation_id is not None


def _postpone(runtime: Any, claim: Claim, error: str) -> None:
    """Try again later; given up, it waits for a new sending or its end."""
    wait = wait_after_refused_mail(claim.attempt)
    log.warning(
        "invitation refused" if wait else "invitation given up",
        subject=str(claim.invitation_id),
        attempt=claim.attempt,
        error=error,
    )
    with runtime.transaction() as session:
        next_try_at = now(session) + wait if wait else None
        session.execute(_of(claim).values(next_try_at=next_try_at))


def _of(claim: Claim) -> Any:
    """The invitation, as long as the link of this claim is its newest."""
    return (
        sa.update(Invitation)
        .where(Invitation.id == claim.invitation_id, Invitation.token_hash == claim.token_hash)
        .execution_options(synchronize_session=False)
    )
