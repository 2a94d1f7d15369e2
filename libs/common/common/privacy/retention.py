"""How long something is kept: rules are rows of data, and what is due is one pure function."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from isoduration.types import Duration

from common.clock import duration

ANYWHERE = "*"
TRADE_ZONE = ZoneInfo("Europe/Berlin")
"""Calendar days and years are those of the operator's books."""


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
    Without a period nothing goes by itself: it `follows` another class and goes with that, or is
    kept without an end, for the reason given. suspended_by: fact of a row that stops the period
    from running out. source: a promise (S67) or a law, in one word (DE-AO-147). valid_from,
    valid_to: first and last day on which the rule is asked.
    """

    record_class: str
    period: str | None
    start: Start
    source: str
    reason: str = ""
    bound: Bound = Bound.MAXIMUM
    country: str = ANYWHERE
    valid_from: date = date.min
    valid_to: date | None = None
    begin: str | None = None
    rounding: Rounding = Rounding.NONE
    suspended_by: str | None = None
    follows: str | None = None

    def in_force_on(self, day: date) -> bool:
        """Whether the rule is asked on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


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
    FOLLOWS = "follows"
    WITHOUT_END = "without_end"


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

    def has_come(self, now: datetime) -> bool:
        """Whether the row is to be erased now."""
        return self.at is not None and self.at <= now


class NoRule(LookupError):
    """A class has no rule for this country and day; `faults` finds that before it is activated."""


def due(facts: RowFacts, rules: Sequence[Rule], holds: Collection[object], now: datetime) -> Due:
    """Say when a row goes, by the rules in force now; see `Due`.

    rules: all rows; those of other classes, countries and days are not asked. holds: legal holds
    that stand on this very row. With a minimum the row goes when that ends, else at the earliest
    maximum: at its `begin`, where it has one. Raises NoRule. Source: S26, S64, S67 and the others
    that rules name.
    """
    asked = in_force(rules, facts.record_class, facts.country, day_of(now))
    if holds:
        return Due(None, None, Why.HELD, asked)
    timed = tuple(rule for rule in asked if rule.period is not None)
    if not timed:
        follows = any(rule.follows for rule in asked)
        return Due(None, None, Why.FOLLOWS if follows else Why.WITHOUT_END, asked)
    if any(rule.suspended_by in facts.suspensions for rule in timed):
        return Due(None, None, Why.SUSPENDED, asked)
    minimums = [_end(rule, rule.period, facts) for rule in timed if rule.bound is Bound.MINIMUM]
    maximums = [rule for rule in timed if rule.bound is Bound.MAXIMUM]
    limits = [end for rule in maximums if (end := _end(rule, rule.period, facts))]
    limit_at = min(limits, default=None)
    if minimums:
        must = None if None in minimums else max(filter(None, minimums))
        conflict = None not in (must, limit_at) and must > limit_at  # type: ignore[operator]
        return Due(must, limit_at, Why.RULE if must else Why.RUNNING, asked, conflict)
    begins = [begin for rule in maximums if (begin := _end(rule, rule.begin or rule.period, facts))]
    at = min(begins, default=None)
    return Due(at, limit_at, Why.RULE if at else Why.RUNNING, asked)


def kept_until(facts: Iterable[RowFacts], rules: Sequence[Rule], now: datetime) -> date | None:
    """Last day on which one of several rows is still there; None while one of them has no end."""
    ends = [due(each, rules, (), now).at for each in facts]
    if None in ends or not ends:
        return None
    return day_of(max(filter(None, ends)) - timedelta.resolution)


def in_force(
    rules: Iterable[Rule], record_class: str, country: str | None, day: date
) -> tuple[Rule, ...]:
    """The rules asked of a row on a day: for each bound its country's own, else that of ANYWHERE.

    Raises NoRule.
    """
    today = [
        rule
        for rule in rules
        if rule.record_class == record_class
        and rule.country in (country, ANYWHERE)
        and rule.in_force_on(day)
    ]
    local = {rule.bound for rule in today if rule.country != ANYWHERE}
    asked = tuple(rule for rule in today if rule.country != ANYWHERE or rule.bound not in local)
    if not asked:
        raise NoRule(f"{record_class}: no rule in force on {day}")
    return asked


def faults(rules: Iterable[Rule]) -> Iterator[str]:
    """Say what is wrong with a set of rules, nothing where it can be used.

    Each row is sound, no two ask the same on one day, and every class has on every day a row for
    every country.
    """
    ordered = sorted(rules, key=lambda rule: (rule.record_class, rule.country, rule.bound))
    for rule in ordered:
        yield from (f"{_name(rule)}: {fault}" for fault in _faults_of(rule))
    for _, same in groupby(ordered, lambda rule: (rule.record_class, rule.country, rule.bound)):
        rows = sorted(same, key=lambda rule: rule.valid_from)
        for earlier, later in pairwise(rows):
            if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
                yield f"{_name(later)}: two rules on {later.valid_from}"
    for record_class, of_class in groupby(ordered, lambda rule: rule.record_class):
        anywhere = [rule for rule in of_class if rule.country == ANYWHERE]
        if gap := _gap(anywhere):
            yield f"{record_class}: no rule for every country on {gap}"


def begun_before(rule: Rule, now: datetime) -> datetime:
    """An instant at or after which no period of this rule that is over now can have begun.

    For queries to look no further: by the calendar a period may be up to three days shorter.
    Source: sweep.
    """
    latest: datetime = now - _parsed(rule.begin or rule.period or "P0D") + timedelta(days=4)
    if rule.rounding is Rounding.CALENDAR_YEAR_END:
        return _midnight(date(day_of(latest).year, 1, 1))
    return latest


def day_of(instant: datetime) -> date:
    """Calendar day of an instant in the operator's books."""
    return instant.astimezone(TRADE_ZONE).date()


def _end(rule: Rule, period: str | None, facts: RowFacts) -> datetime | None:
    """First instant after a period; None while what it is counted from has not happened.

    Counted by the calendar, in UTC; from the end of a year, in the books' zone, where rounded.
    """
    start = {
        Start.COLLECTION: facts.collected_at,
        Start.END_OF_PROCESS: facts.process_ended_at,
        Start.END_OF_RELATION: facts.relation_ended_at,
    }[rule.start]
    if start is None:
        return None
    length = _parsed(period or "P0D")
    if rule.rounding is Rounding.NONE:
        fraction = timedelta(microseconds=start.microsecond)  # which isoduration would lose
        end: datetime = start.astimezone(UTC) - fraction + length
        return end + fraction
    new_year = datetime.combine(date(day_of(start).year + 1, 1, 1), time.min)
    rounded: datetime = new_year + length
    return rounded.replace(tzinfo=TRADE_ZONE).astimezone(UTC)


def _gap(rules: Iterable[Rule]) -> date | None:
    """First day on which none of these rules is in force."""
    day = date.min
    for rule in sorted(rules, key=lambda rule: rule.valid_from):
        if rule.valid_from > day:
            return day
        if rule.valid_to is None:
            return None
        day = max(day, rule.valid_to + timedelta(days=1))
    return day


def _faults_of(rule: Rule) -> Iterator[str]:
    for text in filter(None, (rule.period, rule.begin)):
        if not _is_period(text):
            yield f"{text} is no period"
            return
    if rule.valid_to is not None and rule.valid_to < rule.valid_from:
        yield "ends before it begins"
    if rule.period is None and (rule.begin or rule.suspended_by):
        yield "has no period that could begin or be suspended"
    if rule.period is not None and rule.follows:
        yield "either has a period or follows another class"
    if rule.begin and rule.bound is Bound.MINIMUM:
        yield "a minimum has no begin"
    elif rule.begin and rule.period and _sample(rule.begin) > _sample(rule.period):
        yield "erasure begins after its limit"


def _is_period(text: str) -> bool:
    try:
        return _sample(text) >= _SAMPLE
    except (ValueError, OverflowError):
        return False


_SAMPLE = datetime(2000, 1, 1)  # noqa: DTZ001 - only compared with itself


def _sample(text: str) -> datetime:
    end: datetime = _SAMPLE + _parsed(text)
    return end


@lru_cache(maxsize=512)
def _parsed(text: str) -> Duration:
    return duration(text)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, TRADE_ZONE).astimezone(UTC)


def _name(rule: Rule) -> str:
    return f"{rule.record_class} {rule.country} {rule.bound} from {rule.valid_from}"
