"""Recipients are told what was done with a person's data, and say that they did it (art. 19)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.privacy.audit import audit
from common.privacy.deadlines import due_on
from common.privacy.retention import day_of
from common.web.access import Principal, Role
from identity import representatives
from identity.mails import write
from identity.models import Account, MailKind, NoticedAct, RecipientKind, RecipientNotice
from identity.rules.representatives import refuse_confirmed
from identity.rules.states import State

OPEN = RecipientNotice.confirmed_at.is_(None)


def arise(session: Session, account: Account, act: NoticedAct) -> None:
    """Each recipient of a person's data is to do the same; representatives are told by mail.

    account: its row, locked, as long as it says where the person belongs.
    """
    at, settings = now(session), session.info["runtime"].settings
    facts = {"account_id": account.id, "act": act, "arose_at": at, "due_on": due_on(at)}
    contracts = representatives.covering(session, account)
    for organisation_id, name in {each.organisation_id: name for each, name in contracts}.items():
        session.add(
            RecipientNotice(
                kind=RecipientKind.REPRESENTATIVE, recipient=name,
                organisation_id=organisation_id, **facts,
            )
        )  # fmt: skip
        _mail(session, organisation_id)
    for kind, name in settings.other_recipients:
        session.add(RecipientNotice(kind=RecipientKind(kind), recipient=name, **facts))


def visible(person: Principal) -> sa.Select[RecipientNotice]:
    """Notices for the data protection officer, or for a representative its own."""
    found = sa.select(RecipientNotice)
    if Role.DPO not in person.roles:
        found = found.where(RecipientNotice.organisation_id == person.organisation_id)
    return found


def confirm(session: Session, notice: RecipientNotice, by: UUID) -> None:
    """A recipient did the same. notice: its row, locked. Raises ConfirmedBefore."""
    refuse_confirmed(notice.confirmed_at)
    notice.confirmed_at, notice.confirmed_by = now(session), by
    session.flush()
    audit(session, "recipient-notice.confirm", notice.id)


def confirm_all(session: Session, recipient: str, until: datetime, by: UUID) -> int:
    """A recipient did the same with everybody of whom it was told until then; how many."""
    told = sa.select(RecipientNotice).where(
        OPEN, RecipientNotice.recipient == recipient, RecipientNotice.arose_at <= until
    )
    notices = session.scalars(told.order_by(RecipientNotice.id).with_for_update()).all()
    for notice in notices:
        confirm(session, notice, by)
    return len(notices)


def overdue(session: Session) -> int:
    """How many notices no recipient has confirmed in time."""
    late = sa.select(sa.func.count()).where(OPEN, RecipientNotice.due_on < day_of(now(session)))
    return session.scalar(late) or 0


def _mail(session: Session, organisation_id: UUID) -> None:
    people = sa.select(Account.id).where(
        Account.organisation_id == organisation_id,
        Account.role == Role.REPRESENTATIVE,
        Account.state == State.ACTIVE,
    )
    for account_id in session.scalars(people.order_by(Account.id)).all():
        write(session, account_id, MailKind.RECIPIENT_NOTICE)
