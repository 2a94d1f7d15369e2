"""Clocks that tests move: one stands still, one runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from common.clock import SystemClock, duration


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


class RunningClock:
    """The machine's clock, moved forward by tests; for what runs in threads."""

    def __init__(self) -> None:
        self._system, self._shift = SystemClock(), timedelta()

    def now(self) -> datetime:
        """Return the shifted instant."""
        return self._system.now() + self._shift

    def advance(self, by: str | timedelta) -> None:
        """Move forward by an ISO 8601 duration or a timedelta."""
        now = self.now()
        self._shift += (duration(by) + now - now) if isinstance(by, str) else by
