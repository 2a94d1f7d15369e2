"""What identity does when others say something."""

import sqlalchemy as sa

from common.events.catalogue import (
    AuditHeadAnchored,
    BookingConfirmed,
    BusinessRelationshipEnded,
    CaseMessageAdded,
    ErasureRequested,
    OrderConfirmed,
    PersonalDataErased,
    ScreeningCompleted,
)
from common.messaging import STALE, on
from common.privacy import chain
from common.privacy.erasure import answer_erasure
from identity import erasures, notifications, retention
from identity.accounts import change_state, locked
from identity.models import Account, MailKind
from identity.rules.states import CLOSABLE, TRIGGER_OF, Trigger


@on(ScreeningCompleted)
def apply_screening(event, session):
    """Move the account on, hold or block it (S14, S17, S18); older verdicts change nothing."""
    account = locked(session, event.account_id)
    sequence = session.info["envelope"].order
    if sequence <= account.screening_sequence:
        return STALE
    account.screening_sequence = sequence
    change_state(session, account, TRIGGER_OF[event.verdict])
    return None


@on(BusinessRelationshipEnded)
def close_organisation(event, session):
    """Deactivate everybody who acted for the organisation (S26)."""
    members = sa.select(Account.id).where(
        Account.organisation_id == event.organisation_id, Account.state.in_(CLOSABLE)
    )
    for account_id in session.scalars(members.order_by(Account.id)).all():
        account = locked(session, account_id)
        if account.state in CLOSABLE:
            change_state(session, account, Trigger.DEACTIVATE)


@on(CaseMessageAdded)
def tell_of_case_message(event, session):
    """Tell who reported a case that somebody else wrote in it (S58)."""
    if event.reporter_id != event.account_id:
        notifications.tell(session, event.reporter_id, MailKind.CASE_ANSWERED)


@on(OrderConfirmed)
def tell_of_confirmed_order(event, session):
    """Tell who placed an order that it was confirmed (S66)."""
    notifications.tell(session, event.account_id, MailKind.ORDER_CONFIRMED)


@on(BookingConfirmed)
def tell_of_confirmed_booking(event, session):
    """Tell who booked a training that the seats are taken (S79)."""
    notifications.tell(session, event.account_id, MailKind.BOOKING_CONFIRMED)


@on(PersonalDataErased)
def collect_receipt(event, session):
    """Keep an owner's receipt; the last one completes the erasure (S26)."""
    owner = session.info["envelope"].source.removeprefix("/")
    erasures.collect(session, owner, event)


@on(ErasureRequested)
def erase_person(event, session):
    """Erase the person in identity's own tables and answer as every owner does (S26)."""
    if erasures.know(session, event):
        answer_erasure(event, session, retention.erase)


@on(AuditHeadAnchored)
def keep_audit_head(event, session):
    """Know where a service's audit ended, so that it cannot be cut unseen (art. 5(2) GDPR)."""
    chain.keep_anchor(event, session)
