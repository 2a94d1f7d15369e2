"""Mails that go out, and erasures that fall due."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.jobs import job, step
from common.logs import log
from common.mail import Mailer, MailRefused, mailer
from common.metrics import gauge
from identity import (
    deliveries,
    erasures,
    invitation_mails,
    legal_holds,
    mails,
    queries,
    recipient_notices,
    recovery,
    restriction,
    rights,
    rights_mails,
)
from identity.accounts import locked
from identity.models import ErasureRequest
from identity.rules.dates import (
    ANSWER_WITHIN,
    ASK_AGAIN_AFTER,
)


@step
def send_mails(runtime: Any) -> int:
    """Send the mail that waits longest; the address is read and the link made only now."""
    with runtime.reading() as session:
        due = mails.next_due(session)
    if due is None:
        return 0
    with runtime.transaction() as session:
        account = locked(session, due[0])
        claim = mails.claim(session, account, due[1])
        message = deliveries.message(session, account, claim) if claim else None
    if claim is None or message is None:
        return 1
    try:
        runtime.resource(_mailer).send(message)
    except MailRefused as error:
        with runtime.transaction() as session:
            deliveries.note_refused(session, claim, error)
        return 1
    with runtime.transaction() as session:
        deliveries.note_sent(session, claim)
    return 1


@step
def work_off_recoveries(runtime: Any) -> int:
    """Look at the request for a new password that waits longest (S38)."""
    with runtime.reading() as session:
        request_id = recovery.next_request(session)
    if request_id is None:
        return 0
    with runtime.transaction() as session:
        recovery.work_off(session, request_id)
    return 1


@step
def send_invitations(runtime: Any) -> int:
    """Send the invitation that waits longest (S46)."""
    return invitation_mails.send_next(runtime)


@step
def expire_invitations(runtime: Any) -> int:
    """Erase an invitation that nobody used; the worker asks every second, so none stays (S48)."""
    return invitation_mails.expire_next(runtime)


@step
def erase_what_was_held(runtime: Any) -> int:
    """Ask every owner for the rest of an erasure whose legal hold was released."""
    with runtime.transaction() as session:
        request = erasures.next_released(session)
        if request is not None:
            erasures.follow(session, request)
    return int(request is not None)


@step
def send_news_of_requests(runtime: Any) -> int:
    """Tell who used a right how the request stands (S2)."""
    return rights_mails.send_next(runtime)


@step
def lift_restrictions(runtime: Any) -> int:
    """Lift a restriction whose person was told a week ago that it ends (art. 18(3) GDPR)."""
    with runtime.transaction() as session:
        return int(restriction.lift_next(session))


@gauge("portal_accounts_near_retention_limit", "Accounts 30 days before their limit (S26)")
def accounts_near_limit(session: Session) -> int:
    """Accounts that are still here less than 30 days before their limit."""
    return queries.near_the_limit(session)


@gauge("portal_legal_holds_to_review", "Legal holds that nobody has looked at again in time")
def holds_to_review(session: Session) -> int:
    """Legal holds whose day of review is over."""
    return legal_holds.to_review(session)


@gauge("portal_rights_requests_overdue", "Requests of people for their rights that are late (S2)")
def rights_overdue(session: Session) -> int:
    """Requests that should have been answered before today."""
    return rights.overdue(session)


@gauge("portal_recipient_notices_overdue", "Recipients that have not confirmed in time (art. 19)")
def recipients_overdue(session: Session) -> int:
    """Notices that should have been confirmed before today."""
    return recipient_notices.overdue(session)


@gauge("portal_erasures_overdue", "Erasures in which an owner's receipt is late (S26)")
def erasures_overdue(session: Session) -> int:
    """Erasures that are marked as overdue and not complete."""
    return erasures.overdue(session)


@job(every="P1D")
def warn_before_the_limit(runtime: Any) -> int:
    """Tell the log of accounts that are still here 30 days before their limit (S26).

    They should have begun to go a month before that: a hold, a restore or a fault keeps them.
    """
    with runtime.reading() as session:
        near = accounts_near_limit(session)
    if near:
        log.error("accounts near the limit of their retention are not erased", count=near)
    return near


@job(every="P1D")
def remind_of_holds(runtime: Any) -> int:
    """Tell the log how many legal holds nobody has looked at again in time."""
    with runtime.reading() as session:
        late = holds_to_review(session)
    if late:
        log.warning("legal holds are to be reviewed", count=late)
    return late


@job(every="PT1H")
def count_overdue_requests(runtime: Any) -> int:
    """Tell the log how many requests for rights are late (S2, art. 12(3))."""
    with runtime.reading() as session:
        late = rights_overdue(session)
    if late:
        log.error("requests for rights are overdue", count=late)
    return late


@job(every="P1D")
def count_overdue_recipients(runtime: Any) -> int:
    """Tell the log how many recipients have not confirmed in time (art. 19)."""
    with runtime.reading() as session:
        late = recipients_overdue(session)
    if late:
        log.warning("recipients have not confirmed in time", count=late)
    return late


@job(every="PT1H")
def mark_overdue_erasures(runtime: Any) -> int:
    """Ask owners whose receipt is missing again, and mark what takes too long; count the marked."""
    with runtime.transaction() as session:
        waiting = sa.select(ErasureRequest).where(
            ErasureRequest.completed_at.is_(None),
            ErasureRequest.asked_at <= now(session) - ASK_AGAIN_AFTER,
        )
        for request in session.scalars(waiting.with_for_update(skip_locked=True)):
            erasures.ask(session, request)
    with runtime.transaction() as session:
        late = sa.update(ErasureRequest).where(
            ErasureRequest.completed_at.is_(None),
            ErasureRequest.overdue_at.is_(None),
            ErasureRequest.requested_at <= now(session) - ANSWER_WITHIN,
        )
        marked = session.execute(late.values(overdue_at=now(session))).rowcount
    if marked:
        log.error("erasures are overdue", count=marked)
    return marked


def _mailer(runtime: Any) -> Mailer:
    return mailer(runtime.settings.mail_url)
