"""The rules in use: those a service ships, until others of the same class are activated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.db import CommonBase
from common.events.catalogue import RetentionRuleRow, RetentionRulesActivated
from common.ids import uuid7
from common.messaging.inbox import STALE
from common.privacy.personal import technical
from common.privacy.retention import ANYWHERE, Bound, Rounding, Rule, Start
from common.privacy.standard import COMMON_RECORDS, COMMON_RULES
from common.privacy.records import Records


class RetentionRule(CommonBase):
    """One activated rule; those of a class stand in place of all that are shipped for it."""

    __tablename__ = "retention_rules"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    set_number: Mapped[int] = mapped_column(info=technical("rule set that it came with"))
    record_class: Mapped[str] = mapped_column(
        sa.String(80), index=True, info=technical("what it is about")
    )
    country: Mapped[str | None] = mapped_column(
        sa.String(2), info=technical("ISO 3166; none: every country without a row of its own")
    )
    bound: Mapped[Bound] = mapped_column(info=technical("must keep, or must erase"))
    start: Mapped[Start] = mapped_column(info=technical("what the period is counted from"))
    period: Mapped[str | None] = mapped_column(sa.String(40), info=technical("ISO 8601"))
    begin: Mapped[str | None] = mapped_column(sa.String(40), info=technical("ISO 8601"))
    rounding: Mapped[Rounding] = mapped_column(info=technical("where the period begins to run"))
    suspended_by: Mapped[str | None] = mapped_column(
        sa.String(80), info=technical("fact that stops the period")
    )
    follows: Mapped[str | None] = mapped_column(
        sa.String(80), info=technical("class that it goes with")
    )
    valid_from: Mapped[date] = mapped_column(info=technical("first day"))
    valid_to: Mapped[date | None] = mapped_column(info=technical("last day"))
    source: Mapped[str] = mapped_column(sa.String(80), info=technical("promise or law"))


_FIELDS = (
    "record_class", "bound", "start", "period", "begin", "rounding", "suspended_by", "follows",
    "valid_from", "valid_to", "source",
)  # fmt: skip


def shipped_rules(runtime: Any) -> tuple[Rule, ...]:
    """Rules that a service comes with, those of the tables of libs/common included."""
    return (*COMMON_RULES, *getattr(runtime.parts.get("retention"), "RULES", ()))


def all_records(runtime: Any) -> tuple[Records, ...]:
    """Where a service's rows of every class are, those of libs/common included."""
    return (*COMMON_RECORDS, *getattr(runtime.parts.get("retention"), "RECORDS", ()))


def rules_in_use(session: Session) -> tuple[Rule, ...]:
    """The activated rules of this service, and the shipped ones of all other classes."""
    activated = [_rule(row) for row in session.scalars(sa.select(RetentionRule))]
    return with_proposed(shipped_rules(session.info["runtime"]), activated)


def with_proposed(rules: Iterable[Rule], proposed: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules with those of the proposed classes in their place; classes unknown here are left out."""
    present, proposed = tuple(rules), tuple(proposed)
    known = {rule.record_class for rule in present}
    replaced = {rule.record_class for rule in proposed} & known
    return (
        *(rule for rule in present if rule.record_class not in replaced),
        *(rule for rule in proposed if rule.record_class in replaced),
    )


def keep_retention_rules(event: RetentionRulesActivated, session: Session) -> str | None:
    """Use activated rules from now on; a handler's whole body.

    The newest set that names a class says all of its rules; a class that no set names keeps those
    shipped, and classes of other services are left to them.
    """
    known = {rule.record_class for rule in shipped_rules(session.info["runtime"])}
    named = {row.record_class for row in event.rules} & known
    newest = dict(
        session.execute(
            sa.select(RetentionRule.record_class, sa.func.max(RetentionRule.set_number))
            .where(RetentionRule.record_class.in_(named))
            .group_by(RetentionRule.record_class)
        ).all()
    )
    news = {each for each in named if newest.get(each, 0) < event.number}
    session.execute(sa.delete(RetentionRule).where(RetentionRule.record_class.in_(news)))
    session.add_all(_stored(row, event.number) for row in event.rules if row.record_class in news)
    return None if news else STALE


def row_of(rule: Rule) -> RetentionRuleRow:
    """A rule as an event carries it; its reason stays where it was decided."""
    fields = {name: getattr(rule, name) for name in _FIELDS}
    country = None if rule.country == ANYWHERE else rule.country
    return RetentionRuleRow(country=country, **fields)


def _stored(row: RetentionRuleRow, number: int) -> RetentionRule:
    fields = {name: getattr(row, name) for name in _FIELDS}
    return RetentionRule(set_number=number, country=row.country, **fields)


def _rule(row: RetentionRule) -> Rule:
    fields = {name: getattr(row, name) for name in _FIELDS}
    return Rule(country=row.country or ANYWHERE, **fields)
