"""The export: all that six services hold about a person, and nothing of anybody else."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.privacy.personal import Category
from deploy.local.portal import Portal
from tests.estate.planting import Mark, Planted, plant, stated
from tests.estate.scenario import Scenario, a_scenario, a_settled_estate


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """A person and a colleague who have used every service, marked all over."""
    with a_settled_estate(tmp_path_factory.mktemp("export")) as portal:
        played = a_scenario(portal)
        played.people_come()
        played.use_every_service()
        played.upload(played.colleague)
        portal.settle()
        played.made["marks"] = marked(portal, played.made[played.person.email])
        played.made["others"] = marked(portal, played.made[played.colleague.email])
        yield played


def marked(portal: Portal, account_id: str) -> Planted:
    planted = Planted(UUID(account_id))
    for name, runtime in portal.estate.runtimes.items():
        plant(planted, name, runtime.db.engine)
    return planted


@pytest.fixture(scope="module")
def exported(scenario: Scenario) -> zipfile.ZipFile:
    answer = scenario.person.send("GET", "identity", "accounts/me/export")
    assert answer.headers["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.content))


def is_told(mark: Mark) -> bool:
    """Whether a column is for the person's own eyes: no secret, nothing for staff (S10, S17)."""
    facts = stated(mark)
    kept_from = facts.category is Category.SECRET or facts.readers is not None
    return not kept_from and (mark.table, mark.column) != ("idempotency_keys", "body")


def test_every_value_about_the_person_is_told_once_and_no_secret_is(
    scenario: Scenario, exported: zipfile.ZipFile
) -> None:  # S10, S17
    found = {name: exported.read(f"{name}.json") for name in OWNERS_OF_PERSONAL_DATA}
    for mark in scenario.made["marks"].marks:
        times = {name: content.count(mark.text.encode()) for name, content in found.items()}
        told = {name: count for name, count in times.items() if count}
        assert told == ({mark.service: 1} if is_told(mark) else {}), mark


def test_nothing_of_a_colleague_is_told(scenario: Scenario, exported: zipfile.ZipFile) -> None:
    for name in exported.namelist():
        assert scenario.made["others"].found_in(exported.read(name)) == [], name


def test_a_control_finds_the_colleague_s_marks_in_the_colleague_s_export(
    scenario: Scenario,
) -> None:
    answer = scenario.colleague.send("GET", "identity", "accounts/me/export")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    found = b"".join(archive.read(name) for name in archive.namelist())
    assert len(scenario.made["others"].found_in(found)) > 20


def test_files_recipients_sources_and_dates_are_there(
    scenario: Scenario, exported: zipfile.ZipFile
) -> None:
    [file] = [name for name in exported.namelist() if name.startswith("files/")]
    assert scenario.made["document"]["id"] in file
    assert exported.read(file).startswith(b"\x89PNG")
    identity = json.loads(exported.read("identity.json"))
    [accounts] = [each for each in identity["tables"] if each["table"] == "accounts"]
    stated_of_name = accounts["columns"]["given_name"]
    assert (stated_of_name["from"], stated_of_name["portable"]) == ("person", True)
    assert {each["table"] for each in identity["outlook"]} >= {"accounts", "voluntary_profiles"}
    shop = json.loads(exported.read("shop.json"))
    assert any(each["goes_on"] for each in shop["outlook"])


@pytest.mark.parametrize(
    ("language", "says"), [("en", "What we hold"), ("nl", "Wat wij"), ("de", "Was wir")]
)
def test_the_summary_is_for_reading_in_the_reader_s_language(
    scenario: Scenario, language: str, says: str
) -> None:
    headers = {"Accept-Language": language}
    answer = scenario.person.send("GET", "identity", "accounts/me/export", headers=headers)
    summary = zipfile.ZipFile(io.BytesIO(answer.content)).read("summary.html").decode()
    assert says in summary
    assert "sanct" in summary.lower() or "sankt" in summary.lower()


def test_a_service_that_does_not_answer_means_no_export_and_not_a_part_of_one(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    training: Any = scenario.portal.estate.apps["training"]
    monkeypatch.setattr(
        training, "view_functions",
        {**training.view_functions, "privacy.tell_tables_about": lambda **_: ("", 500)},
    )  # fmt: skip
    answer = scenario.person.send("GET", "identity", "accounts/me/export", None)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_an_export_of_another_person_is_not_to_be_had(scenario: Scenario, tmp_path: Path) -> None:
    account_id = scenario.made[scenario.person.email]
    for path in (f"accounts/{account_id}/export", f"internal/personal-data/{account_id}"):
        assert scenario.colleague.send("GET", "identity", path, None).status_code in (401, 404)
