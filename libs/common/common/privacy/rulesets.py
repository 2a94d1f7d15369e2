"""Sets of retention rules: proposed, previewed, activated; the one in force is in the database.

A service comes with RULES; a change of law is another set, stored here. It is activated with the id
of its preview, so that nobody changes what goes when without having seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.clock import now
from common.db import CommonBase
from common.ids import uuid7
from common.privacy import forecast
from common.privacy.audit import audit
from common.privacy.personal import technical
from common.privacy.retention import Rule, faults
from common.privacy.rulebook import all_records, all_rules
from common.refusals import Conflict, Invalid
from common.texts import Text

PREVIEW_LIFE = timedelta(days=7)
"""After so long a preview says too little of what there is now."""
_LOCK = 0x52E7
_RULES = "rules in force"


class PreviewNeeded(Conflict):
    """The set may not be activated with this preview."""

    title = Text(
        "Please look at a preview of these rules first",
        "Bekijk eerst een voorvertoning van deze regels",
        "Bitte sehen Sie sich zuerst eine Vorschau dieser Regeln an",
    )


class RuleSet(CommonBase):
    """All rules of a service, as they are to be; the one activated last is in force."""

    __tablename__ = "retention_rule_sets"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, info=technical("key"))
    rules: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, info=technical("rows of data"))
    proposed_at: Mapped[datetime] = mapped_column(info=technical("when"))
    preview: Mapped[list[dict[str, Any]]] = mapped_column(
        sa.JSON, info=technical("what would go when, in numbers of rows")
    )
    preview_id: Mapped[UUID] = mapped_column(default=uuid7, info=technical("of what was seen"))
    against: Mapped[UUID | None] = mapped_column(info=technical("set in force at the preview"))
    activated_at: Mapped[datetime | None] = mapped_column(
        index=True, info=technical("since when it is asked")
    )


def in_force(session: Session) -> Sequence[Rule]:
    """The rules that are asked now: of the set activated last, else those that are shipped."""
    if _RULES not in session.info:
        active = _active(session)
        shipped = all_rules(session.info["runtime"])
        session.info[_RULES] = msgspec.convert(active.rules, list[Rule]) if active else shipped
    rules: Sequence[Rule] = session.info[_RULES]
    return rules


def propose(session: Session, rules: Sequence[Rule]) -> RuleSet:
    """Store a set with its preview against the rules in force; raises Invalid."""
    runtime = session.info["runtime"]
    refuse_faulty(rules, all_rules(runtime), {each.record_class for each in all_records(runtime)})
    active = _active(session)
    proposed = RuleSet(
        rules=[msgspec.to_builtins(asdict(each)) for each in rules],
        proposed_at=now(session),
        preview=forecast.compare(session, all_records(runtime), in_force(session), rules),
        against=active.id if active else None,
    )
    session.add(proposed)
    session.flush()
    audit(session, "retention.preview", proposed.id)
    return proposed


def activate(session: Session, set_id: UUID, preview_id: UUID) -> RuleSet | None:
    """Put a set in force; None where there is none of that id.

    Raises PreviewNeeded when the preview is another set's, was made against other rules than are
    in force, or is older than PREVIEW_LIFE.
    """
    _lock(session)
    proposed, active = session.get(RuleSet, set_id, with_for_update=True), _active(session)
    if proposed is None:
        return None
    fresh = proposed.proposed_at + PREVIEW_LIFE > now(session)
    same = proposed.against == (active.id if active else None)
    if preview_id != proposed.preview_id or not (fresh and same):
        raise PreviewNeeded("Send the rules to /retention/preview and use the id it answers.")
    proposed.activated_at = now(session)
    session.info.pop(_RULES, None)
    audit(session, "retention.activate", proposed.id)
    return proposed


def refuse_faulty(rules: Sequence[Rule], shipped: Sequence[Rule], swept: set[str]) -> None:
    """Raise Invalid for rules that cannot be asked.

    swept: classes that go by a sweep; a class that goes otherwise keeps the rules it came with.
    """
    found = list(faults(rules))
    known, named = ({each.record_class for each in of} for of in (shipped, rules))
    found += [f"{each}: no rules" for each in sorted(known - named)]
    found += [f"{each}: there is no such class" for each in sorted(named - known)]
    fixed = {each for each in shipped if each.record_class not in swept}
    changed = fixed ^ {each for each in rules if each.record_class not in swept}
    found += [f"{each.record_class}: does not go by a sweep, so its rule stays" for each in changed]
    if found:
        raise Invalid(errors={"/rules": "; ".join(sorted(set(found)))})


def _active(session: Session) -> RuleSet | None:
    activated = sa.select(RuleSet).where(RuleSet.activated_at.is_not(None))
    newest = activated.order_by(RuleSet.activated_at.desc(), RuleSet.id.desc()).limit(1)
    return session.scalars(newest).one_or_none()


def _lock(session: Session) -> None:
    """One activation at a time."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
