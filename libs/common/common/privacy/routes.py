"""What data protection asks of every service alike, over HTTP: one blueprint, one policy."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from common.db import CommonBase
from common.privacy import forecast, restores, rulesets
from common.privacy.audit import AuditEntry, audit_bulk_read, audit_search, reads
from common.privacy.erasure import ErasureReceipt, plan_erasure
from common.privacy.export import tables_about
from common.privacy.rulebook import all_records
from common.privacy.schemas import (
    CalendarView,
    CarriedOutPage,
    ErasedTableView,
    OutlookView,
    PageAsked,
    PersonalTableView,
    PreviewSeen,
    ReadsAsked,
    ReadView,
    RulesAsked,
    RuleSetView,
    RuleView,
)
from common.refusals import NotFound
from common.web.access import Action, Reach, authorise, internal, may
from common.web.app import reading, runtime, transaction
from common.web.blueprint import Blueprint
from common.web.paging import page
from common.web.standing import standing_of

PAGE = 500
bp = Blueprint("privacy", __name__)

POLICY: dict[str, Action] = {
    "retention.read": may(dpo=Reach.EVERYWHERE),
    "retention.propose": may(dpo=Reach.EVERYWHERE),
    "retention.activate": may(dpo=Reach.EVERYWHERE),
    "audit.search": may(dpo=Reach.EVERYWHERE),
}
"""Who may do what here; it is part of every service's own."""


@bp.get("/retention/rules")
@bp.response(200, RuleView(many=True))
def list_rules() -> Any:
    """List the retention rules that are in force."""
    with reading() as session:
        authorise(session, "retention.read")
        return list(rulesets.in_force(session))


@bp.get("/retention/calendar")
@bp.response(200, CalendarView(many=True))
def show_calendar() -> Any:
    """Show how many rows go in each of the coming 24 months."""
    with reading() as session:
        authorise(session, "retention.read")
        return forecast.calendar(session, all_records(runtime()), rulesets.in_force(session))


@bp.post("/retention/preview")
@bp.arguments(RulesAsked)
@bp.response(201, RuleSetView)
def preview_rules(body: Any) -> Any:
    """Propose other rules and show what would go earlier or later; nothing changes yet."""
    with transaction() as session:
        authorise(session, "retention.propose")
        return rulesets.propose(session, body["rules"])


@bp.post("/retention/rule-sets/<uuid:rule_set_id>/activation")
@bp.arguments(PreviewSeen)
@bp.response(200, RuleSetView)
def activate_rules(body: Any, rule_set_id: UUID) -> Any:
    """Put a set of rules in force whose preview was looked at."""
    with transaction() as session:
        authorise(session, "retention.activate")
        activated = rulesets.activate(session, rule_set_id, body["preview_id"])
        if activated is None:
            raise NotFound()
        return activated


@bp.get("/internal/retention/outlook/<uuid:account_id>")
@internal("outlook:read")
@bp.response(200, OutlookView(many=True))
def tell_outlook(account_id: UUID) -> Any:
    """Tell what of a person goes when, and what stays why (art. 15(1)(d) GDPR)."""
    with reading() as session:
        found = outlook_here(session, account_id)
    if not found:
        raise NotFound()
    return found


@bp.get("/internal/personal-data/<uuid:account_id>")
@internal("personal-data:read")
@bp.response(200, PersonalTableView(many=True))
def tell_tables_about(account_id: UUID) -> Any:
    """Tell all that this service holds about a person, for the person alone (art. 15, 20 GDPR)."""
    with reading() as session:
        found = tables_here(session, account_id)
    if not found:
        raise NotFound()
    return found


def tables_here(session: Any, account_id: UUID) -> Any:
    """What this service holds about a person."""
    own = session.info["runtime"].parts["models"].Base
    return [each for base in (own, CommonBase) for each in tables_about(session, base, account_id)]


def outlook_here(session: Any, account_id: UUID) -> Any:
    """What of a person this service keeps until when, by the rules in force."""
    here = session.info["runtime"]
    asked = (all_records(here), rulesets.in_force(session), account_id)
    bases = (here.parts["models"].Base, CommonBase)
    return [each for base in bases for each in forecast.outlook(session, base, *asked)]


@bp.post("/internal/erasure-plan/<uuid:account_id>")
@internal("erasure:plan")
@bp.response(200, ErasedTableView(many=True))
def tell_erasure_plan(account_id: UUID) -> Any:
    """Tell what erasing a person here would come to, and change nothing (art. 17 GDPR)."""
    with transaction() as session:
        if standing_of(session, account_id) is None:
            raise NotFound()
        return list(planned_here(session, account_id))


def planned_here(session: Any, account_id: UUID) -> Any:
    """What erasing a person would come to in this service."""
    return plan_erasure(session, account_id, session.info["runtime"].parts["retention"].erase)


@bp.post("/internal/erasures")
@internal("erasures:read")
@bp.arguments(PageAsked, required=False)
@bp.response(200, CarriedOutPage)
def tell_erasures(body: Any) -> Any:
    """Tell which erasures were carried out here, for a service that came out of a backup (S26)."""
    with reading() as session:
        rows = restores.erasures_after(session, body["after"], PAGE)
        audit_bulk_read(session, "erasures:read", ErasureReceipt, len(rows))
    return {"rows": rows, "next": rows[-1].request_id if len(rows) == PAGE else None}


@bp.get("/audit/reads")
@bp.arguments(ReadsAsked, location="query")
@bp.response(200, ReadView(many=True))
def list_reads(asked: Any) -> Any:
    """List who read what of whom here between two instants (art. 33 GDPR)."""
    with reading() as session:
        authorise(session, "audit.search")
        audit_search(session, asked["person"])
        names = ("since", "until", "person", "table", "actor")
        rows = reads(**{name: asked[name] for name in names})
        found, headers = page(session, rows, AuditEntry.id, asked)
    return found, 200, headers
