"""Metrics: portal_<thing>_<unit|total>; labels from closed sets, never an id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

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
RETENTION_ERASED = Counter(
    "portal_retention_erased_total", "Rows that the sweep erased", ["service", "record_class"]
)
RETENTION_CONFLICTS = Gauge(
    "portal_retention_conflicts", "Rows whose minimum outlasts their maximum",
    ["service", "record_class"],
)  # fmt: skip
RETENTION_HELD = Gauge(
    "portal_retention_held", "Rows old enough to go that a legal hold keeps",
    ["service", "record_class"],
)  # fmt: skip
HOLDS_TO_REVIEW = Gauge(
    "portal_legal_holds_to_review", "Legal holds that nobody has looked at again in time"
)
RIGHTS_OVERDUE = Gauge(
    "portal_rights_requests_overdue", "Requests of people for their rights that are late (S2)"
)
RECIPIENTS_OVERDUE = Gauge(
    "portal_recipient_notices_overdue", "Recipients that have not confirmed in time (art. 19)"
)
ACCOUNTS_NEAR_LIMIT = Gauge(
    "portal_accounts_near_retention_limit",
    "Closed accounts that are not erased although their limit is less than 30 days away",
)
