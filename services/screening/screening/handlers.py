"""What screening does when something happened elsewhere.

A deactivated or blocked person is still compared, until erased (S18). Nothing is kept by
organisation, so the end of a business relationship changes nothing here.
"""

from common.clock import now
from common.db import insert
from common.events.catalogue import (
    AccountNameChanged,
    AccountRegistered,
    AuditHeadAnchored,
    ErasureRequested,
    LegalHoldPlaced,
    LegalHoldReleased,
    SanctionsListUpdated,
)
from common.messaging import STALE, on, wake_worker
from common.privacy import chain, holds
from common.privacy.erasure import answer_erasure
from common.web import standing
from screening import changes, checks, queries, retention
from screening.account_index import AccountIndex
from screening.models import Screening
from screening.rules.states import Occasion


@on(*standing.STANDING_EVENTS)
def keep_standing(event, session):
    """Know who may act (S31)."""
    return standing.keep_standing(event, session)


@on(AccountRegistered)
def note_registered(event, session):
    """Have a new person's name compared before anybody can release the account (S14)."""
    if queries.is_erased(session, event.account_id):
        return STALE
    at = now(session)
    asked = insert(session, Screening).values(
        account_id=event.account_id,
        occasion=Occasion.REGISTRATION,
        requested_at=at,
        next_try_at=at,
    )
    session.execute(asked.on_conflict_do_nothing())
    wake_worker(session)


@on(AccountNameChanged)
def note_name_changed(event, session):
    """Have the other name compared; the former verdict stands until then (S16, S18)."""
    if queries.is_erased(session, event.account_id):
        return STALE
    checks.ask_again(session, event.account_id, Occasion.NAME)
    wake_worker(session)


@on(SanctionsListUpdated)
def note_list_updated(event, session):
    """Note which listed people everybody's name is to be compared with (S18)."""
    changes.note(session, event.list_id)
    checks.hurry(session)
    wake_worker(session)


@on(LegalHoldPlaced, LegalHoldReleased)
def keep_hold(event, session):
    """Know what must not be deleted (art. 17(3)(e) GDPR)."""
    holds.keep_hold(event, session)


@on(ErasureRequested)
def erase_person(event, session):
    """Erase a person here, and say with a signature what is left and why (S19, S26)."""
    session.info["runtime"].resource(AccountIndex).discard(event.account_id)
    answer_erasure(event, session, retention.erase)


@on(AuditHeadAnchored)
def keep_audit_head(event, session):
    """Know where a service's audit ended, so that it cannot be cut unseen (art. 5(2) GDPR)."""
    chain.keep_anchor(event, session)
