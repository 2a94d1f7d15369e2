"""Images and the compose file: what they are made of, and that it is what the services read.

Building them takes minutes and an engine: see `make images`, `make compose`, `make manifests-run`.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, SERVICES
from common.settings import SettingsError, load
from deploy.docker import estate, prune, sbom
from deploy.kubernetes import play
from deploy.kubernetes.declared import settings_of

FOLDER = Path(__file__).parents[2] / "deploy" / "docker"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl renders the overlay: install it"
)
OTHERS = {"postgres", "rabbitmq", "objects", "mail"}


# --------------------------------------------------------------------------------------- images


def test_an_image_is_built_apart_and_runs_as_nobody_in_particular() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert stages == ["${BASE}", "${BASE}", "scratch"]
    last = DOCKERFILE.split("FROM scratch")[1]
    assert f"USER {estate.USER}:{estate.USER}" in last
    assert "RUN" not in last
    assert "--require-hashes" in DOCKERFILE


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_keeps_what_it_needs_and_nothing_of_the_others(service: str) -> None:
    kept = prune.needed(f"portal-{service}")
    assert {"portal-common", f"portal-{service}", "psycopg-binary", "granian"} <= kept
    assert kept.isdisjoint({"pytest", "moto", "ruff", "pip", "setuptools"})
    others = {f"portal-{each}" for each in SERVICES if each != service}
    assert kept.isdisjoint(others)
    assert ("rapidfuzz" in kept) == (service == "screening")
    assert ("opendal" in kept) == (service == "uploads")


@pytest.mark.parametrize("service", SERVICES)
def test_the_bill_of_materials_names_all_that_is_kept_with_its_hashes(service: str) -> None:
    lock = sbom.LOCK.read_text()
    bill = sbom.bill(service, lock)
    names = {each["name"] for each in bill["components"]}
    ours = {"portal-common", f"portal-{service}"}
    assert {prune.normalised(each) for each in names} == prune.needed(f"portal-{service}") - ours
    assert all(each["properties"] for each in bill["components"])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill == sbom.bill(service, lock)


def test_a_package_that_is_not_locked_is_missed() -> None:
    lock = re.sub(
        r"^granian==(.*\n)(    --hash=.*\n)+", "", sbom.LOCK.read_text(), flags=re.MULTILINE
    )
    names = {each["name"] for each in sbom.bill("shop", lock)["components"]}
    assert "granian" in prune.needed("portal-shop") - names


# -------------------------------------------------------------------------------------- compose


def test_compose_runs_every_process_of_every_service_and_what_they_stand_on() -> None:
    wanted = {"gateway": ("gateway", "web")}
    for name in OWNERS_OF_PERSONAL_DATA:
        wanted |= {name: (name, "web"), f"{name}-worker": (name, "worker")}
        wanted |= {f"{name}-migrate": (name, "migrate")}
    told = {
        name: (each["image"].split(":")[0].removeprefix("portal-"), each["command"])
        for name, each in COMPOSE.items()
        if name not in OTHERS
    }
    assert told == wanted


def test_a_process_may_write_nothing_and_has_no_rights() -> None:
    for name in COMPOSE.keys() - OTHERS:
        each = COMPOSE[name]
        assert each["read_only"], name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert all(volume.endswith(":ro") for volume in each["volumes"]), name


def test_nothing_listens_beyond_this_machine() -> None:
    for name, each in COMPOSE.items():
        assert all(port.startswith("127.0.0.1:") for port in each.get("ports", ())), name


def test_what_the_estate_stands_on_has_a_stand_in_and_is_played_too() -> None:
    built = (FOLDER / "standins" / "build.sh").read_text()
    images = {name: COMPOSE[name]["image"] for name in OTHERS}
    assert {*play.SERVERS} == OTHERS
    assert all(f" {image}\n" in built for image in images.values())


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_starts_with_what_containers_are_told(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = estate.prepare(tmp_path, "http://portal.test")
    written = dict(
        line.split("=", 1) for line in (tmp_path / "portal.env").read_text().splitlines()
    )
    assert written == told
    assert (tmp_path / "portal.env").stat().st_mode & 0o077 == 0
    for name in [each for each in os.environ if each.startswith("PORTAL_")]:
        monkeypatch.delenv(name)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    load(settings_of(service), service)
    monkeypatch.setenv("PORTAL_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match="PORTAL_LOG_LEVEL"):
        load(settings_of(service), service)


def test_what_an_operator_names_is_carried_to_where_containers_see_it(tmp_path: Path) -> None:
    lists, folder = tmp_path / "lists of june", tmp_path / "estate"
    lists.mkdir()
    (lists / "consolidated.xml").write_text("<lists/>")
    asked: list[tuple[str, ...]] = []

    def run(service: str, arguments: tuple[str, ...], stdin: str) -> str:
        asked.append((service, *arguments))
        return "done"

    portal = estate.reach("http://portal.test", "http://mail.test", folder, run)
    assert portal.operate("screening", "lists", "import", str(lists)) == "done"
    assert asked == [("screening", "lists", "import", "/var/lib/portal/lists/lists of june")]
    assert (folder / "lists" / "lists of june" / "consolidated.xml").exists()


# ------------------------------------------------------------------------- the played manifests


@needs_kubectl
def test_podman_runs_every_process_of_the_overlay_under_the_name_that_leads_to_it(
    tmp_path: Path,
) -> None:
    overlay = play.rendered("dev")
    told = estate.prepare(tmp_path, "http://portal.test")
    made = [*play.pods(overlay, tmp_path, play.secrets(told))]
    pods = {each["metadata"]["name"]: each["spec"] for each in made if each["kind"] == "Pod"}
    jobs = {f"{name}-{part}" for name in OWNERS_OF_PERSONAL_DATA for part in ("worker", "migrate")}
    assert pods.keys() == {*SERVICES, *jobs}
    workloads = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in overlay
        if each["kind"] in ("Deployment", "Job")
    }
    for name, spec in pods.items():
        wanted = workloads.get(name) or workloads[f"{name}-web"]
        [ours], [theirs] = spec["containers"], wanted["containers"]
        for part in ("image", "args", "envFrom", "securityContext"):
            assert ours[part] == theirs[part], (name, part)
        given = {each["name"]: each["value"] for each in ours["env"]}
        assert given == {each: told[each] for each in given}
        assert spec["securityContext"] == wanted["securityContext"]


@needs_kubectl
def test_a_secret_that_nobody_gives_stops_it_by_its_name(tmp_path: Path) -> None:
    told = play.secrets(estate.prepare(tmp_path, "http://portal.test"))
    del told["identity"]["pepper"]
    with pytest.raises(SystemExit, match="Nobody gives the secret identity/pepper"):
        [*play.pods(play.rendered("dev"), tmp_path, told)]
