"""`make manifests-run`: the dev overlay, rendered and really run, by podman instead of a cluster.

Podman knows pods and ConfigMaps. What else the manifests say is put into these: a Deployment and a
Job become the pod that they would make, named as the Service that leads to it; values of Secrets
stand in the pods, and CronJobs become the workers' own scheduler. What a cluster has beside the
overlay (database, broker, store, mail catcher, secrets) is added, and a clock that can be moved.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, SERVICES
from deploy.docker import estate
from deploy.local import seed, wiring
from deploy.local.portal import Unexpected
from deploy.local.story import Story, un_list

ROOT = Path(__file__).parents[2]
NETWORK = "portal-manifests"
WAIT_SECONDS = 90
Object = dict[str, Any]
Secrets = dict[str, dict[str, str]]
"""Values by key, by the name of the secret."""
COMPOSE = ROOT / "deploy" / "docker" / "compose.yaml"
SERVERS = ("postgres", "rabbitmq", "objects", "mail")
"""What a cluster has beside the overlay; images and commands are those of the compose file."""


def main() -> int:
    """Build what is missing, run the overlay, play the story, end it; exit 1 where it fails."""
    if shutil.which("podman") is None or shutil.which("kubectl") is None:
        print("Not run: this needs podman and kubectl (apt-get install podman).", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="portal-manifests-"))
    folder.chmod(0o755)
    plan = folder / "pods.yaml"
    try:
        _build_missing()
        told = estate.prepare(folder, "http://portal.example")
        objects = [*pods(rendered("dev"), folder, secrets(told)), *servers(told)]
        plan.touch(mode=0o600)  # values of secrets stand in it
        plan.write_text(yaml.safe_dump_all(objects))
        _play(plan, folder)
    except (Unexpected, TimeoutError) as error:
        print(f"It stops here: {error}", file=sys.stderr)
        _show_logs()
        return 1
    else:
        return 0
    finally:
        if plan.exists():
            _podman("play", "kube", "--down", str(plan), check=False)
        _podman("network", "rm", "--force", NETWORK, check=False)
        shutil.rmtree(folder)


def _play(plan: Path, folder: Path) -> None:
    _podman("network", "create", NETWORK)
    print("Starting the pods of the overlay …", file=sys.stderr)
    begun = time.monotonic()
    _podman("play", "kube", "--network", NETWORK, str(plan))
    gateway, mail, objects = (_address(name) for name in ("gateway", "mail", "objects"))
    url, mail_url = f"http://{gateway}:8000", f"http://{mail}:1080"
    seed.wait_for(f"http://{objects}:5000/", WAIT_SECONDS)
    estate.make_bucket(f"http://{objects}:5000")
    for name in OWNERS_OF_PERSONAL_DATA:
        seed.wait_for(f"{url}/api/{name}/readyz", WAIT_SECONDS)
        seed.wait_for(f"http://{_address(f'{name}-worker')}:9090/readyz", WAIT_SECONDS)
    print(f"Every process is ready after {time.monotonic() - begun:.0f} s.", file=sys.stderr)
    portal = estate.reach(url, mail_url, folder, _operate)
    seed.fill(portal, None)
    Story(portal, lambda line: print(line, flush=True), un_list(None)).play()


def _show_logs() -> None:
    """What the processes said last, for whoever has to find out why they do not work."""
    for name in _podman("ps", "--all", "--format", "{{.Names}}").split():
        done = subprocess.run(
            ["podman", "logs", "--tail", "8", name], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        print(f"--- {name}\n{done.stdout}", file=sys.stderr)


def rendered(overlay: str) -> list[Object]:
    """Objects of an overlay, as kustomize makes them."""
    done = subprocess.run(
        ["kubectl", "kustomize", str(ROOT / "deploy" / "kubernetes" / "overlays" / overlay)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return list(yaml.safe_load_all(done.stdout))


def pods(objects: list[Object], folder: Path, secret: Secrets) -> Iterator[Object]:
    """What podman can run of the objects of an overlay."""
    services = [each for each in objects if each["kind"] == "Service"]
    for each in objects:
        if each["kind"] == "ConfigMap":
            if "PORTAL_PROFILE" in each["data"]:
                each["data"]["PORTAL_CLOCK_FILE"] = str(estate.INSIDE / "clock.json")
                each["data"]["PORTAL_SCHEDULER"] = "true"
            yield {**each, "metadata": {"name": each["metadata"]["name"]}}
        elif each["kind"] in ("Deployment", "Job"):
            yield _pod(each, services, folder, secret)


def _pod(workload: Object, services: list[Object], folder: Path, secret: Secrets) -> Object:
    template = workload["spec"]["template"]
    labels, spec = template["metadata"]["labels"], template["spec"]
    leading = [
        each["metadata"]["name"]
        for each in services
        if each["spec"]["selector"].items() <= labels.items()
    ]
    name = (leading or [workload["metadata"]["name"]])[0]
    (container,) = spec["containers"]
    kept = ("name", "image", "args", "envFrom", "securityContext")
    mounts = [{"name": "estate", "mountPath": str(estate.INSIDE), "readOnly": True}]
    volumes = [{"name": "estate", "hostPath": {"path": str(folder)}}]
    if any(each["name"] == "keys" for each in spec["volumes"]):  # projected, which podman lacks
        mounts.append({"name": "keys", "mountPath": "/keys", "readOnly": True})
        volumes.append({"name": "keys", "hostPath": {"path": str(folder / "keys")}})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "restartPolicy": spec.get("restartPolicy", "Always"),
            "securityContext": spec["securityContext"],
            "containers": [
                {
                    **{part: container[part] for part in kept if part in container},
                    "env": [*_known(container.get("env", []), secret)],
                    "imagePullPolicy": "Never",
                    "volumeMounts": mounts,
                }
            ],
            "volumes": volumes,
        },
    }


def _known(wanted: list[Object], secret: Secrets) -> Iterator[Object]:
    for each in wanted:
        reference = each["valueFrom"]["secretKeyRef"]
        value = secret.get(reference["name"], {}).get(reference["key"])
        if value is not None:
            yield {"name": each["name"], "value": value}
        elif not reference.get("optional"):
            raise SystemExit(f"Nobody gives the secret {reference['name']}/{reference['key']}.")


def servers(told: dict[str, str]) -> Iterator[Object]:
    """Pods of what a cluster has beside the overlay."""
    names = [name for name in told if name.startswith(("POSTGRES_", "RABBITMQ_"))]
    composed = yaml.safe_load(COMPOSE.read_text())["services"]
    for name in SERVERS:
        image, arguments = composed[name]["image"], composed[name].get("command", "").split()
        volumes, mounts = [], []
        if name == "postgres":
            file = {"path": str(Path(estate.__file__).with_name("databases.sh")), "type": "File"}
            volumes = [{"name": "databases", "hostPath": file}]
            target = "/docker-entrypoint-initdb.d/databases.sh"
            mounts = [{"name": "databases", "mountPath": target, "readOnly": True}]
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {
                "hostname": name,
                "containers": [
                    {
                        "name": "server",
                        "image": image,
                        "imagePullPolicy": "IfNotPresent",
                        **({"args": arguments} if arguments else {}),
                        "env": [{"name": each, "value": told[each]} for each in names],
                        "volumeMounts": mounts,
                    }
                ],
                "volumes": volumes,
            },
        }


def secrets(told: dict[str, str]) -> Secrets:
    """What the cluster's store of secrets would hold."""
    return {
        "broker": {"url": told["PORTAL_BROKER_URL"]},
        "identity": {"pepper": told["IDENTITY_PEPPER"], "mail-url": told["IDENTITY_MAIL_URL"]},
        "uploads": {
            "store-access-key": told["UPLOADS_STORE_ACCESS_KEY"],
            "store-secret-key": told["UPLOADS_STORE_SECRET_KEY"],
        },
        **{
            f"{name}-app": {"uri": told[f"{wiring.prefix(name)}_DATABASE_URL"]}
            for name in OWNERS_OF_PERSONAL_DATA
        },
    }


def _operate(service: str, arguments: tuple[str, ...], stdin: str) -> str:
    """Run an operator's command in the service's worker."""
    inside = ["podman", "exec", "-i", f"{service}-worker-worker", "service", *arguments]
    return seed.said_by(inside, stdin)


def _address(pod: str) -> str:
    infra = _podman("pod", "inspect", "--format", "{{.InfraContainerID}}", pod).strip()
    found = _podman(
        "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", infra
    )
    return found.strip()


def _build_missing() -> None:
    missing = [
        name for name in SERVICES if _runs("image", "exists", f"localhost/portal-{name}:dev") != 0
    ]
    if missing:
        subprocess.run([str(ROOT / "deploy" / "docker" / "build.sh"), *missing], check=True)


def _runs(*arguments: str) -> int:
    return subprocess.run(["podman", *arguments], capture_output=True).returncode


def _podman(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True)
    if check and done.returncode:
        raise SystemExit(f"podman {' '.join(arguments[:3])}: {done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
