"""What the manifests are made from: the services' own declarations."""

from __future__ import annotations

import functools
import re
from typing import Any

import prometheus_client

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.jobs import Job
from common.service import load_services
from common.settings import ProcessSettings
from gateway.settings import Settings as GatewaySettings
from identity.settings import OTHERS

WEB_PORT, METRICS_PORT = 8000, 9090
CALLS: dict[str, frozenset[str]] = {
    "gateway": frozenset(OWNERS_OF_PERSONAL_DATA),
    "identity": OTHERS,
    **{name: frozenset({"identity"}) for name in OTHERS},
}
"""Whom each service calls over HTTP: `peer_urls` of its settings."""


def jobs(service: str) -> list[Job]:
    """Scheduled jobs of a service, by name."""
    return sorted(load_services([service])[service].jobs.values(), key=lambda each: each.name)


def settings_of(service: str) -> type[ProcessSettings]:
    """The class that declares a service's environment variables."""
    if service == "gateway":
        return GatewaySettings
    return load_services([service])[service].settings_class


@functools.cache
def metrics() -> frozenset[str]:
    """Names of all metrics that processes export, as the code declares them."""
    services = load_services(OWNERS_OF_PERSONAL_DATA).values()
    counted = {each.__gauge__[0] for service in services for each in service.gauges}  # type: ignore[attr-defined]
    collected = {each.name for each in prometheus_client.REGISTRY.collect()}
    return frozenset(name for name in counted | collected if name.startswith("portal_"))


def named_metrics(expression: str) -> set[str]:
    """Names of ours in a PromQL expression, without what a counter's or histogram's samples add."""
    found = re.findall(r"portal_\w+", expression)
    return {re.sub(r"_(total|count|sum|bucket)$", "", each) for each in found}


def labels(service: str, component: str) -> dict[str, str]:
    """Which part of which service an object is."""
    return {"app.kubernetes.io/name": service, "app.kubernetes.io/component": component}


def meta(service: str, component: str = "", **more: Any) -> dict[str, Any]:
    """Name and labels of an object; component: web, worker, or what else it is."""
    name = f"{service}-{component}" if component else service
    return {"name": name, "labels": labels(service, component or "web"), **more}
