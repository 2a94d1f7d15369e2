"""Processes, jobs and what keeps them running, as objects of Kubernetes."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import timedelta
from typing import Any

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.jobs import Job
from common.messaging import topology
from common.settings import variable
from deploy.kubernetes.declared import METRICS_PORT, WEB_PORT, labels, meta, settings_of

MESSAGES_PER_WORKER = 500
"""How many messages may wait in a queue before another worker is started."""
USER = 10001
GRACE_SECONDS = {"web": 45, "worker": 60}
"""Longer than a request (30 s) and than a batch; the worker joins its loops for 20 s."""

# fmt: off
MEMORY = {  # request, limit; measured: web 28 + 118 MB, worker 115 MB after 10,000 (make bench)
    "web": ("192Mi", "512Mi"), "worker": ("160Mi", "384Mi"),
    "screening worker": ("512Mi", "1Gi"),  # and its index of names
}
# fmt: on


def schedule(name: str, every: timedelta) -> str:
    """When a CronJob runs: not all at the same minute, daily ones at night."""
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16)
    minute, hour = number % 60, 1 + number // 60 % 4
    if every == timedelta(hours=1):
        return f"{minute} * * * *"
    if every == timedelta(days=1):
        return f"{minute} {hour} * * *"
    raise ValueError(f"{name}: no schedule for every {every}")


def _secrets(service: str) -> list[dict[str, Any]]:
    """Environment variables that come from Secrets: the settings that say they are secret."""
    found = []
    for field in dataclasses.fields(settings_of(service)):
        if not field.metadata["secret"]:
            continue
        secret, key = {
            "database_url": (f"{service}-app", "uri"),  # made by CloudNativePG
            "broker_url": ("broker", "url"),
        }.get(field.name, (service, field.name.replace("_", "-")))
        reference = {"name": secret, "key": key}
        if field.default == "":
            reference["optional"] = True  # type: ignore[assignment]
        found.append({"name": variable(service, field), "valueFrom": {"secretKeyRef": reference}})
    return found


def deployment(service: str, component: str) -> dict[str, Any]:
    """The processes of a service that answer (web) or consume (worker)."""
    same = labels(service, component)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(service, component),
        "spec": {
            "replicas": 2 if component == "web" else 1,
            "revisionHistoryLimit": 3,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "selector": {"matchLabels": same},
            "template": {
                "metadata": {"labels": same},
                "spec": {
                    **_pod(service, component),
                    "terminationGracePeriodSeconds": GRACE_SECONDS[component],
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "kubernetes.io/hostname",
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": same},
                        }
                    ],
                },
            },
        },
    }


def _pod(service: str, component: str, arguments: tuple[str, ...] = ()) -> dict[str, Any]:
    volumes: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]
    if service in OWNERS_OF_PERSONAL_DATA:
        sources = [
            {"secret": {"name": f"{service}-keys"}},
            {"configMap": {"name": "jwks"}},
        ]
        volumes.append({"name": "keys", "projected": {"defaultMode": 0o440, "sources": sources}})
    return {
        "serviceAccountName": service,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(service, component, arguments or (component,))],
        "volumes": volumes,
    }  # fmt: skip


def _container(service: str, component: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    request, limit = MEMORY.get(f"{service} {component}", MEMORY.get(component, MEMORY["worker"]))
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]
    if service in OWNERS_OF_PERSONAL_DATA:
        mounts.append({"name": "keys", "mountPath": "/keys", "readOnly": True})  # type: ignore[dict-item]
    return {
        "name": component,
        "image": f"portal-{service}",
        "args": list(arguments),
        "envFrom": [{"configMapRef": {"name": each}} for each in ("portal", service)],
        **({"env": found} if (found := _secrets(service)) else {}),
        "resources": {
            "requests": {"cpu": "100m", "memory": request},
            "limits": {"memory": limit},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
        **_life(component),
    }


def _life(component: str) -> dict[str, Any]:
    """Ports, probes and the end. Liveness touches neither database nor broker."""
    if component not in GRACE_SECONDS:
        return {}
    port = "web" if component == "web" else "metrics"
    alive, ready = (
        {"httpGet": {"path": f"/{each}", "port": port}} for each in ("healthz", "readyz")
    )
    ports = (
        {"web": WEB_PORT, "metrics": METRICS_PORT} if port == "web" else {"metrics": METRICS_PORT}
    )
    return {
        "ports": [{"name": name, "containerPort": number} for name, number in ports.items()],
        "startupProbe": {**alive, "periodSeconds": 1, "failureThreshold": 60},
        "livenessProbe": {**alive, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
        "readinessProbe": {**ready, "periodSeconds": 5, "timeoutSeconds": 5},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }


def service(name: str) -> dict[str, Any]:
    """What callers of a service's web processes name."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name),
        "spec": {
            "selector": labels(name, "web"),
            # After a restore two services may have to ask each other before either is ready.
            "publishNotReadyAddresses": name in OWNERS_OF_PERSONAL_DATA,
            "ports": [{"name": "web", "port": WEB_PORT, "targetPort": "web"}],
        },
    }


def disruption(service: str) -> dict[str, Any]:
    """One web process stays whatever is done to nodes."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta(service, "web"),
        "spec": {"minAvailable": 1, "selector": {"matchLabels": labels(service, "web")}},
    }


def autoscaler(service: str) -> dict[str, Any]:
    """More web processes when they are busy."""
    utilization = {"type": "Utilization", "averageUtilization": 70}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(service, "web"),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": f"{service}-web",
            },
            "minReplicas": 2,
            "maxReplicas": 6,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}],
        },
    }


def scaled(service: str) -> dict[str, Any]:
    """More workers when messages wait in one of the service's queues."""
    queues = sorted(name for name in topology.estate() if name.startswith(f"{service}."))
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": meta(service, "worker"),
        "spec": {
            "scaleTargetRef": {"name": f"{service}-worker"},
            "minReplicaCount": 1,
            "maxReplicaCount": 3,
            "triggers": [
                {
                    "type": "rabbitmq",
                    "metadata": {
                        "protocol": "amqp", "queueName": queue, "mode": "QueueLength",
                        "value": str(MESSAGES_PER_WORKER),
                    },
                    "authenticationRef": {"name": f"{service}-broker"},
                }
                for queue in queues
            ],
        },
    }  # fmt: skip


def trigger(service: str) -> dict[str, Any]:
    """How KEDA gets into the broker."""
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "TriggerAuthentication",
        "metadata": meta(service, "broker"),
        "spec": {"secretTargetRef": [{"parameter": "host", "name": "broker", "key": "url"}]},
    }


def migrate(service: str) -> dict[str, Any]:
    """The job that brings the database to the newest migration, once a version."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta(service, "migrate"),
        "spec": {"backoffLimit": 6, "ttlSecondsAfterFinished": 3600, **_once(service, "migrate")},
    }


def _once(service: str, *arguments: str) -> dict[str, Any]:
    return {
        "template": {
            "metadata": {"labels": labels(service, "job")},
            "spec": {**_pod(service, "job", arguments), "restartPolicy": "OnFailure"},
        }
    }


def cron_job(service: str, job: Job) -> dict[str, Any]:
    """A job that the service declares with @job."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": meta(service, job.name),
        "spec": {
            "schedule": schedule(f"{service}-{job.name}", job.every),
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 600,
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": {"backoffLimit": 2, **_once(service, "job", job.name)}},
        },
    }


def account(service: str) -> dict[str, Any]:
    """An account that may do nothing in the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": meta(service),
        "automountServiceAccountToken": False,
    }


def monitor(service: str) -> dict[str, Any]:
    """Where Prometheus reads the metrics of all processes of a service."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": meta(service),
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": service}},
            "podMetricsEndpoints": [{"port": "metrics", "interval": "15s"}],
        },
    }
