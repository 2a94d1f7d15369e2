"""Mails as they go out: addressed, with their link, and noted when they are gone."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from sqlalchemy.orm import Session

from common.clock import now
from common.logs import log
from common.mail import MailRefused
from common.metrics import MAILS
from identity import links, mails, objections, recovery, restriction
from identity.letters import LETTERS, compose
from identity.mails import Claim
from identity.models import Account, MailKind
from identity.notifications import is_muted
from identity.rules.dates import wait_after_refused_mail


def message(session: Session, account: Account, claim: Claim) -> EmailMessage | None:
    """The mail as it goes out now; None, and the row is gone, when it is not to go any more."""
    letter, settings = LETTERS[claim.kind], session.info["runtime"].settings
    is_true = account.state in letter.states and not is_muted(session, account, letter.topic)
    address = recovery.address_for(session, account, claim.kind) if is_true else None
    if address is None:
        mails.forget(session, claim)
        return None
    assert account.language is not None
    facts: dict[str, Any] = {}
    if letter.link is not None:
        link = links.make(session, account, letter.link)
        facts = {
            "link": f"{settings.public_url.rstrip('/')}{link.path}",
            "until": link.expires_at,
        }
    return compose(
        settings,
        claim.kind,
        address=address,
        language=account.language,
        at=now(session),
        objection=objections.link(session, account),
        **facts,
    )


def note_sent(session: Session, claim: Claim) -> None:
    """The mail is on its way."""
    mails.note_sent(session, claim)
    if claim.kind is MailKind.ADDRESS_CHANGED:
        recovery.forget_former_address(session, claim.account_id)
    if claim.kind is MailKind.RESTRICTION_ENDS:
        restriction.note_told(session, claim.account_id)
    MAILS.labels("sent").inc()


def note_refused(session: Session, claim: Claim, error: MailRefused) -> None:
    """The mail could not be handed over: it waits, or is given up when it was tried for days."""
    wait = wait_after_refused_mail(claim.attempt)
    log.warning(
        "mail refused" if wait else "mail given up",
        account_id=str(claim.account_id),
        attempt=claim.attempt,
        error=str(error),
    )
    if wait is None:
        mails.give_up(session, claim)
    else:
        mails.postpone(session, claim, wait)
    MAILS.labels("refused" if wait else "given_up").inc()
