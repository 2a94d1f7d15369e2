"""Who may speak to whom: exactly what the services declare, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from deploy.kubernetes.declared import CALLS, METRICS_PORT, WEB_PORT, meta

# fmt: off
OUTSIDE: Mapping[str, tuple[int, ...]] = {
    "identity":  (465, 587),  # mail
    "screening": (443,),      # lists, or the provider
    "uploads":   (443,),      # the object store
}
# fmt: on
"""Ports beyond the cluster that a service needs; nobody else gets out."""


def policies(service: str) -> Iterator[dict[str, Any]]:
    """Who may come in and where it may go; everything else is denied by platform/."""
    callers = sorted(name for name, called in CALLS.items() if service in called)
    web: list[dict[str, Any]] = [_of(name) for name in callers]
    if service == "gateway":
        web = [{"namespaceSelector": _named("ingress")}]
    yield _policy(service, "in", {
        "policyTypes": ["Ingress"],
        "ingress": [
            {"from": web, "ports": [_port(WEB_PORT)]},
            {"from": [{"namespaceSelector": _named("monitoring")}], "ports": [_port(METRICS_PORT)]},
        ],
    })  # fmt: skip
    out: list[dict[str, Any]] = [
        {"to": [_of(name, "web") for name in sorted(CALLS[service])], "ports": [_port(WEB_PORT)]}
    ]
    if service in OWNERS_OF_PERSONAL_DATA:
        database = {"podSelector": {"matchLabels": {"cnpg.io/cluster": service}}}
        broker = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "broker"}}}
        out += [
            {"to": [database], "ports": [_port(5432)]},
            {"to": [broker], "ports": [_port(5672), _port(5671)]},
        ]
    if service in OUTSIDE:
        anywhere = {"ipBlock": {"cidr": "0.0.0.0/0"}}
        out.append({"to": [anywhere], "ports": [_port(each) for each in OUTSIDE[service]]})
    yield _policy(service, "out", {"policyTypes": ["Egress"], "egress": out})


def _policy(service: str, way: str, spec: dict[str, Any]) -> dict[str, Any]:
    selector = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": service}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta(service, way),
        "spec": {**selector, **spec},
    }


def _of(service: str, component: str = "") -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": service}
    if component:
        labels["app.kubernetes.io/component"] = component
    return {"podSelector": {"matchLabels": labels}}


def _named(namespace: str) -> dict[str, Any]:
    """A namespace that the cluster's own people labelled for this use."""
    return {"matchLabels": {"portal/use": namespace}}


def _port(number: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": number}
