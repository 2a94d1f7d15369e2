"""Seats: taken and given back, each in one statement of the transaction that needs it.

Locks are taken in one order, the session before its bookings and sessions by id, so that no two
cancellations wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, lazyload

from common.clock import now
from common.events.catalogue import BookingCancelled
from common.messaging import publish
from common.refusals import NotFound, Unavailable, next_state
from common.web.standing import AccountStanding, refuse_powerless
from training.models import Booking, TrainingSession
from training.rules import (
    BOOKING_STEPS,
    BookingState,
    SeatsTaken,
    SessionState,
    Step,
    require_open,
)


def take_seats(session: Session, training_id: UUID, seats: int) -> None:
    """Take seats of a session that are free at this very moment.

    The condition stands in the UPDATE itself: two who ask for the last seat cannot both get it.
    Raises NotFound, SessionOver or SeatsTaken. Source: S79.
    """
    at = now(session)
    taken = sa.update(TrainingSession).where(
        TrainingSession.id == training_id,
        TrainingSession.state == SessionState.PLANNED,
        TrainingSession.starts_at > at,
        TrainingSession.seats_taken + seats <= TrainingSession.capacity,
    )
    if _add_seats(session, taken, seats) == 1:
        return
    training = session.get(TrainingSession, training_id)
    if training is None:
        raise NotFound("There is no such training.")
    require_open(training.state, training.starts_at, at)
    raise SeatsTaken("Fewer seats are free than participants were named.")


def require_active(session: Session, account_id: UUID) -> None:
    """Hold an account's standing until the commit, so that no block falls beside a new booking.

    Stands after `take_seats`: a handler that blocks holds the standing and waits for the session,
    so waiting for the standing here could never end. Raises AccountNotActive, AccountRestricted, or
    Unavailable
    while the standing is being changed. Source: S79, S80.
    """
    standing = (
        sa.select(AccountStanding)
        .where(AccountStanding.account_id == account_id)
        .execution_options(populate_existing=True)
    )
    known = session.scalar(standing.with_for_update(read=True, skip_locked=True))
    if known is not None:
        refuse_powerless(known, known.epoch)
    elif session.scalar(standing) is not None:
        raise Unavailable("The account is being changed.")


def cancel_bookings(session: Session, bookings: Iterable[Booking]) -> None:
    """Cancel locked bookings, give their seats back and say so.

    Raises IllegalTransition for one that is cancelled already.
    """
    for booking in bookings:
        booking.state = next_state(BOOKING_STEPS, booking.state, Step.CANCEL)
        booking.cancelled_at = now(session)
        theirs = sa.update(TrainingSession).where(TrainingSession.id == booking.session_id)
        _add_seats(session, theirs, -booking.seats)
        publish(
            session,
            BookingCancelled(
                booking_id=booking.id,
                session_id=booking.session_id,
                organisation_id=booking.organisation_id,
                seats=booking.seats,
            ),
        )


def lock_session_of(session: Session, booking_id: UUID) -> None:
    """Lock the session of a booking, so that the booking can be locked after it."""
    its_id = sa.select(Booking.session_id).where(Booking.id == booking_id).scalar_subquery()
    locked = sa.select(TrainingSession.id).where(TrainingSession.id == its_id)
    session.execute(locked.with_for_update())


def lock_open_bookings(session: Session, whose: Any) -> list[Booking]:
    """Lock the confirmed bookings of sessions that have yet to begin."""
    confirmed = (whose, Booking.state == BookingState.CONFIRMED)
    to_come = (
        sa.select(TrainingSession.id)
        .where(
            TrainingSession.starts_at > now(session),
            TrainingSession.id.in_(sa.select(Booking.session_id).where(*confirmed)),
        )
        .order_by(TrainingSession.id)
        .with_for_update()
    )
    open_bookings = (
        sa.select(Booking)
        .where(*confirmed, Booking.session_id.in_(session.scalars(to_come).all()))
        .order_by(Booking.id)
        .with_for_update()
        .options(lazyload(Booking.participants))
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(open_bookings))


def _add_seats(session: Session, which: sa.Update, seats: int) -> int:
    changed = which.values(seats_taken=TrainingSession.seats_taken + seats)
    result: Any = session.execute(changed, execution_options={"synchronize_session": False})
    return int(result.rowcount)
