"""Retention of what libs/common keeps in every service's database."""

from __future__ import annotations

from common.privacy.audit import AuditEntry
from common.privacy.consent import ConsentEntry
from common.privacy.records import Records
from common.privacy.retention import Rule, Start
from common.texts import Text
from common.web.idempotency import StoredAnswer
from common.web.standing import AccountStanding

COMMON_RULES = (
    Rule(
        record_class="idempotency",
        period="P1D",
        start=Start.COLLECTION,
        source="S67",
        reason="The same request may be sent again by a client that missed the answer.",
    ),
    Rule(
        record_class="consent",
        period=None,
        follows="account",
        start=Start.END_OF_RELATION,
        source="S28",
        reason="Proves what was agreed to (art. 7(1) GDPR) as long as the person is known.",
    ),
    Rule(
        record_class="standing",
        period=None,
        start=Start.END_OF_RELATION,
        source="S31",
        reason="An id without a person stays, so that nothing late brings the account back.",
    ),
    Rule(
        record_class="audit",
        period=None,
        start=Start.COLLECTION,
        source="S12",
        reason="Ids alone, chained: proves what was done (art. 5(2) GDPR) after people are gone.",
    ),
    Rule(
        record_class="receipt",
        period=None,
        start=Start.COLLECTION,
        source="S26",
        reason="Ids, counts and signatures: proves that a person was erased (art. 5(2) GDPR).",
    ),
)
"""A class without a period does not go by a sweep: its reason says why."""

COMMON_RECORDS = (
    Records(
        record_class="idempotency",
        model=StoredAnswer,
        collected_at=StoredAnswer.stored_at,
        person=StoredAnswer.account_id,
    ),
    Records(record_class="consent", model=ConsentEntry, person=ConsentEntry.account_id),
    Records(
        record_class="standing",
        model=AccountStanding,
        person=AccountStanding.account_id,
        organisation=AccountStanding.organisation_id,
    ),
    Records(record_class="audit", model=AuditEntry, person=AuditEntry.subject),
)

COMMON_KEPT = {
    "idempotency": Text(
        "For one day, so that a repeated request is answered and not carried out twice.",
        "Eén dag, zodat een herhaald verzoek wordt beantwoord en niet tweemaal wordt uitgevoerd.",
        "Einen Tag, damit eine wiederholte Anfrage beantwortet und nicht zweimal ausgeführt wird.",
    ),
    "consent": Text(
        "As long as your account is kept, to prove what you agreed to and withdrew.",
        "Zolang uw account wordt bewaard, om aan te tonen waarmee u hebt ingestemd en wat u hebt "
        "ingetrokken.",
        "Solange Ihr Konto gespeichert ist, um zu belegen, worin Sie eingewilligt und was Sie "
        "widerrufen haben.",
    ),
    "standing": Text(
        "While your account exists; afterwards an id without a person stays, so that nothing late "
        "brings it back.",
        "Zolang uw account bestaat; daarna blijft een id zonder persoon, zodat niets wat te laat "
        "komt het terugbrengt.",
        "Solange Ihr Konto besteht; danach bleibt eine Kennung ohne Person, damit nichts "
        "Verspätetes es zurückbringt.",
    ),
    "audit": Text(
        "Ids alone, without an end: they prove what was done, and name nobody once an account is "
        "erased.",
        "Alleen id's, zonder einddatum: ze tonen aan wat er is gedaan, en noemen niemand meer "
        "zodra een account is gewist.",
        "Nur Kennungen, ohne Ende: Sie belegen, was getan wurde, und nennen niemanden mehr, "
        "sobald ein Konto gelöscht ist.",
    ),
    "receipt": Text(
        "Without an end: it proves, without a name, that you were erased.",
        "Zonder einddatum: het bewijst, zonder naam, dat u bent gewist.",
        "Ohne Ende: Sie belegt ohne Namen, dass Sie gelöscht wurden.",
    ),
}
"""What people are told about how long these are kept."""
