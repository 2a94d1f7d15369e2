"""How long the plan of an erasure can be approved."""

from __future__ import annotations

from datetime import datetime, timedelta

from common.refusals import Conflict
from common.texts import Text

PLAN_HOLDS = timedelta(days=1)


class PlanStale(Conflict):
    """The plan is too old, or the account is not as it was."""

    title = Text(
        "This plan is not up to date",
        "Dit plan is niet meer actueel",
        "Dieser Plan ist nicht mehr aktuell",
    )


def refuse_stale(planned_at: datetime, same: bool, at: datetime) -> None:
    """Raise PlanStale for a plan of more than a day ago. same: the account is as it was then."""
    if not same or at - planned_at > PLAN_HOLDS:
        raise PlanStale("Make another plan, and look at it.")
