"""Reads: upcoming sessions, bookings a person may see, whether an account may act."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import now
from common.web.access import Principal, Role
from common.web.standing import AccountStanding, Standing
from training.models import Booking, TrainingSession
from training.rules import SessionState


def upcoming_sessions(session: Session) -> sa.Select[TrainingSession]:
    """Sessions that are planned and have yet to begin."""
    return sa.select(TrainingSession).where(
        TrainingSession.state == SessionState.PLANNED, TrainingSession.starts_at > now(session)
    )


def bookings_seen_by(person: Principal, training_id: UUID | None) -> sa.Select[Booking]:
    """Bookings of the person's own organisation, for a trainer of all; of one session if given.

    Source: S12, S50, S79.
    """
    bookings = sa.select(Booking)
    if Role.TRAINER not in person.roles:
        bookings = bookings.where(Booking.organisation_id == person.organisation_id)
    if training_id is not None:
        bookings = bookings.where(Booking.session_id == training_id)
    return bookings


def may_keep_bookings(session: Session, account_id: UUID) -> bool:
    """Whether an account may keep its bookings, by the row and not by what the session remembers.

    Of a restricted one nothing is cancelled: its data are kept (art. 18 GDPR).
    """
    standing = sa.select(AccountStanding.state).where(AccountStanding.account_id == account_id)
    return session.scalar(standing) in (Standing.ACTIVE, Standing.RESTRICTED)
