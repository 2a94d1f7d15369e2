"""What uploads does when something happened elsewhere.

A blocked or deactivated uploader changes nothing: the document is the organisation's.
"""

from common.events.catalogue import (
    AuditHeadAnchored,
    BusinessRelationshipEnded,
    ErasureRequested,
    LegalHoldPlaced,
    LegalHoldReleased,
)
from common.messaging import on
from common.privacy import chain, holds
from common.privacy.erasure import answer_erasure
from common.web import standing
from uploads import retention


@on(*standing.STANDING_EVENTS)
def keep_standing(event, session):
    """Know who may act (S31)."""
    return standing.keep_standing(event, session)


@on(BusinessRelationshipEnded)
def close_organisation(event, session):
    """Remove everything a former customer uploaded, and take nothing more (S55)."""
    retention.end_relation(session, event.organisation_id)


@on(LegalHoldPlaced, LegalHoldReleased)
def keep_hold(event, session):
    """Know what must not be deleted (art. 17(3)(e) GDPR)."""
    holds.keep_hold(event, session)


@on(ErasureRequested)
def erase_person(event, session):
    """Say with a signature that a person's uploads stay, and why (S55)."""
    answer_erasure(event, session, retention.erase)


@on(AuditHeadAnchored)
def keep_audit_head(event, session):
    """Know where a service's audit ended, so that it cannot be cut unseen (art. 5(2) GDPR)."""
    chain.keep_anchor(event, session)
