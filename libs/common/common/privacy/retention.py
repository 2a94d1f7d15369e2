"""How long something is kept: rules are rows of data, and what is due is one pure function."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from common.texts import Text

ANYWHERE = "*"


class Start(StrEnum):
    """Event that a period is counted from (DIN 66398)."""

    COLLECTION = "collection"
    END_OF_PROCESS = "end_of_process"
    END_OF_RELATION = "end_of_relation"


class Bound(StrEnum):
    """Whether a rule says how long something must be kept, or by when it must be gone."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"


class Rounding(StrEnum):
    """Where a period begins to run."""

    NONE = "none"
    CALENDAR_YEAR_END = "calendar_year_end"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How long one class of rows is kept; a change of law is another row.

    country: ISO 3166 alpha-2, or ANYWHERE for every country without a row of its own. period and
    begin: ISO 8601 durations; erasure begins after `begin`, so that all is gone after `period`.
    suspended_by: fact of a row that stops the period from running out.
    """

    record_class: str
    period: str
    start: Start
    source: str
    reason: str
    bound: Bound = Bound.MAXIMUM
    country: str = ANYWHERE
    valid_from: date = date.min
    valid_to: date | None = None
    begin: str | None = None
    rounding: Rounding = Rounding.NONE
    suspended_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class RowFacts:
    """What a rule asks of a row: when what happened, where, and what stops its period."""

    record_class: str
    country: str | None = None
    collected_at: datetime | None = None
    process_ended_at: datetime | None = None
    relation_ended_at: datetime | None = None
    suspensions: Collection[str] = ()


class Why(StrEnum):
    """Why something goes at that date, or does not."""

    RULE = "rule"
    RUNNING = "running"
    SUSPENDED = "suspended"
    HELD = "held"


@dataclass(frozen=True)
class Due:
    """When a row goes.

    at: it is erased from then on; None while that cannot be said. limit_at: the last instant.
    conflict: a minimum outlasts a maximum; the minimum counts, and somebody has to look at it.
    """

    at: datetime | None
    limit_at: datetime | None
    why: Why
    rules: tuple[Rule, ...]
    conflict: bool = False


def due(facts: RowFacts, rules: Sequence[Rule], holds: Sequence[object], now: datetime) -> Due:
    """Say when a row goes, by the rules in force now; see `Due`.

    rules: all rows; those of other classes, countries and times are not asked. holds: legal holds
    that stand on this very row. Source: S26, S64, S67 and the others that rules name.
    """
    raise NotImplementedError  # the retention helper fills this in


KEPT_TEXTS: dict[str, Text] = {}
