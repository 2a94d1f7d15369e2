"""What the shop does when something happened elsewhere."""

import sqlalchemy as sa

from common.clock import now
from common.events.catalogue import (
    AccountBlocked,
    AccountNameChanged,
    AccountReactivated,
    AccountUnblocked,
    AuditHeadAnchored,
    BusinessRelationshipEnded,
    ErasureRequested,
    LegalHoldPlaced,
    LegalHoldReleased,
    OrderCancelled,
)
from common.messaging import on, publish
from common.privacy import chain, holds
from common.privacy.erasure import answer_erasure
from common.refusals import next_state
from common.web import standing
from shop import queries, retention
from shop.models import Order
from shop.rules import TRANSITIONS, Cause


@on(*standing.STANDING_EVENTS)
def keep_standing(event, session):
    """Know who may act (S31)."""
    return standing.keep_standing(event, session)


@on(AccountBlocked, AccountUnblocked, AccountReactivated)
def hold_orders_of_blocked(event, session):
    """Hold what a blocked buyer ordered and nobody confirmed; release it afterwards (S17).

    The standing comes first: its lock keeps an order that is being placed from slipping through.
    """
    standing.keep_standing(event, session)
    sequence = session.info["envelope"].order
    held_at = now(session) if isinstance(event, AccountBlocked) else None
    theirs = (Order.account_id == event.account_id, Order.hold_sequence < sequence)
    for order in queries.unconfirmed(session, *theirs):
        order.held_at, order.hold_sequence = held_at, sequence


@on(AccountNameChanged)
def annotate_orders(event, session):
    """Say on a buyer's orders since when the name is another one; they stay as printed (art. 16).

    Source: S67.
    """
    corrected_at = session.info["envelope"].time
    earlier = sa.func.coalesce(Order.contact_corrected_at, Order.placed_at) < corrected_at
    theirs = sa.update(Order).where(Order.account_id == event.account_id, earlier)
    session.execute(theirs.values(contact_corrected_at=corrected_at))


@on(BusinessRelationshipEnded)
def close_organisation(event, session):
    """Cancel what a former customer ordered and nobody confirmed."""
    for order in queries.unconfirmed(session, Order.organisation_id == event.organisation_id):
        order.state = next_state(TRANSITIONS, order.state, Cause.RELATION_ENDS)
        order.cancelled_at = now(session)
        publish(session, OrderCancelled(**order.named))


@on(LegalHoldPlaced, LegalHoldReleased)
def keep_hold(event, session):
    """Know what must not be deleted (art. 17(3)(e) GDPR)."""
    holds.keep_hold(event, session)


@on(ErasureRequested)
def erase_person(event, session):
    """Answer with what was erased and what the law says to keep (S26, S67)."""
    answer_erasure(event, session, retention.erase)


@on(AuditHeadAnchored)
def keep_audit_head(event, session):
    """Know where a service's audit ended, so that it cannot be cut unseen (art. 5(2) GDPR)."""
    chain.keep_anchor(event, session)
