"""Figures that the worker counts at the instant of each scrape."""

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from common.ids import uuid7
from common.messaging import publish
from common.messaging.outbox import OutboxRow
from common.metrics import Observed
from sample.models import ParcelSent

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
