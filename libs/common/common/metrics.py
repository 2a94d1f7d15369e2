"""Metrics: portal_<thing>_<unit|total>; labels from closed sets, never an id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, TypeVar

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from common.logs import log

REQUESTS = Histogram(
    "portal_http_request_seconds",
    "Time to answer a request",
    ["service", "route", "method", "status"],
)
EVENTS_HANDLED = Counter(
    "portal_events_handled_total", "Events by what became of them", ["subscription", "outcome"]
)
EVENT_SECONDS = Histogram(
    "portal_event_batch_seconds", "Time to handle a batch of events", ["subscription"]
)
EVENT_LAG = Histogram(
    "portal_event_lag_seconds", "From an event's own time until it was handled, outbox and all",
    ["subscription"], buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30, 300, 3600),
)  # fmt: skip
EVENTS_RELAYED = Counter(
    "portal_events_relayed_total", "Outbox rows by what the broker said", ["service", "outcome"]
)
OUTBOX_PENDING = Gauge("portal_outbox_pending", "Rows the relay read last", ["service"])
TICKS = Gauge(
    "portal_worker_tick_timestamp_seconds", "When a loop of the worker last ran",
    ["service", "loop"],
)  # fmt: skip
JOBS = Counter("portal_jobs_total", "Runs of steps and jobs", ["service", "job", "outcome"])
MAILS = Counter("portal_mails_total", "Tries to send a mail by what became of them", ["outcome"])
HASHES_QUEUED = Gauge("portal_password_hashes_queued", "Password hashes waiting for a thread")

G = TypeVar("G", bound=Callable[[Any], float])


def gauge(name: str, meaning: str) -> Callable[[G], G]:
    """Mark a function of a reading session that counts something now.

    The worker answers with it whenever it is scraped: a CronJob's own figures end with it.
    """

    def mark(function: G) -> G:
        function.__gauge__ = (name, meaning)  # type: ignore[attr-defined]
        return function

    return mark


def gauges_of(*modules: ModuleType) -> tuple[Callable[[Any], float], ...]:
    """Functions marked in these modules, in the order written."""
    return tuple(
        each for module in modules for each in vars(module).values() if hasattr(each, "__gauge__")
    )


class Observed(Collector):
    """What the marked functions of a service say at the instant of the scrape."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked of the database only to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask each function; without a database there is no figure, which is an alarm itself."""
        for function in self._runtime.service.gauges:
            name, meaning = function.__gauge__
            family = GaugeMetricFamily(name, meaning, labels=["service"])
            try:
                with self._runtime.reading() as session:
                    family.add_metric([self._runtime.name], function(session))
            except SQLAlchemyError as error:
                log.warning("a metric cannot be read", metric=name, error=type(error).__name__)
                continue
            yield family
