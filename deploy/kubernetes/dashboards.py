"""The Grafana dashboards, which `python -m deploy.kubernetes.generate` writes to the platform.

Every panel names metrics that the code exports; one that names another is not written. RabbitMQ and
PostgreSQL bring dashboards of their own, which show queues, disks and connections.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.kubernetes.declared import metrics, named_metrics

FOLDER = Path(__file__).parent / "platform" / "dashboards"
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH, HEIGHT = 12, 8


class NoSuchMetric(Exception):
    """A panel names a metric that nothing exports."""


@dataclass(frozen=True)
class Panel:
    """A picture of some expressions: (PromQL, what each line is called)."""

    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    limit: float | None = None
    """From here on it is red."""


def rate(name: str, by: str, where: str = "") -> str:
    """Events a second, summed over processes."""
    return f"sum by ({by}) (rate({name}{{{where}}}[5m]))"


def quantile(share: float, name: str, by: str, where: str = "") -> str:
    """Value below which this share of a histogram's observations lies."""
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({name}_bucket{{{where}}}[5m])))"


REQUESTS, EVENTS = "portal_http_request_seconds", "portal_events_handled_total"
LAG, BATCH = "portal_event_lag_seconds", "portal_event_batch_seconds"
WELL = Panel(
    "Loops of the workers: since each ran last",
    "s",
    (
        (
            "time() - max by (service, loop) (portal_worker_tick_timestamp_seconds)",
            "{{service}} {{loop}}",
        ),
    ),
    60,
)
OUTBOX_AGE = Panel(
    "Oldest event in each outbox",
    "s",
    (("max by (service) (portal_outbox_oldest_age_seconds)", "{{service}}"),),
    30,
)
STANDING = Panel(
    "From a block to every service: standing heard, 99 of 100",
    "s",
    ((quantile(0.99, LAG, "subscription", 'subscription=~".*keep_standing"'), "{{subscription}}"),),
    1,
)
OVERDUE = Panel(
    "Overdue towards people",
    "short",
    (
        ("max(portal_erasures_overdue)", "erasures"),
        ("max(portal_rights_requests_overdue)", "requests for rights"),
        ("max(portal_recipient_notices_overdue)", "notices to recipients"),
    ),
    1,
)
PENDING = Panel(
    "Names that wait for their comparison", "short", (("max(portal_screenings_pending)", "names"),)
)
DASHBOARDS: dict[str, tuple[str, tuple[Panel, ...]]] = {
    "estate": (
        "Portal: the estate",
        (
            Panel("Requests", "reqps", ((rate(f"{REQUESTS}_count", "service"), "{{service}}"),)),
            Panel(
                "Answers of 5xx",
                "reqps",
                ((rate(f"{REQUESTS}_count", "service", 'status=~"5.."'), "{{service}}"),),
                1,
            ),
            Panel(
                "Time to answer, 95 of 100",
                "s",
                ((quantile(0.95, REQUESTS, "service"), "{{service}}"),),
            ),
            STANDING,
            OUTBOX_AGE,
            WELL,
            OVERDUE,
            PENDING,
        ),
    ),
    "messaging": (
        "Portal: messaging",
        (
            Panel(
                "Events handled",
                "eps",
                ((rate(EVENTS, "subscription", 'outcome="ok"'), "{{subscription}}"),),
            ),
            Panel(
                "Retried, parked and stale",
                "eps",
                (
                    (
                        rate(EVENTS, "subscription, outcome", 'outcome!~"ok|duplicate"'),
                        "{{subscription}} {{outcome}}",
                    ),
                ),
            ),
            Panel(
                "From event to handler, 95 of 100",
                "s",
                ((quantile(0.95, LAG, "subscription"), "{{subscription}}"),),
            ),
            Panel(
                "Time of a batch, 95 of 100",
                "s",
                ((quantile(0.95, BATCH, "subscription"), "{{subscription}}"),),
            ),
            Panel(
                "Outbox: confirmed and refused",
                "eps",
                (
                    (
                        rate("portal_events_relayed_total", "service, outcome"),
                        "{{service}} {{outcome}}",
                    ),
                ),
            ),
            Panel(
                "Outbox: rows read last",
                "short",
                (("max by (service) (portal_outbox_pending)", "{{service}}"),),
                500,
            ),
            OUTBOX_AGE,
            WELL,
        ),
    ),
    "data-protection": (
        "Portal: data protection",
        (
            OVERDUE,
            STANDING,
            PENDING,
            Panel(
                "Verdicts that only a sweep of everybody found",
                "short",
                (("sum(increase(portal_screening_drift_total[7d]))", "verdicts"),),
                1,
            ),
            Panel(
                "Accounts and holds that somebody has to look at",
                "short",
                (
                    (
                        "max(portal_accounts_near_retention_limit)",
                        "accounts 30 days before their limit",
                    ),
                    ("max(portal_legal_holds_to_review)", "legal holds to review"),
                ),
            ),
            Panel(
                "Rows due that the last sweep left",
                "short",
                (
                    ("max by (service) (portal_retention_due)", "{{service}}"),
                    ("max by (service) (portal_retention_held)", "{{service}} under a hold"),
                ),
            ),
            Panel(
                "Rules that contradict each other: rows",
                "short",
                (("max by (service) (portal_retention_conflicts)", "{{service}}"),),
                1,
            ),
            Panel(
                "Since the last sweep",
                "s",
                (("max by (service) (portal_retention_sweep_age_seconds)", "{{service}}"),),
                172_800,
            ),
            Panel(
                "Audit: oldest entry that nobody else vouches for",
                "s",
                (("max by (service) (portal_audit_head_age_seconds)", "{{service}}"),),
                7_200,
            ),
            Panel(
                "Mails",
                "short",
                (("sum by (outcome) (increase(portal_mails_total[1h]))", "{{outcome}}"),),
            ),
        ),
    ),
    "service": (
        "Portal: one service",
        (
            Panel(
                "Requests by route",
                "reqps",
                (
                    (
                        rate(f"{REQUESTS}_count", "route, method", 'service="$service"'),
                        "{{method}} {{route}}",
                    ),
                ),
            ),
            Panel(
                "Errors by route",
                "reqps",
                (
                    (
                        rate(
                            f"{REQUESTS}_count",
                            "route, status",
                            'service="$service", status=~"[45].."',
                        ),
                        "{{status}} {{route}}",
                    ),
                ),
            ),
            Panel(
                "Time to answer by route, 95 of 100",
                "s",
                ((quantile(0.95, REQUESTS, "route", 'service="$service"'), "{{route}}"),),
            ),
            Panel(
                "Events handled",
                "eps",
                (
                    (
                        rate(EVENTS, "subscription, outcome", 'subscription=~"$service[.].*"'),
                        "{{subscription}} {{outcome}}",
                    ),
                ),
            ),
            Panel(
                "From event to handler, 95 of 100",
                "s",
                (
                    (
                        quantile(0.95, LAG, "subscription", 'subscription=~"$service[.].*"'),
                        "{{subscription}}",
                    ),
                ),
            ),
            Panel(
                "Jobs and steps",
                "ops",
                (
                    (
                        rate("portal_jobs_total", "job, outcome", 'service="$service"'),
                        "{{job}} {{outcome}}",
                    ),
                ),
            ),
            Panel(
                "Password hashes that wait (identity)",
                "short",
                (("max(portal_password_hashes_queued)", "hashes"),),
            ),
            Panel(
                "Memory",
                "bytes",
                (('max by (pod) (process_resident_memory_bytes{pod=~"$service-.*"})', "{{pod}}"),),
            ),
        ),
    ),
}
"""File name: title and panels, in reading order."""


def files() -> Iterator[tuple[Path, str]]:
    """Every dashboard with its JSON; raises NoSuchMetric."""
    for name, (title, panels) in DASHBOARDS.items():
        board = dashboard(name, title, panels)
        yield FOLDER / f"{name}.json", json.dumps(board, indent=1) + "\n"


def dashboard(name: str, title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """One dashboard, two panels a row; the service's own asks which service."""
    variables: list[dict[str, Any]] = [
        {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    ]
    if name == "service":
        query = f"label_values({REQUESTS}_count, service)"
        variables.append(
            {"name": "service", "type": "query", "datasource": SOURCE, "query": query, "refresh": 1}
        )
    return {
        "uid": f"portal-{name}",
        "title": title,
        "tags": ["portal"],
        "schemaVersion": 41,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": variables},
        "panels": [_panel(number, each) for number, each in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    for expression, _ in panel.lines:
        if unknown := named_metrics(expression) - metrics():
            raise NoSuchMetric(f"“{panel.title}” names {', '.join(unknown)}, which nothing exports")
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    shown = {"thresholdsStyle": {"mode": "off" if panel.limit is None else "line"}}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {
            "x": number % 2 * WIDTH, "y": number // 2 * HEIGHT, "w": WIDTH, "h": HEIGHT
        },
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit, "min": 0, "custom": shown,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "targets": [
            {"refId": chr(ord("A") + place), "expr": expression, "legendFormat": legend}
            for place, (expression, legend) in enumerate(panel.lines)
        ],
    }  # fmt: skip
