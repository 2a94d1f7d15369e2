"""What service-cases keeps, why and how long; erasure of a person, and the daily sweep."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from common.clock import now
from common.jobs import job
from common.privacy.audit import audit
from common.privacy.erasure import Erasure
from common.texts import Text
from service_cases.models import Case, CaseMessage
from service_cases.rules import due_at, kept_until

BATCH = 500


PERIODS = {"case": "P3Y"}
"""How long something is kept after the case was closed: ISO 8601, by retention rule.

S64 names no period: this default is the length of the regular limitation (BGB § 195).
"""

KEPT = {
    "case": Text(
        en="3 years after the case was closed: with it, follow-up faults of the same machine are "
        "solved and claims from a repair are answered, which are commonly barred after that time.",
        nl="3 jaar na het sluiten van de case: daarmee worden vervolgstoringen van dezelfde "
        "machine opgelost en aanspraken na een reparatie beantwoord, die gewoonlijk na die tijd "
        "verjaren.",
        de="3 Jahre nach dem Abschluss des Falls: Mit ihm werden Folgestörungen derselben "
        "Maschine gelöst und Ansprüche aus einer Reparatur beantwortet, die üblicherweise nach "
        "dieser Zeit verjähren.",
    ),
}
"""What people are told about how long their entries are kept (S59)."""

NO_CONTACT = {"contact_name": "—", "contact_phone": None, "contact_email": None}


def erase(person: Erasure) -> None:
    """Take a person's contact details out of the cases they reported; the cases stay.

    A case and its messages are the organisation's, kept while the purpose lasts; the account id
    stays as a pseudonym, shown as "former user". Source: S60, S62, S64.
    """
    reported = Case.account_id == person.account_id
    written = CaseMessage.author_id == person.account_id
    written_in = Case.id.in_(sa.select(CaseMessage.case_id).where(written))
    person.pseudonymise(Case, reported, values=NO_CONTACT)
    _keep(person, Case, reported, of=reported)
    _keep(person, CaseMessage, written, of=written_in)


def _keep(person: Erasure, model: Any, where: Any, *, of: Any) -> None:
    """Keep rows as long as the cases they belong to; without a date while one of those is open."""
    closings = person.session.scalars(sa.select(Case.closed_at).where(of)).all()
    reason = "case-open" if None in closings else "case-closed-in-retention"
    until = kept_until(closings, PERIODS["case"])
    person.keep(model, where, reason=reason, until=until)


@job(every="P1D")
def erase_expired_cases(runtime: Any) -> int:
    """Delete every case whose period is over, with its messages; return how many (S64)."""
    erased = 0
    while batch := _erase_batch(runtime):
        erased += batch
    return erased


def _erase_batch(runtime: Any) -> int:
    """Delete the oldest: the rule is asked of rows that are locked until they are gone."""
    oldest = sa.select(Case.id, Case.closed_at).where(Case.closed_at.is_not(None))
    oldest = oldest.order_by(Case.closed_at).limit(BATCH).with_for_update(skip_locked=True)
    with runtime.transaction() as session:
        at = now(session)
        due = [
            case_id
            for case_id, closed_at in session.execute(oldest).all()
            if due_at(closed_at, PERIODS["case"]) <= at
        ]
        session.execute(sa.delete(CaseMessage).where(CaseMessage.case_id.in_(due)))
        session.execute(sa.delete(Case).where(Case.id.in_(due)))
        for case_id in due:
            audit(session, "case.erase", case_id)
    return len(due)
