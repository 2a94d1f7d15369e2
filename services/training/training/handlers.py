"""What training does when something happens elsewhere."""

from common.events.catalogue import (
    AccountBlocked,
    AccountDeactivated,
    AuditHeadAnchored,
    BusinessRelationshipEnded,
    ErasureRequested,
    LegalHoldPlaced,
    LegalHoldReleased,
)
from common.messaging import STALE, on
from common.privacy import chain, holds
from common.privacy.erasure import answer_erasure
from common.web import standing
from training import queries, retention
from training.models import Booking
from training.seats import cancel_bookings, lock_open_bookings


@on(*standing.STANDING_EVENTS)
def keep_standing(event, session):
    """Know who may act (S31)."""
    return standing.keep_standing(event, session)


@on(AccountBlocked, AccountDeactivated)
def cancel_bookings_of(event, session):
    """Cancel the open bookings of an account that may not act (S79, S80).

    This queue may run ahead of `keep_standing`'s, so the standing is kept here too; it may also
    lag behind, and what an account booked that may act again stays.
    """
    standing.keep_standing(event, session)
    if queries.may_keep_bookings(session, event.account_id):
        return STALE
    cancel_bookings(session, lock_open_bookings(session, Booking.account_id == event.account_id))
    return None


@on(BusinessRelationshipEnded)
def close_organisation(event, session):
    """Cancel the open bookings of a customer that is one no more (S79)."""
    theirs = Booking.organisation_id == event.organisation_id
    cancel_bookings(session, lock_open_bookings(session, theirs))


@on(LegalHoldPlaced, LegalHoldReleased)
def keep_hold(event, session):
    """Know what must not be deleted (art. 17(3)(e) GDPR)."""
    holds.keep_hold(event, session)


@on(ErasureRequested)
def erase_person(event, session):
    """Erase a person here and answer with the signed receipt (S26)."""
    answer_erasure(event, session, retention.erase)


@on(AuditHeadAnchored)
def keep_audit_head(event, session):
    """Know where a service's audit ended, so that it cannot be cut unseen (art. 5(2) GDPR)."""
    chain.keep_anchor(event, session)
