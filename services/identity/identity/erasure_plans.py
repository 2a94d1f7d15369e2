"""What the erasure of a person would come to, shown before the data protection officer approves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from common.clock import now
from common.privacy.audit import audit
from common.privacy.routes import planned_here
from common.privacy.schemas import ErasedTableView
from common.refusals import NotFound
from identity import legal_holds
from identity.accounts import change_state
from identity.models import Account, ErasurePlan
from identity.peers import ask_all
from identity.rules.erasures import refuse_stale
from identity.rules.legal_holds import refuse_held
from identity.rules.states import Trigger


def told_by_others(runtime: Any, account_id: UUID) -> dict[str, Any]:
    """By owner: what each of the other services would do; raises PeerUnavailable, never partial."""
    return ask_all(runtime, "POST", f"/internal/erasure-plan/{account_id}", "erasure:plan")


def store(session: Session, account: Account, told: dict[str, Any], by: UUID) -> ErasurePlan:
    """Keep a plan for the approval. account: its row, locked. told: of the other services.

    Raises IllegalTransition for an account that still lives, LegalHoldStands for one that must be
    kept.
    """
    refuse_held(legal_holds.on_account(session, account))
    with session.begin_nested() as trial:
        change_state(session, account, Trigger.ERASE)
        own = ErasedTableView(many=True).dump(planned_here(session, account.id))
        trial.rollback()
    plan = ErasurePlan(
        account_id=account.id,
        account_version=account.version,
        planned_at=now(session),
        planned_by=by,
        tables={"identity": own, **told},
    )
    session.add(plan)
    session.flush()
    audit(session, "erasure.plan", account.id)
    return plan


def shown(plan: ErasurePlan) -> dict[str, Any]:
    """A plan as ErasurePlanView shows it."""
    load = ErasedTableView(many=True).load
    return {
        "id": plan.id,
        "account_id": plan.account_id,
        "planned_at": plan.planned_at,
        "owners": [{"owner": each, "tables": load(told)} for each, told in plan.tables.items()],
    }


def approve(session: Session, account: Account, plan_id: UUID, by: UUID) -> ErasurePlan:
    """Note that somebody approves a plan. account: its row, locked.

    Raises NotFound for a plan that is not of this person, PlanStale for one that is not up to date.
    """
    plan = session.get(ErasurePlan, plan_id)
    if plan is None or plan.account_id != account.id:
        raise NotFound()
    refuse_stale(plan.planned_at, plan.account_version == account.version, now(session))
    plan.approved_at, plan.approved_by = now(session), by
    return plan
