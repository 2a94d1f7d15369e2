"""What the plan of an erasure says is what the receipts say afterwards (S26)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from common.db import CommonBase
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.privacy.personal import declared
from tests.estate.scenario import Scenario, a_scenario, a_settled_estate

LATER = {"erasure_plans", "erasure_requests", "audit_entries"}
"""Tables in which the plan itself, its approval and the request leave a row."""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """Somebody who has used every service, and left."""
    with a_settled_estate(tmp_path_factory.mktemp("plan")) as portal:
        played = a_scenario(portal)
        played.people_come()
        played.use_every_service()
        played.person.post("identity", "accounts/me/deactivation", {})
        portal.settle()
        yield played


def rows(scenario: Scenario) -> Counter[str]:
    """How many rows each declared table holds, in all services."""
    counts: Counter[str] = Counter()
    for runtime in scenario.portal.estate.runtimes.values():
        for base in (runtime.parts["models"].Base, CommonBase):
            for name in declared(base) if "models" in runtime.parts else ():
                with runtime.reading() as session:
                    table = base.metadata.tables[name]
                    counts[name] += session.scalar(sa.select(sa.func.count()).select_from(table))
    return counts


def by_owner(said: Any, key: str) -> dict[str, list[tuple[Any, ...]]]:
    names = ("table", "deleted", "nulled", "pseudonymised", "kept", "reason", "until")
    return {
        each["owner"]: sorted(
            tuple(str(table[name]) for name in names)
            for table in each[key] if table["table"] not in LATER
        )
        for each in said
    }  # fmt: skip


def test_the_receipts_say_what_was_planned(scenario: Scenario) -> None:  # S26
    dpo, account = scenario.staff["dpo"], f"accounts/{scenario.made[scenario.person.email]}"
    held = rows(scenario)
    plan = dpo.post("identity", f"{account}/erasure-plans", {}).json()
    scenario.portal.settle()
    assert {name for name, count in rows(scenario).items() if count != held[name]} <= LATER
    begun = dpo.change("identity", account, "erasure", {"plan_id": plan["id"]})
    scenario.portal.settle()
    erasure = dpo.get("identity", f"erasures/{begun['request_id']}")
    receipts = [{"owner": each["owner"], **each["receipt"]} for each in erasure["receipts"]]
    planned = by_owner(plan["owners"], "tables")
    assert erasure["state"] == "completed"
    assert planned == by_owner(receipts, "tables")
    assert set(planned) == set(OWNERS_OF_PERSONAL_DATA)
    assert sum(len(each) for each in planned.values()) > 20
