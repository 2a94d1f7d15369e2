"""What service-cases keeps, why and how long; erasure of a person."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from common.clock import now
from common.privacy import rulesets
from common.privacy.erasure import PERSON, Erasure
from common.privacy.grounds import Ground
from common.privacy.records import Records, deleting
from common.privacy.retention import RowFacts, Rule, Start, kept_until
from common.texts import Text
from service_cases.models import Case, CaseMessage

RULES = (
    Rule(
        record_class="case",
        period="P3Y",
        start=Start.END_OF_PROCESS,
        source="S64",
        reason="S64 names no period: follow-up faults of the machine are solved with it, and "
        "claims from a repair are barred after the regular limitation (BGB section 195).",
    ),
)

RECORDS = (
    Records(
        record_class="case",
        model=Case,
        process_ended_at=Case.closed_at,
        erase=deleting(CaseMessage.case_id, Case.id),
    ),
)

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
    person.pseudonymise(Case, _REPORTED, values=NO_CONTACT)
    _keep(person, Case, _REPORTED, of=_CLOSED_REPORTED)
    _keep(person, CaseMessage, _WRITTEN, of=_CLOSED_WRITTEN_IN)


_REPORTED = Case.account_id == PERSON
_WRITTEN = CaseMessage.author_id == PERSON
_CLOSED_REPORTED = sa.select(Case.closed_at).where(_REPORTED)
_CLOSED_WRITTEN_IN = sa.select(Case.closed_at).where(
    Case.id.in_(sa.select(CaseMessage.case_id).where(_WRITTEN))
)


def _keep(person: Erasure, model: Any, where: Any, *, of: Any) -> None:
    """Keep rows as long as the cases they belong to; without a date while one of those is open.

    of: finds when each of those was closed.
    """
    closings = [closed_at for (closed_at,) in person.read(of)]
    facts = [RowFacts(record_class="case", process_ended_at=closed_at) for closed_at in closings]
    rules = rulesets.in_force(person.session)
    until = kept_until(facts, rules, now(person.session))
    reason = Ground.OPEN_PROCESS if None in closings else Ground.ENDED_PROCESS
    person.keep(model, where, reason=reason, until=until)
