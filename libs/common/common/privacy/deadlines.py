"""Until when a person who uses a right must be answered (art. 12(3) GDPR)."""

from __future__ import annotations

from datetime import date, datetime

from common.clock import duration
from common.privacy.retention import TRADE_ZONE, day_of

ANSWERED_WITHIN = "P1M"
EXTENDED_WITHIN = "P3M"
"""One month, and two more where that is necessary and the person was told why."""


def due_on(received_at: datetime, within: str = ANSWERED_WITHIN) -> date:
    """Last day on which a request may be answered, by the operator's calendar.

    within: ISO 8601 duration of calendar months; a day that the month has not is its last one.
    """
    due: datetime = received_at.astimezone(TRADE_ZONE) + duration(within)
    return due.date()


def is_late(due: date, at: datetime) -> bool:
    """Whether a request should have been answered before today."""
    return due < day_of(at)
