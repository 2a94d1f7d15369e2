"""The register of processing says what the declarations say, and refuses to say too little."""

from dataclasses import replace

import pytest

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.privacy import register as registers
from common.privacy.personal import CONSENT, CONTRACT, INTEREST
from common.privacy.purposes import PURPOSES
from common.privacy.register import ACTIVITIES, Unstated, register, register_json, register_md
from common.service import load_services


@pytest.fixture(scope="module")
def services():
    return load_services(OWNERS_OF_PERSONAL_DATA)


@pytest.fixture(scope="module")
def columns(services):
    """Every column that the register lists, by service and name, with its activity's key."""
    return {
        (column["service"], column["column"]): {**column, "activity": activity["key"]}
        for activity in register(services)["activities"]
        for column in activity["columns"]
    }


@pytest.fixture
def change(services, monkeypatch):
    """Change what a column states, until the test is over."""

    def change(service, table, column, **facts):
        found = services[service].parts["models"].Base.metadata.tables[table].c[column]
        monkeypatch.setitem(found.info, "personal", replace(found.info["personal"], **facts))

    return change


def activity(services, key):
    (found,) = (each for each in register(services)["activities"] if each["key"] == key)
    return found


def test_every_personal_column_of_every_service_is_in_the_register_once(services, columns):
    listed = [each for activity in register(services)["activities"] for each in activity["columns"]]
    assert len(listed) == len(columns)
    assert {service for service, _ in columns} == {"every service", *OWNERS_OF_PERSONAL_DATA}


@pytest.mark.parametrize(
    ("service", "column", "purpose", "basis"),
    [
        ("identity", "accounts.email", "identify", CONTRACT),  # S27
        ("identity", "voluntary_profiles.phone", "collaborate", CONSENT),  # S28
        ("identity", "sign_in_sessions.begun_at", "identify", CONTRACT),  # S35
        ("identity", "accounts.screening", "screen", INTEREST),  # S36
        ("identity", "recovery_requests.address", "identify", CONTRACT),  # S42
        ("identity", "invitations.email", "invite", CONTRACT),  # S52
        ("service-cases", "cases.description", "solve", CONTRACT),  # S65
        ("shop", "orders.contact_name", "order", CONTRACT),  # S76
        ("training", "participants.name", "training", CONTRACT),  # S89
    ],
)
def test_the_basis_is_the_promised_one(columns, service, column, purpose, basis):
    found = columns[service, column]
    assert (found["activity"], found["basis"]) == (purpose, basis)


def test_the_interest_in_screening_is_stated_and_where_it_is_balanced(services):  # S20, S21
    screening = activity(services, "screen")
    assert screening["bases"] == ["6(1)(f)"]
    assert screening["interest"].startswith("to do no business with persons on public sanctions")
    name = screening["assessment"].removeprefix("setting SCREENING_").lower()
    assert hasattr(services["screening"].settings_class, name)
    assert "lia_ref" in screening["impact_assessment"].lower()  # art. 35


def test_the_screening_provider_is_a_recipient_of_the_name_alone(services):  # S12, S15, S16
    recipients = " ".join(activity(services, "screen")["recipients"])
    assert "provider, where one is set: the name alone" in recipients
    assert hasattr(services["screening"].settings_class, "provider_contract_ref")


def test_the_controller_is_who_the_settings_name(services):  # S91
    settings = services["identity"].settings_class
    for place in register(services)["controller"].values():
        assert hasattr(settings, place.removeprefix("setting IDENTITY_").lower())


def test_secrets_are_said_to_be_hashed_or_encrypted(services):  # S11, S40, S41, art. 32
    security = "\n".join(activity(services, "identify")["security"])
    assert "written hashed: accounts.password_hash" in security
    assert "written encrypted: authenticator_apps.sealed_secret" in security


def test_every_purpose_has_an_activity():
    assert ACTIVITIES.keys() == PURPOSES.keys()


def test_the_documents_are_the_same_byte_for_byte_when_made_again(services):
    assert register_md(services) == register_md(services)
    assert register_json(services) == register_json(services)


@pytest.mark.parametrize(
    "facts", [{"basis": INTEREST}, {"source": "S6"}, {"erasure": "delete"}, {"purpose": "approve"}]
)
def test_a_changed_declaration_changes_the_documents(services, change, facts):
    before = register_json(services), register_md(services)
    change("identity", "accounts", "email", **facts)
    after = register_json(services), register_md(services)
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_an_interest_that_nobody_stated_is_refused(services, change):
    change("shop", "orders", "contact_name", basis=INTEREST)
    with pytest.raises(Unstated, match=r"order: rests on art\. 6"):
        register(services)


def test_a_purpose_without_an_activity_is_refused(services, monkeypatch):
    without = {key: said for key, said in ACTIVITIES.items() if key != "order"}
    monkeypatch.setattr(registers, "ACTIVITIES", without)
    with pytest.raises(Unstated, match=r"order: .* says nothing about it"):
        register(services)


def test_it_says_who_hears_of_what_and_who_calls_whom(services):
    flows = register(services)["flows"]
    assert {"from": "identity", "to": "shop", "event": "AccountBlocked"} in flows["events"]
    called = {"from": "screening", "to": "identity", "call": "POST /internal/names"}
    assert called in flows["calls"]
    asked = [each["call"] for each in flows["calls"] if each["to"] == "others"]
    assert "POST /internal/erasure-plan/{account_id}" in asked
    assert not [each for each in flows["calls"] if "<" in each["call"] + each["to"]]
    assert "identity -. " in register_md(services)


def test_every_retention_rule_of_a_listed_column_is_shown(services, columns):
    known = {
        rule["class"]
        for activity in register(services)["activities"]
        for rule in activity["retention"]
    }
    assert {column["retention"] for column in columns.values()} == known
