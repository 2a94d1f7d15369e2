"""Bad input: 4xx with a problem that names the field, nothing stored, nothing told."""

from uuid import uuid4

import pytest

from common.testing.harness import pointers
from common.web import Role

from .factories import a_case, a_machine, a_registration, a_report, stored

NOBODYS = "01a20000-0000-7000-8000-000000000001"


@pytest.fixture
def cases(shared_cases):
    """The service, which must hold the same after the test."""
    return shared_cases


@pytest.fixture(scope="module")
def machine(shared_cases):
    return shared_cases.given(a_machine())


@pytest.fixture(scope="module")
def case(shared_cases, machine):
    return shared_cases.given(a_case(machine))


@pytest.fixture(scope="module")
def kim(shared_cases, machine):
    return shared_cases.sign_in(organisation_id=machine.organisation_id)


@pytest.fixture(scope="module")
def support(shared_cases):
    return shared_cases.sign_in(Role.SUPPORT)


@pytest.fixture(autouse=True)
def nothing_is_stored(cases, machine, case):
    before = stored(cases)
    yield
    assert stored(cases) == before


NO_TEXT = [7, None, True, [], {}, "", " ", " x", "a\x00b", "a\x7fb", "\u2028", 10**300]
NO_ID = [7, None, [], {}, "", "x", "0" * 400, "\x00", 10**300]
BAD = {
    "machine_id": NO_ID,
    "title": [*NO_TEXT, "two\nlines", "x" * 121],
    "description": [*NO_TEXT, "x" * 5001],
    "contact_name": [*NO_TEXT, "two\nlines", "x" * 121],
    "contact_phone": ["", "x", "+", "12", "0" * 41, "1\x002", 123456, 10**300, [], "+49 711 00\n"],
    "contact_email": ["", "x", "a@b", "a\x00@b.example", f"{'a' * 250}@b.example", 7, [], {}],
    "channel": ["", "PORTAL", "fax", 7, None, [], {}, "portal\x00", 10**300],
    "notice_version": [*NO_TEXT, "a b", "x" * 41, "2026-01\n"],
}


def assert_refused(answer, pointer):
    """A problem that names the field and repeats nothing of what was sent."""
    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"
    assert pointers(answer) == {pointer}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in BAD.items() for value in values],
    ids=lambda value: repr(value)[:30].encode("ascii", "replace").decode(),
)
def test_a_case_with_a_bad_field_is_refused_and_not_stored(machine, kim, field, value):
    assert_refused(kim.post("/cases", {**a_report(machine.id), field: value}), f"/{field}")


@pytest.mark.parametrize("value", [*NO_TEXT, "x" * 10_001], ids=lambda value: repr(value)[:30])
def test_a_message_with_a_bad_text_is_refused_and_not_stored(case, kim, value):
    path = f"/cases/{case.id}/messages"
    assert_refused(kim.post(path, {"text": value}), "/text")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("organisation_id", value) for value in NO_ID),
        *(("product", value) for value in NO_TEXT),
        *(("serial_number", value) for value in (*NO_TEXT, "b1", "B 1", "B1\n", "B" * 41)),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_machine_with_a_bad_field_is_refused_and_not_stored(support, field, value):
    assert_refused(support.post("/machines", a_registration(**{field: value})), f"/{field}")


@pytest.mark.parametrize(
    "value", ["", "TAKE", "delete", 7, None, [], {}, "take\x00", 10**300], ids=repr
)
def test_a_step_that_is_none_is_refused(case, support, value):
    answer = support.change("POST", f"/cases/{case.id}/state", 1, {"trigger": value})
    assert_refused(answer, "/trigger")


BODIES = {
    "/cases": a_report(uuid4()),
    "/machines": a_registration(),
    "/cases/{case}/messages": {"text": "x"},
    "/cases/{case}/state": {"trigger": "take"},
}
HEADERS = {"Idempotency-Key": "key-00001", "If-Match": '"1"'}


@pytest.mark.parametrize(("path", "body"), BODIES.items(), ids=BODIES)
def test_a_field_that_nobody_asked_for_is_refused(case, support, path, body):
    path = path.replace("{case}", str(case.id))
    answer = support.call("POST", path, json={**body, "extra": 1}, headers=HEADERS)
    assert_refused(answer, "/extra")


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b"{", 400),
        (b'{"a": NaN}', 400),
        (b'{"a": "\\ud800"}', 400),
        (b"\xff", 400),
        (b"[" * 20_000, 400),
        (b'{"a": 1' + b"0" * 5000 + b"}", 400),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_body_that_is_no_proper_object_is_refused(case, support, path, raw, status):
    path = path.replace("{case}", str(case.id))
    answer = support.call("POST", path, data=raw, content_type="application/json", headers=HEADERS)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


@pytest.mark.parametrize("path", ["/cases", "/machines", "/cases/{case}/messages"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=-1", "limit=x", f"limit={10**30}", "limit=", "cursor=x",
        "cursor=%00", "cursor=%ff", "cursor=" + "A" * 41,
    ],
)  # fmt: skip
def test_a_list_asked_for_badly_is_refused(case, kim, path, query):
    path = path.replace("{case}", str(case.id))
    assert_refused(kim.get(f"{path}?{query}"), f"/{query.partition('=')[0]}")


@pytest.mark.parametrize(
    "query", ["state=", "state=REPORTED", "state=x%00", "organisation_id=x", "organisation_id="]
)
def test_cases_asked_for_badly_are_refused(kim, query):
    assert_refused(kim.get(f"/cases?{query}"), f"/{query.partition('=')[0]}")


@pytest.mark.parametrize(
    "case_id", ["x", "0", "%00", "schema2", "01a20000-0000-7000-8000-000000000001"]
)
@pytest.mark.parametrize("rest", ["", "/messages"])
def test_a_case_that_does_not_exist_is_not_found(kim, case_id, rest):
    answer = kim.get(f"/cases/{case_id}{rest}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
