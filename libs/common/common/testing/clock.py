"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from common.clock import duration


class StandingClock:
    """Tells one instant; tests move it."""

    def __init__(self, instant: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self.instant

    def advance(self, by: str | timedelta) -> None:
        """Move forward by an ISO 8601 duration or a timedelta."""
        self.instant += duration(by) if isinstance(by, str) else by
