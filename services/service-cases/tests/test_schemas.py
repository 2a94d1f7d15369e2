"""What the form says, what the document says and what is checked are one thing (S59, S60)."""

import pytest

from common.testing.harness import pointers
from common.web import Role
from service_cases.models import Case
from service_cases.schemas import NewCase

from .factories import a_case, a_machine, a_report


@pytest.fixture
def machine(cases):
    return cases.given(a_machine())


@pytest.fixture
def kim(cases, machine):
    return cases.sign_in(organisation_id=machine.organisation_id)


@pytest.mark.parametrize("name", NewCase().fields)
def test_a_field_is_marked_as_required_exactly_when_a_case_without_it_is_refused(
    cases, machine, kim, name
):  # S59
    marks = {each["name"]: each["required"] for each in kim.get("/cases/schema").json["fields"]}
    report = a_report(machine.id)
    del report[name]
    answer = kim.post("/cases", report)
    assert answer.status_code == (422 if marks[name] else 201)
    assert pointers(answer) == ({f"/{name}"} if marks[name] else set())
    assert len(cases.rows(Case)) == (0 if marks[name] else 1)


def test_only_what_is_needed_is_required(kim):  # S59
    fields = kim.get("/cases/schema").json["fields"]
    optional = {each["name"] for each in fields if not each["required"]}
    assert optional == {"contact_phone", "contact_email", "channel"}


def test_a_message_without_text_is_refused_as_marked(cases, machine, kim):
    case = cases.given(a_case(machine))
    (mark,) = kim.get("/cases/schema").json["message_fields"]
    assert (mark["name"], mark["required"]) == ("text", True)
    answer = kim.post(f"/cases/{case.id}/messages", {})
    assert (answer.status_code, pointers(answer)) == (422, {"/text"})


def test_the_document_marks_the_same_fields(cases, kim):
    form = kim.get("/cases/schema").json
    schemas = cases.app.test_client().get("/openapi.json").json["components"]["schemas"]
    for schema, part in (("NewCase", "fields"), ("NewMessage", "message_fields")):
        told = {each["name"]: each for each in form[part]}
        document = schemas[schema]
        assert set(document["properties"]) == set(told)
        assert set(document["required"]) == {name for name in told if told[name]["required"]}
        for name, facts in document["properties"].items():
            category = facts.get("x-personal-data", {}).get("category")
            assert category == told[name]["category"]
            assert facts.get("maxLength") == told[name]["longest"]


def test_each_field_says_why_on_what_basis_and_how_long(kim):
    form = kim.get("/cases/schema").json
    for field in form["fields"] + form["message_fields"]:
        assert field["purpose"] == "To analyse and solve your service case"  # S61
        assert field["retention"].startswith("3 years after the case was closed")  # S64
        assert field["basis"] == ("6(1)(b)" if field["category"] else None)  # S65
    named = {each["name"]: each["category"] for each in form["fields"]}
    assert named["machine_id"] is None
    assert named["contact_phone"] == "contact"
    assert named["description"] == "content"


def test_every_way_to_report_is_offered_by_name(kim):
    (channel,) = (e for e in kim.get("/cases/schema").json["fields"] if e["name"] == "channel")
    assert channel["kind"] == "choice"
    assert channel["options"] == [
        {"value": "portal", "label": "Portal"},
        {"value": "service_app", "label": "Service app"},
    ]


@pytest.mark.parametrize(
    ("language", "warning", "label"),
    [
        ("en", "Everybody of your organisation", "Contact person"),
        ("nl", "Iedereen in uw organisatie", "Contactpersoon"),
        ("de", "Alle in Ihrer Organisation", "Ansprechpartner"),
    ],
)
def test_the_form_and_its_warning_are_in_the_readers_language(kim, language, warning, label):
    answer = kim.get("/cases/schema", headers={"Accept-Language": language})
    assert answer.headers["Content-Language"] == language
    assert warning in answer.json["warning"]  # S60, S62
    told = answer.json["fields"] + answer.json["message_fields"]
    assert label in {each["label"] for each in told}
    assert all(each["label"] and each["purpose"] and each["retention"] for each in told)


def test_the_warning_stands_beside_free_text(kim):  # S60, S62
    form = kim.get("/cases/schema").json
    free = {each["name"] for each in form["fields"] + form["message_fields"] if each["free_text"]}
    assert free == {"title", "description", "text"}


def test_every_member_of_the_staff_can_read_what_a_form_asks(cases):
    assert cases.sign_in(Role.DPO).get("/cases/schema").status_code == 200
