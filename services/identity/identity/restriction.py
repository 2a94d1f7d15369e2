"""Restriction of the use of a person's data, in every service (art. 18 GDPR)."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.events.catalogue import AccountRestricted, AccountRestrictionLifted
from common.privacy.audit import audit
from identity import recipient_notices
from identity.accounts import locked, tell_standing
from identity.mails import write
from identity.models import Account, MailKind, NoticedAct
from identity.rules.restriction import RestrictionGround, ends_at, refuse_unrestricted


def restrict(session: Session, account: Account, ground: RestrictionGround) -> None:
    """Keep a person's data and use them no more; one that was to end does not. account: locked."""
    account.restricted_at = account.restricted_at or now(session)
    account.restriction_ground, account.restriction_ends_at = ground, None
    session.flush()
    audit(session, "account.restrict", account.id)
    tell_standing(session, account, AccountRestricted)
    recipient_notices.arise(session, account, NoticedAct.RESTRICTED)
    write(session, account.id, MailKind.RESTRICTED)


def announce_end(session: Session, account: Account) -> None:
    """Tell a person that the restriction will end; its time runs from when the mail goes out.

    account: its row, locked. Raises NotRestricted.
    """
    refuse_unrestricted(account.restricted_at)
    audit(session, "account.announce-end-of-restriction", account.id)
    write(session, account.id, MailKind.RESTRICTION_ENDS)


def note_told(session: Session, account_id: UUID) -> None:
    """The person knows now: the restriction ends after the time that the mail named."""
    told = sa.update(Account).where(Account.id == account_id, Account.restricted_at.is_not(None))
    session.execute(told.values(restriction_ends_at=ends_at(now(session))))


def lift_next(session: Session) -> bool:
    """Lift a restriction whose end has come; False when there is none."""
    over = sa.select(Account.id).where(Account.restriction_ends_at <= now(session))
    account_id = session.scalar(over.order_by(Account.restriction_ends_at).limit(1))
    if account_id is None:
        return False
    account = locked(session, account_id)
    if account.restriction_ends_at is not None and account.restriction_ends_at <= now(session):
        account.restricted_at = account.restriction_ground = account.restriction_ends_at = None
        session.flush()
        audit(session, "account.lift-restriction", account.id)
        tell_standing(session, account, AccountRestrictionLifted)
    return True
