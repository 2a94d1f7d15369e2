"""Legal holds: placed and released here, heard and kept by every service (art. 17(3)(e) GDPR)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.events.catalogue import HoldScope, LegalHoldPlaced, LegalHoldReleased
from common.messaging import publish
from common.privacy import holds
from common.privacy.audit import audit
from common.privacy.retention import day_of
from identity.models import Account, LegalHold, Organisation
from identity.rules.legal_holds import (
    refuse_erasing,
    refuse_past_review,
    refuse_released,
    refuse_unknown,
)


def place(session: Session, form: dict[str, Any], by: UUID) -> LegalHold:
    """Place a hold; no service deletes what it names once it has heard of it.

    Raises Invalid for what there is not, ErasureUnderWay for a person who is being erased.
    """
    refuse_past_review(form["review_on"], day_of(now(session)))
    _require_subject(session, form["scope"], form["subject"])
    hold = LegalHold(**form, placed_by=by, placed_at=now(session))
    session.add(hold)
    session.flush()
    audit(session, "legal-hold.place", hold.id)
    publish(session, LegalHoldPlaced(**_named(hold)))
    _hear(session, hold)
    return hold


def release(session: Session, hold: LegalHold, by: UUID) -> None:
    """Let a hold stand no more: what it held back is looked at again, everywhere.

    hold: its row, locked. Raises HoldReleased.
    """
    refuse_released(hold.released_at)
    hold.released_at, hold.released_by = now(session), by
    session.flush()
    audit(session, "legal-hold.release", hold.id)
    publish(session, LegalHoldReleased(**_named(hold)))
    _hear(session, hold)


def review(session: Session, hold: LegalHold, on: date) -> None:
    """Look at a hold again later. hold: its row, locked. Raises HoldReleased, Invalid."""
    refuse_released(hold.released_at)
    refuse_past_review(on, day_of(now(session)))
    hold.review_on = on
    session.flush()
    audit(session, "legal-hold.review", hold.id)


def to_review(session: Session) -> int:
    """How many holds nobody has looked at again in time."""
    late = sa.select(sa.func.count()).where(
        LegalHold.released_at.is_(None), LegalHold.review_on < day_of(now(session))
    )
    return session.scalar(late) or 0


def on_account(session: Session, account: Account) -> list[UUID]:
    """Ids of the holds that keep an account from being erased: on the person, or on whose it is."""
    standing = holds.standing(session)
    subjects = {
        (HoldScope.PERSON, str(account.id)),
        (HoldScope.ORGANISATION, str(account.organisation_id)),
    }
    return sorted(standing[subject] for subject in subjects & set(standing))


def _require_subject(session: Session, scope: HoldScope, subject: str) -> None:
    """Hold the row still on which a hold is placed, so that no erasure of it begins meanwhile."""
    if scope is HoldScope.PERSON:
        account = session.get(Account, UUID(subject), with_for_update=True)
        refuse_unknown(account is not None, scope)
        refuse_erasing(account)
    elif scope is HoldScope.ORGANISATION:
        organisation = session.get(Organisation, UUID(subject), with_for_update=True)
        refuse_unknown(organisation is not None, scope)


def _hear(session: Session, hold: LegalHold) -> None:
    """Identity knows at once what the others hear by event."""
    released = hold.released_at is not None
    heard = {"id": hold.id, "scope": hold.scope, "subject": hold.subject, "released": released}
    holds.keep(session, holds.Hold(**heard, sequence=hold.version))


def _named(hold: LegalHold) -> dict[str, Any]:
    return {"hold_id": hold.id, "scope": hold.scope, "subject": hold.subject}
