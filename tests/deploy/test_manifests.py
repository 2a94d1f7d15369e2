"""The manifests, object by object: valid, safe, and the same as what the services declare."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, SERVICES
from common.messaging import topology
from common.service import load_services
from common.settings import SettingsError, load, variable
from deploy.kubernetes.declared import CALLS, jobs, metrics, named_metrics, settings_of
from deploy.kubernetes.workloads import schedule

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("dev", "production")
KUBERNETES = "1.32.0"
PODS = ("Deployment", "Job", "CronJob")
SECRETS = {"IDENTITY_PEPPER": "c" * 64, "IDENTITY_MAIL_URL": "smtps://mail.test"}
KINDS_OF_OPERATORS = {path.stem for path in (FOLDER / "schemas").glob("*.json")}
pytestmark = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl renders the overlays: install it"
)
Object = dict[str, Any]


@functools.cache
def rendered(overlay: str) -> tuple[Object, ...]:
    """Objects of an overlay, as kustomize makes them."""
    return tuple(yaml.safe_load_all(kustomize(FOLDER / "overlays" / overlay)))


def kustomize(folder: Path) -> str:
    """What kubectl makes of a folder."""
    command = ["kubectl", "kustomize", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def objects(*kinds: str, overlay: str = "production") -> list[Object]:
    """Copies of an overlay's objects of these kinds."""
    return [copy.deepcopy(each) for each in rendered(overlay) if each["kind"] in kinds]


def pod_of(thing: Object) -> Object:
    """The pod's spec of a workload."""
    spec = thing["spec"].get("jobTemplate", thing)["spec"]
    return dict(spec["template"]["spec"])


def name_of(thing: Object) -> str:
    """Kind and name, for reports."""
    return f"{thing['kind']} {thing['metadata']['name']}"


# ------------------------------------------------------------------------------------- is valid


def faults_of_form(thing: Object) -> list[str]:
    """Why an object is none that Kubernetes, or the operator of its kind, would take."""
    if thing["kind"] in KINDS_OF_OPERATORS:
        schema = json.loads((FOLDER / "schemas" / f"{thing['kind']}.json").read_text())
        found = jsonschema.Draft202012Validator(schema).iter_errors(thing)
        return [each.message for each in found]
    try:
        kubernetes_validate.validate(thing, KUBERNETES, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_of_every_overlay_is_valid(overlay: str) -> None:
    found = {name_of(each): faults_of_form(each) for each in rendered(overlay)}
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert len(found) == len(rendered(overlay))


@pytest.mark.parametrize(
    "kind", sorted({*PODS, "Service", "NetworkPolicy", "ScaledObject", "Cluster", "PodMonitor"})
)
def test_a_field_that_there_is_not_is_noticed(kind: str) -> None:
    thing = objects(kind)[0]
    thing["spec"]["replica"] = 2
    assert faults_of_form(thing)


def test_what_is_generated_is_current() -> None:
    command = [sys.executable, "-m", "deploy.kubernetes.generate", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# -------------------------------------------------------------------------------------- is safe


def unrestricted(pod: Object) -> Iterator[str]:
    """What Pod Security "restricted" would refuse, and what we refuse beside it."""
    own = pod.get("securityContext", {})
    if not own.get("runAsNonRoot") or not own.get("runAsUser"):
        yield "may run as root"
    if own.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if pod.get("automountServiceAccountToken") is not False:
        yield "is given a token of the cluster"
    for each in pod["containers"]:
        context = each.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False:
            yield "may gain privileges"
        if context.get("readOnlyRootFilesystem") is not True:
            yield "may write to its own files"
        if context.get("capabilities", {}).get("drop") != ["ALL"]:
            yield "keeps capabilities"
        resources = each.get("resources", {})
        if not {"cpu", "memory"} <= set(resources.get("requests", {})):
            yield "asks for no resources"
        if "memory" not in resources.get("limits", {}):
            yield "has no limit of memory"
    if any("hostPath" in each for each in pod.get("volumes", ())):
        yield "reaches into the node"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_restricted(overlay: str) -> None:
    found = {
        name_of(each): [*unrestricted(pod_of(each))] for each in objects(*PODS, overlay=overlay)
    }
    assert found
    assert {name: faults for name, faults in found.items() if faults} == {}


def _without(*path: Any) -> Callable[[Object], None]:
    def spoil(pod: Object) -> None:
        for step in path[:-1]:
            pod = pod[step]
        del pod[path[-1]]

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        _without("securityContext", "runAsNonRoot"),
        _without("securityContext", "seccompProfile"),
        _without("automountServiceAccountToken"),
        _without("containers", 0, "securityContext", "allowPrivilegeEscalation"),
        _without("containers", 0, "securityContext", "readOnlyRootFilesystem"),
        _without("containers", 0, "securityContext", "capabilities"),
        _without("containers", 0, "resources", "requests", "memory"),
        _without("containers", 0, "resources", "limits", "memory"),
        lambda pod: pod["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    ],
)
def test_a_pod_that_may_more_is_noticed(spoil: Callable[[Object], None]) -> None:
    pod = pod_of(objects("Deployment")[0])
    spoil(pod)
    assert [*unrestricted(pod)]


def unsteady(deployment: Object) -> Iterator[str]:
    """What would drop requests or events when a pod is replaced."""
    pod = pod_of(deployment)
    [container] = pod["containers"]
    probes = {each: container.get(f"{each}Probe") for each in ("startup", "liveness", "readiness")}
    paths = {name: probe and probe["httpGet"]["path"] for name, probe in probes.items()}
    if paths != {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}:
        yield "liveness must touch nothing and readiness everything"
    pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    if pause < 5 or pod.get("terminationGracePeriodSeconds", 0) < pause + 30:
        yield "is ended before it has finished"
    if deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
        yield "goes before another one has come"
    if not pod.get("topologySpreadConstraints"):
        yield "all may be on one node"


def test_every_deployment_is_replaced_without_a_gap() -> None:
    found = {name_of(each): [*unsteady(each)] for each in objects("Deployment")}
    assert len(found) == 2 * len(OWNERS_OF_PERSONAL_DATA) + 1
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pod: pod["containers"][0]["livenessProbe"]["httpGet"].update(path="/readyz"),
        lambda pod: pod["containers"][0].pop("lifecycle"),
        lambda pod: pod.update(terminationGracePeriodSeconds=10),
        lambda pod: pod.pop("topologySpreadConstraints"),
    ],
)
def test_a_deployment_that_leaves_a_gap_is_noticed(spoil: Callable[[Object], None]) -> None:
    deployment = objects("Deployment")[0]
    spoil(deployment["spec"]["template"]["spec"])
    assert [*unsteady(deployment)]


def test_every_web_deployment_has_a_budget_and_scales_between_bounds() -> None:
    webs = {f"{service}-web" for service in SERVICES}
    budgets = {each["metadata"]["name"]: each for each in objects("PodDisruptionBudget")}
    scalers = {each["spec"]["scaleTargetRef"]["name"]: each["spec"]
               for each in objects("HorizontalPodAutoscaler")}  # fmt: skip
    assert set(budgets) == set(scalers) == webs
    assert all(2 <= each["minReplicas"] < each["maxReplicas"] for each in scalers.values())


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_stands_in_the_manifests(overlay: str) -> None:
    assert objects("Secret", overlay=overlay) == []
    secret = {
        variable(service, field)
        for service in SERVICES
        for field in dataclasses.fields(settings_of(service))
        if field.metadata["secret"]
    }
    told = {name for each in objects("ConfigMap", overlay=overlay) for name in each.get("data", {})}
    assert told & secret == set()


def test_traces_are_told_where_and_let_through_by_one_component(tmp_path: Path) -> None:
    overlay = os.path.relpath(FOLDER / "overlays" / "production", tmp_path)
    traces = os.path.relpath(FOLDER / "components" / "traces", tmp_path)
    whole = {"resources": [overlay], "components": [traces]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    made = [*yaml.safe_load_all(kustomize(tmp_path))]
    assert [faults for each in made if (faults := faults_of_form(each))] == []
    told = next(each for each in made if "PORTAL_TRACES_URL" in each.get("data", {}))["data"]
    policy = next(each for each in made if each["metadata"]["name"] == "traces-out")
    assert f":{policy['spec']['egress'][0]['ports'][0]['port']}/" in told["PORTAL_TRACES_URL"]
    assert told["PORTAL_PROFILE"] == "production"


# -------------------------------------------------------------------- is what the services declare


def told(overlay: str) -> dict[str, dict[str, Any]]:
    """By service, the environment of each of its workloads, put together."""
    maps = {
        each["metadata"]["name"]: each["data"] for each in objects("ConfigMap", overlay=overlay)
    }
    found: dict[str, dict[str, Any]] = {service: {} for service in SERVICES}
    for thing in objects(*PODS, overlay=overlay):
        service = thing["metadata"]["labels"]["app.kubernetes.io/name"]
        for container in pod_of(thing)["containers"]:
            for each in container["envFrom"]:
                found[service] |= maps[each["configMapRef"]["name"]]
            found[service] |= {each["name"]: each for each in container.get("env", ())}
    return found


def misread(environment: dict[str, Any], service: str) -> list[str]:
    """Variables that nobody reads, and settings that must be set and are not."""
    fields = {variable(service, each): each for each in dataclasses.fields(settings_of(service))}
    shared = {
        variable(other, each)
        for other in SERVICES
        for each in dataclasses.fields(settings_of(other)) if each.metadata["shared"]
    }  # fmt: skip
    unread = sorted(set(environment) - set(fields) - shared)
    needed = {name for name, each in fields.items() if each.default is dataclasses.MISSING}
    return [*unread, *sorted(needed - set(environment))]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_told_is_read_and_what_is_needed_is_told(overlay: str) -> None:
    found = {service: misread(told(overlay)[service], service) for service in SERVICES}
    assert found == {service: [] for service in SERVICES}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_service_starts_with_what_it_is_told(
    overlay: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in SERVICES:
        start_with(told(overlay)[service], service, monkeypatch)


def test_a_value_that_a_service_would_refuse_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**told("dev")["uploads"], "UPLOADS_STORE_URL": "s3://portal-uploads"}
    with pytest.raises(SettingsError, match="UPLOADS_STORE_URL is out of bounds"):
        start_with(environment, "uploads", monkeypatch)


def start_with(environment: dict[str, Any], service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read its settings from what the manifests tell a service.

    Secrets are made up but for optional ones, and an operator has changed every `.example`.
    """
    given = {
        name: value.replace(".example", ".test")
        if isinstance(value, str)
        else SECRETS.get(name, "-")
        for name, value in environment.items()
        if isinstance(value, str) or not value["valueFrom"]["secretKeyRef"].get("optional")
    }
    if "UPLOADS_STORE_URL" in given:
        given |= {"UPLOADS_STORE_ACCESS_KEY": "-", "UPLOADS_STORE_SECRET_KEY": "-"}
    with monkeypatch.context() as patch:
        for name in [each for each in os.environ if each.startswith("PORTAL_")]:
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(name, value)
        load(settings_of(service), service)


def test_a_misspelt_and_a_missing_variable_are_noticed() -> None:
    environment = told("production")["shop"]
    url = environment.pop("SHOP_DATABASE_URL")
    assert misread({**environment, "SHOP_DATABASE_URI": url}, "shop") == [
        "SHOP_DATABASE_URI", "SHOP_DATABASE_URL"
    ]  # fmt: skip


def test_every_declared_job_is_a_cron_job_and_no_other() -> None:
    found = {each["metadata"]["name"]: each["spec"] for each in objects("CronJob")}
    declared = {
        f"{service}-{job.name}": schedule(f"{service}-{job.name}", job.every)
        for service in OWNERS_OF_PERSONAL_DATA
        for job in jobs(service)
    }
    assert {name: spec["schedule"] for name, spec in found.items()} == declared
    for service in OWNERS_OF_PERSONAL_DATA:
        for job in jobs(service):
            [container] = pod_of({"spec": found[f"{service}-{job.name}"]})["containers"]
            assert container["args"] == ["job", job.name]


def test_every_queue_that_scales_a_worker_exists_and_every_queue_scales_one() -> None:
    named = {
        trigger["metadata"]["queueName"]: each["spec"]["scaleTargetRef"]["name"]
        for each in objects("ScaledObject")
        for trigger in each["spec"]["triggers"]
    }
    assert named == {queue: f"{queue.split('.')[0]}-worker" for queue in topology.estate()}


def test_whom_a_service_calls_is_what_its_settings_say() -> None:
    for service in OWNERS_OF_PERSONAL_DATA:
        environment = told("production")[service]
        urls = [environment["PORTAL_IDENTITY_URL"], environment.get("IDENTITY_SERVICES", "")]
        hosts = set(re.findall(r"http://([a-z-]+):8000", " ".join(urls)))
        assert hosts - {service} == CALLS[service]
        assert load_services([service])[service].name == service


def edges(policies: list[Object], way: str) -> set[tuple[str, str]]:
    """(caller, callee) that policies let through to web processes, by this way's policies."""
    found = set()
    for policy in policies:
        own = policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name")
        for rule in policy["spec"].get(way, ()):
            if 8000 not in [each["port"] for each in rule.get("ports", ())]:
                continue
            for peer in rule.get("to" if way == "egress" else "from", ()):
                other = peer.get("podSelector", {}).get("matchLabels", {})
                other = other.get("app.kubernetes.io/name", "the ingress")
                found.add((own, other) if way == "egress" else (other, own))
    return found


def test_every_edge_of_the_network_is_a_declared_call_and_the_other_way_round() -> None:
    declared = {(caller, callee) for caller, called in CALLS.items() for callee in called}
    policies = objects("NetworkPolicy")
    assert edges(policies, "egress") == declared
    assert edges(policies, "ingress") == declared | {("the ingress", "gateway")}


def test_an_edge_too_many_is_noticed() -> None:
    policies = objects("NetworkPolicy")
    shop = next(each for each in policies if each["metadata"]["name"] == "shop-out")
    peer = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "screening"}}}
    shop["spec"]["egress"][0]["to"].append(peer)
    assert ("shop", "screening") in edges(policies, "egress")


def test_everything_is_denied_that_no_policy_permits_and_few_get_out() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in objects("NetworkPolicy")}
    assert policies["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    outside = {
        name
        for name, spec in policies.items()
        for rule in spec.get("egress", ())
        if any("ipBlock" in each for each in rule.get("to", ()))
    }
    assert outside == {"identity-out", "screening-out", "uploads-out"}


def test_every_alert_is_about_a_metric_that_there_is() -> None:
    [rules] = objects("PrometheusRule")
    for rule in rules["spec"]["groups"][0]["rules"]:
        named = named_metrics(rule["expr"])
        assert named
        assert named <= metrics(), rule


def test_every_alert_leads_to_a_chapter_of_the_runbooks() -> None:
    text = (FOLDER.parents[1] / "docs" / "operations.md").read_text()
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in titles}
    [rules] = objects("PrometheusRule")
    for rule in rules["spec"]["groups"][0]["rules"]:
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page == "docs/operations.md"
        assert anchor in anchors, rule["alert"]
