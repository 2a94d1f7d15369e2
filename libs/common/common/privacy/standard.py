"""Retention of what libs/common keeps in every service's database."""

from __future__ import annotations

from common.privacy.records import Records
from common.privacy.retention import Rule, Start
from common.web.idempotency import StoredAnswer

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
        reason="Ids alone: proves what was done (art. 5(2) GDPR) after people are gone.",
    ),
    Rule(
        record_class="receipt",
        period=None,
        start=Start.COLLECTION,
        source="S26",
        reason="Ids, counts and signatures: proves that a person was erased (art. 5(2) GDPR).",
    ),
    Rule(
        record_class="hold",
        period=None,
        start=Start.COLLECTION,
        source="S26",
        reason="Ids alone: that something was held, and is no more, is not forgotten.",
    ),
)
"""A class without a period does not go by a sweep: its reason says why."""

COMMON_RECORDS = (
    Records(record_class="idempotency", model=StoredAnswer, collected_at=StoredAnswer.stored_at),
)
