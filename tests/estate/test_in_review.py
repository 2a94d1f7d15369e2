"""What a review shows to whom: compliance everything, everybody else that it is not released yet.

Somebody whose name matches a list is in review, somebody else is blocked by a hit, in an estate
whose customer manages its own people. Everything that can be read is read by everybody (S17, S34).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from common.web.access import Role
from deploy.local.portal import Portal
from tests.estate.scenario import Scenario, a_scenario, a_settled_estate
from tests.estate.surface import Operation, Visitor, operations, person, things

LISTED, DOUBTFUL = ("Viktor", "Erfunden"), ("Wiktor", "Erfunder")
TRACES = (
    "un-consolidated", "XXi.001", "ERFUNDEN", "verdict", "score", "matches", "fingerprint",
    '"hit"', '"review"', "proposal", "art_22_3",
)  # fmt: skip
"""Of which an answer to anybody but compliance and the data protection officer holds none."""
MAY_KNOW = {Role.COMPLIANCE, Role.DPO}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """One in review and one blocked, both registered for the first customer and not released."""
    with a_settled_estate(tmp_path_factory.mktemp("in-review")) as portal:
        played = a_scenario(portal)
        played.people_come()
        played.use_every_service()
        played.made["objection"] = played.the_person_objects()
        played.made["matched"] = [assigned(played, *name) for name in (DOUBTFUL, LISTED)]
        blocked = played.made["matched"][1]
        officer = played.staff["compliance"]
        body = {"outcome": "clear", "reason": "another_person"}
        officer.change("screening", f"screenings/{blocked}", "decision", body, expect=202)
        portal.settle()
        yield played


def assigned(played: Scenario, given: str, family: str) -> str:
    """Somebody registered and assigned to the first customer, not released; returns the id."""
    applicant = played.apply(given, family, "other_local_part")
    played.portal.settle()
    office = played.staff["approver"].get("identity", "accounts?limit=100")
    (account_id,) = (each["id"] for each in office if each["email"] == applicant.email)
    body = {"organisation_id": played.customers()[0]["id"]}
    played.staff["approver"].change("identity", f"accounts/{account_id}", "assignment", body)
    return str(account_id)


@pytest.fixture(scope="module")
def portal(scenario: Scenario) -> Portal:
    """The estate that the scenario is played on."""
    return scenario.portal


def seen_by(visitor: Visitor, scenario: Scenario) -> Iterator[tuple[Operation, str]]:
    """Everything that somebody can read, about each of the two where it is about somebody."""
    for operation in operations(scenario.portal):
        if operation.method != "get" or operation.is_internal:
            continue
        about = scenario.made["matched"] if "account_id" in operation.parameters else [""]
        for account_id in about:
            ids = {**things(scenario)[operation.service], "account_id": account_id}
            path = operation.filled(ids)
            answer = visitor.call(operation.service, "get", path)
            yield operation, answer.data.decode(errors="replace")


def as_role(scenario: Scenario, role: Role) -> Visitor:
    """A colleague of the two with a role of staff, or a member or manager of their customer."""
    organisation_id = scenario.customers()[0]["id"]
    account_id = scenario.made[scenario.person.email]
    return person(scenario.portal, account_id, organisation_id, role)


@pytest.mark.parametrize("role", sorted(set(Role) - MAY_KNOW))
def test_nobody_reads_a_verdict_a_list_a_match_or_a_score(scenario: Scenario, role: Role) -> None:
    read = 0
    for operation, text in seen_by(as_role(scenario, role), scenario):
        if operation.path.endswith("/schema") or operation.path == "/products":
            continue
        assert [each for each in TRACES if each in text] == [], str(operation)
        read += 1
    assert read > 30


def test_compliance_reads_all_of_it(scenario: Scenario) -> None:
    """Control: it is there to be read."""
    everything = "".join(text for _, text in seen_by(as_role(scenario, Role.COMPLIANCE), scenario))
    assert [each for each in TRACES if each not in everything and each != "fingerprint"] == [
        "art_22_3"
    ], "nobody has objected on that ground"


def states(visitor: Visitor, scenario: Scenario) -> list[dict[str, Any]]:
    """The two accounts, as somebody is shown them."""
    shown = [
        visitor.call("identity", "get", f"/accounts/{each}") for each in scenario.made["matched"]
    ]
    assert {each.status_code for each in shown} == {200}
    return [dict(each.json) for each in shown]


@pytest.mark.parametrize("role", [Role.USER_MANAGER, Role.APPROVER, Role.SUPPORT, Role.ADMIN])
def test_the_account_says_that_it_is_not_released_and_no_more(
    scenario: Scenario, role: Role
) -> None:
    for account in states(as_role(scenario, role), scenario):
        assert account["state"] == "screening"
        unsaid = {key: value for key, value in account.items() if key != "state"}
        assert not [each for each in unsaid if "screen" in each or "block" in each]


def test_neither_is_in_the_queue_for_approval(scenario: Scenario) -> None:
    for role in (Role.USER_MANAGER, Role.APPROVER):
        visitor = as_role(scenario, role)
        queue = visitor.call("identity", "get", "/accounts?state=awaiting_approval&limit=100").json
        assert not {each["id"] for each in queue} & set(scenario.made["matched"])
