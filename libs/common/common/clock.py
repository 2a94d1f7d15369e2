"""Time is injected: the only place that asks the machine what time it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from isoduration import parse_duration
from isoduration.types import Duration
from sqlalchemy.orm import Session


class Clock(Protocol):
    """Whatever can say the present instant in UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's present instant in UTC."""
        return datetime.now(UTC)


class ShiftedClock:
    """The machine's clock plus the seconds written in a file; for development and demonstrations.

    The file is read at every call, so that all processes of an estate move together.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """Return the machine's instant, shifted by what the file says (nothing without a file)."""
        return datetime.now(UTC) + timedelta(seconds=self._shift())

    def advance(self, by: timedelta) -> None:
        """Move every process that reads the file forward."""
        text = json.dumps({"shift_seconds": self._shift() + by.total_seconds()})
        draft = self._file.with_suffix(".draft")
        draft.write_text(text)
        draft.replace(self._file)

    def _shift(self) -> float:
        if not self._file.exists():
            return 0.0
        return float(json.loads(self._file.read_text())["shift_seconds"])


def now(session: Session) -> datetime:
    """Return the instant by the clock of the service whose session this is."""
    instant: datetime = session.info["runtime"].clock.now()
    return instant


def duration(text: str) -> Duration:
    """ISO 8601 duration ("P1Y"); adds to datetimes by the calendar, clipping to month ends."""
    return parse_duration(text)


def seconds(text: str) -> float:
    """Seconds in an ISO 8601 duration of days, hours, minutes and seconds."""
    parsed = parse_duration(text)
    if parsed.date.years or parsed.date.months:
        raise ValueError(f"{text} has no fixed number of seconds")
    days = parsed.date.weeks * 7 + parsed.date.days
    time = parsed.time
    return float(((days * 24 + time.hours) * 60 + time.minutes) * 60 + time.seconds)
