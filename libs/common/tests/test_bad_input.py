"""Whatever is sent, the answer is a problem that names the place, and never a fault of ours."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.testing.harness import pointers
from common.web.problems import CONTENT_TYPE
from sample.models import Parcel

NOTHING = object()


@pytest.fixture(scope="module")
def member(shared):
    return shared.sign_in()


def post(member, body, kind="application/json"):
    return member.post("/parcels", data=body, content_type=kind)


def require_refusal(answer, *statuses):
    assert answer.status_code in statuses, answer.get_data()[:300]
    assert answer.content_type == CONTENT_TYPE
    assert answer.json["status"] == answer.status_code


DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'label': 'x'}",
        b'{"label": "x", "weight": 1,}',
        b'{"label": "x", "weight": NaN}',
        b'{"label": "x", "weight": Infinity}',
        b'{"label": "x", "weight": 1e999}',
        b'{"label": "x", "weight": 01}',
        b'{"label": "\xff", "weight": 1}',
        b'{"label": "\\ud800", "weight": 1}',
        b'{"label": "\\udc00\\ud800", "weight": 1}',
        b'{"label": "\n", "weight": 1}',
        b"\xef\xbb\xbf{}",
        '{"label": "x", "weight": 1}'.encode("utf-16"),
        b"[" * DEEP + b"]" * DEEP,
        b'{"label": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b', "weight": 1}',
        b'{"label": "x", "weight": 1} {"label": "y", "weight": 1}',
        b"\x00",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_by_the_book_is_refused(member, body):
    require_refusal(post(member, body), 400)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"true", b"null", b"[[]]"])
def test_json_that_is_no_object_is_refused(member, body):
    require_refusal(post(member, body), 400, 422)


def test_an_empty_body_lacks_every_required_field(member):
    answer = post(member, b"")
    require_refusal(answer, 422)
    assert pointers(answer) == {"/label", "/weight"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", "nul\x00"),
        ("label", "bell\x07"),
        ("label", "line\nbreak"),
        ("label", "\x9b31m"),
        ("label", " edge"),
        ("label", "edge\u2003"),
        ("label", ""),
        ("label", " "),
        ("label", "x" * 101),
        ("label", None),
        ("label", 7),
        ("label", ["x"]),
        ("label", {"x": 1}),
        ("weight", 0),
        ("weight", -1),
        ("weight", 1001),
        ("weight", 10**30),
        ("weight", -(10**30)),
        ("weight", 1.5),
        ("weight", 1e300),
        ("weight", "5"),
        ("weight", True),
        ("weight", None),
        ("weight", [5]),
        ("id", "00000000-0000-0000-0000-000000000001"),
        ("arrivals", 3),
        ("__class__", "x"),
    ],
    ids=lambda each: repr(each)[:24],
)
def test_a_value_that_does_not_fit_is_named_by_its_place(shared, member, field, value):
    answer = post(member, json.dumps({"label": "box", "weight": 5, field: value}))
    require_refusal(answer, 422)
    assert pointers(answer) == {f"/{field}"}


@pytest.mark.parametrize("label", ["Müller & Söhne", "O'Neil", "李雷", "👩‍🔧", "<b>", "a" * 100])
def test_control_what_people_do_write_is_kept_as_it_was_sent(shared, label):
    caller = shared.sign_in()
    answer = post(caller, json.dumps({"label": label, "weight": 1000}))
    assert answer.status_code == 201
    (row,) = shared.rows(Parcel, Parcel.account_id == caller.person.account_id)
    assert row.label == label


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "application/json-seq"]
)
def test_another_content_type_is_refused(member, kind):
    require_refusal(post(member, b'{"label": "x", "weight": 1}', kind), 415)


@pytest.mark.parametrize(
    "path",
    [
        "/parcels/1",
        "/parcels/%00",
        "/parcels/00000000-0000-0000-0000-00000000000g",
        "/parcels/%F0%9F%98%80",
        "/parcels/..%2f..%2fetc",
        "/parcels/" + "9" * 5000,
        "/parcels//",
        "/%ff",
    ],
)
def test_a_path_that_leads_nowhere_is_not_found(member, path):
    require_refusal(member.get(path), 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": "00-zz"},
        {"traceparent": "x" * 5000},
        {"X-Forwarded-Host": "a, b", "X-Forwarded-Proto": "gopher"},
        {"Accept-Language": "x" * 2000},
        {"Accept": "image/png"},
        {"If-Match": '"\x7f"'},
        {"Cookie": "a=" + "b" * 4000},
    ],
    ids=str,
)
def test_a_strange_header_changes_nothing(member, headers):
    assert member.get("/parcels?limit=1", headers=headers).status_code == 200


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=60),
        JSON.map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries({"label": JSON, "weight": JSON}).map(
            lambda value: json.dumps(value).encode()
        ),
    )
)
def test_no_body_is_a_fault_of_ours(member, body):
    answer = post(member, body)
    if answer.status_code != 201:
        require_refusal(answer, 400, 422)
