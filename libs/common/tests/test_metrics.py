"""Figures that the worker counts at the instant of each scrape."""

import prometheus_client
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from common.ids import uuid7
from common.messaging import publish
from common.messaging.outbox import OutboxRow
from common.metrics import Observed
from common.privacy import chain, sweeps
from common.privacy.audit import audit
from common.privacy.chain import AuditAnchor, AuditSeal
from sample.models import Parcel, ParcelSent

AGE = "portal_outbox_oldest_age_seconds"


def scraped(harness):
    """What the worker says, by the metric's name."""
    found = Observed(harness.runtime).collect()
    return {each.name: (each.samples[0].labels, each.samples[0].value) for each in found}


def test_the_age_of_the_outbox_is_that_of_its_oldest_row_and_nothing_when_it_is_empty(sample):
    labels = {"service": "sample"}
    assert scraped(sample)[AGE] == (labels, 0.0)
    with sample.runtime.transaction() as session:
        publish(session, ParcelSent(parcel_id=uuid7(), weight=1))
        published = session.scalar(sa.select(OutboxRow.event_id))
    sample.clock.instant = sample.clock.instant.fromtimestamp(
        (published.int >> 80) / 1000 + 90, sample.clock.instant.tzinfo
    )
    assert scraped(sample)[AGE] == (labels, 90.0)


def test_without_a_database_there_is_no_figure_and_the_scrape_answers(sample, monkeypatch):
    def lost():
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(sample.runtime, "reading", lost)
    assert scraped(sample) == {}


def test_the_audit_is_as_old_as_its_oldest_entry_that_nobody_else_can_vouch_for(sample):
    age = "portal_audit_head_age_seconds"
    with sample.runtime.transaction() as session:
        audit(session, "parcel.send", "1")
    sample.clock.advance("PT1M")
    assert scraped(sample)[age][1] == 60.0
    chain.seal(sample.runtime)
    assert scraped(sample)[age][1] == 0.0
    sample.clock.advance("PT1M")
    assert scraped(sample)[age][1] == 60.0
    head = sample.rows(AuditSeal)[-1]
    sample.given(
        AuditAnchor(service="sample", number=head.number, hash=head.hash, sealed_at=head.sealed_at)
    )
    assert scraped(sample)[age][1] == 0.0


def test_an_event_that_waited_is_seen_to_have_waited(sample):
    parcel = Parcel(organisation_id=uuid7(), account_id=uuid7(), label="box", weight=1)
    parcel_id = sample.given(parcel).id
    message, before = sample.message(ParcelSent(parcel_id=parcel_id, weight=1)), lags()
    sample.clock.advance("PT1M")
    asking = [each for each in sample.service.subscriptions if message.type in each.types]
    for each in asking:
        sample._deliver(each, message)
    assert lags() == before + 60.0 * len(asking) > before


def lags():
    """Seconds that all events of the sample waited together."""
    name = "portal_event_lag_seconds_sum"
    told = prometheus_client.REGISTRY.collect()
    every = [each for family in told for each in family.samples if each.name == name]
    return sum(each.value for each in every if each.labels["subscription"].startswith("sample."))


def test_what_a_sweep_left_is_told_until_the_next_one(sample):
    sweeps.sweep(sample.runtime)
    sample.clock.advance("P1D")
    told = scraped(sample)
    assert told["portal_retention_sweep_age_seconds"][1] == 86400.0
    assert told["portal_retention_due"][1] == told["portal_retention_held"][1] == 0


def test_a_table_that_is_swept_no_more_does_not_grow_old(sample):
    at = sample.clock.now()
    sample.given(
        sweeps.RetentionReport(
            record_class="parcels-of-old", of_table="old_parcels", begun_at=at, ended_at=at,
            looked_at=3, lease=uuid7(), leased_until=at,
        )
    )  # fmt: skip
    sample.clock.advance("P30D")
    told = scraped(sample)
    assert told["portal_retention_sweep_age_seconds"][1] == 0.0
    assert told["portal_retention_due"][1] == 0
