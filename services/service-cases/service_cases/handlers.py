"""What service-cases does when something happened elsewhere.

A blocked or deactivated reporter changes nothing: the case is the organisation's.
"""

import sqlalchemy as sa

from common.clock import now
from common.events.catalogue import (
    AuditHeadAnchored,
    BusinessRelationshipEnded,
    CaseState,
    ErasureRequested,
    LegalHoldPlaced,
    LegalHoldReleased,
)
from common.messaging import on, publish
from common.privacy import chain, holds
from common.privacy.erasure import answer_erasure
from common.refusals import next_state
from common.web import standing
from service_cases import retention
from service_cases.models import Case, Machine
from service_cases.rules import TRANSITIONS, Trigger, moved


@on(*standing.STANDING_EVENTS)
def keep_standing(event, session):
    """Know who may act (S31)."""
    return standing.keep_standing(event, session)


@on(BusinessRelationshipEnded)
def close_organisation(event, session):
    """Take no new case of a former customer, and close what is open: retention begins (S64)."""
    at, organisation_id = now(session), event.organisation_id
    machines = sa.update(Machine).where(Machine.organisation_id == organisation_id)
    session.execute(
        machines.where(Machine.relation_ended_at.is_(None)).values(relation_ended_at=at)
    )
    cases = sa.select(Case).where(Case.organisation_id == organisation_id)
    still_open = cases.where(Case.state != CaseState.CLOSED).order_by(Case.id)
    for case in session.scalars(still_open.with_for_update()).all():
        case.move(next_state(TRANSITIONS, case.state, Trigger.CLOSE), at)
        for news in moved(case.id, organisation_id, case.state):
            publish(session, news)


@on(LegalHoldPlaced, LegalHoldReleased)
def keep_hold(event, session):
    """Know what must not be deleted (art. 17(3)(e) GDPR)."""
    holds.keep_hold(event, session)


@on(ErasureRequested)
def erase_person(event, session):
    """Erase a person here, and say with a signature what is left and why (S60, S64)."""
    answer_erasure(event, session, retention.erase)


@on(AuditHeadAnchored)
def keep_audit_head(event, session):
    """Know where a service's audit ended, so that it cannot be cut unseen (art. 5(2) GDPR)."""
    chain.keep_anchor(event, session)
