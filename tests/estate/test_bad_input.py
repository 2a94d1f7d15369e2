"""Whatever is sent: an answer by RFC 9457 with a status that is the caller's, and nothing stored.

The requests are generated from the services' own OpenAPI documents, once by hand-written rules
that spoil one thing of a good request at a time, once by schemathesis.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.transport.wsgi import WSGITransport
from werkzeug.test import TestResponse

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.ids import uuid7
from common.testing.harness import pointers
from common.testing.servers import create_database, drop_database
from common.web.access import Role
from deploy.local.portal import Portal
from deploy.local.story import PNG
from tests.estate.scenario import Scenario, a_scenario, a_settled_estate
from tests.estate.surface import (
    INSTEAD,
    Operation,
    Visitor,
    counted,
    document,
    fitting,
    is_problem,
    operations,
    peer,
    person,
    things,
)
from tests.estate.test_isolation import INTERNAL

Where = tuple[str | int, ...]
DELETED = object()


ON_POSTGRES = pytest.mark.parametrize(
    "scenario",
    [pytest.param("postgres", marks=pytest.mark.postgres)],
    indirect=True,
    scope="module",
)
"""Where texts and numbers have limits."""


@pytest.fixture(scope="module", params=["sqlite"])
def scenario(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scenario]:
    """One customer with somebody at work in every service, on SQLite if not said otherwise."""
    with ExitStack() as closing:
        databases = None
        if request.param == "postgres":
            server = request.getfixturevalue("postgres_server")
            databases = {
                name: closing.enter_context(a_database(server.url, name))
                for name in OWNERS_OF_PERSONAL_DATA
            }
        folder = tmp_path_factory.mktemp("bad-input")
        portal = closing.enter_context(a_settled_estate(folder, databases=databases))
        played = a_scenario(portal)
        played.people_come()
        played.use_every_service()
        played.made["objection"] = played.the_person_objects()
        portal.settle()
        yield played


@contextmanager
def a_database(server_url: str, service: str) -> Iterator[str]:
    """URL of a new database for a service, as long as the block lasts."""
    name = f"test_{service.replace('-', '_')}_{uuid7().hex[-12:]}"
    try:
        yield create_database(server_url, name)
    finally:
        drop_database(server_url, name)


@pytest.fixture(scope="module")
def portal(scenario: Scenario) -> Portal:
    """The estate that the scenario is played on."""
    return scenario.portal


def allowed_everything(scenario: Scenario) -> Visitor:
    """A member of the customer with every role of staff too: nothing fails for want of a role."""
    account_id = scenario.made[scenario.person.email]
    return person(scenario.portal, account_id, scenario.customers()[0]["id"], *Role)


def caller_of(scenario: Scenario, operation: Operation) -> Visitor:
    """Somebody who may call an operation."""
    if not operation.is_internal:
        return allowed_everything(scenario)
    path = operation.path.replace("{", "<uuid:").replace("}", ">")
    scope = INTERNAL[operation.service, path]
    return peer(scenario.portal, "shop", operation.service, scope)


# ----------------------------------------------------------------------------- spoiling a body


def resolved(documented: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with its reference followed; allOf of one thing is that thing."""
    while True:
        if "$ref" in schema:
            schema = documented["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        elif len(schema.get("allOf", ())) == 1:
            schema = schema["allOf"][0]
        elif schema.get("anyOf"):
            schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
        else:
            return dict(schema)


def fields(
    documented: Mapping[str, Any], schema: Mapping[str, Any], at: Where = ()
) -> Iterator[tuple[Where, dict[str, Any], bool]]:
    """Every field of a body, nested ones too: where it is, its schema, whether it is required."""
    schema = resolved(documented, schema)
    for name, inner in schema.get("properties", {}).items():
        found = resolved(documented, inner)
        yield (*at, name), found, name in schema.get("required", ())
        if "array" in found.get("type", ""):
            yield from fields(documented, found["items"], (*at, name, 0))
        else:
            yield from fields(documented, found, (*at, name))


def kinds(schema: Mapping[str, Any]) -> set[str]:
    """JSON types that a schema takes."""
    kind = schema.get("type", "string" if "enum" in schema else "object")
    return {kind} if isinstance(kind, str) else set(kind)


def shown(
    documented: Mapping[str, Any], schema: Mapping[str, Any], body: Mapping[str, Any]
) -> list[tuple[Where, dict[str, Any], bool]]:
    """Fields of a body but those that would stand instead of one it has."""
    return [each for each in fields(documented, schema) if each[0][0] in body]


def spoilt(schema: Mapping[str, Any], required: bool) -> Iterator[tuple[str, Any]]:
    """What does not fit a field: what is wrong with it, and the value."""
    taken = kinds(schema)
    others: dict[str, Any] = {
        "string": "no such value", "integer": 7, "number": 1.5, "array": [[]], "object": {"x": 1},
        "boolean": True, "null": None,
    }  # fmt: skip
    for kind, value in others.items():
        fits = kind in taken or (kind == "integer" and taken & {"number", "boolean"})
        if not fits and not (kind == "string" and "boolean" in taken):
            yield f"a {kind}", value
    if required:
        yield "missing", DELETED
    if "enum" in schema:
        yield "not one of the values", "no such value"
    if "string" in taken and "maxLength" in schema:
        yield "too long", "a" * (schema["maxLength"] + 1)
    if "string" in taken and schema.get("minLength"):
        yield "too short", "a" * (schema["minLength"] - 1)
    if "string" in taken and schema.get("format") in ("uuid", "date-time", "email"):
        yield f"no {schema['format']}", "2026-13-45"
    if "string" in taken and schema.get("format") != "password":
        yield "a control character", "a\0b"
    if "integer" in taken:
        yield "a huge number", 10**400
        yield "a negative number", -1
    if "array" in taken and "maxItems" in schema:
        yield "too many", ["x"] * (schema["maxItems"] + 1)


def changed(body: Any, at: Where, value: Any) -> Any:
    """The body with another value in one place, or without it."""
    body = deepcopy(body)
    place = body
    for step in at[:-1]:
        place = place[step]
    if value is DELETED:
        del place[at[-1]]
    else:
        place[at[-1]] = value
    return body


def pointer(at: Where) -> str:
    """JSON pointer of a place."""
    return "".join(f"/{step}" for step in at)


def with_bodies(portal: Portal, service: str) -> list[tuple[Operation, dict[str, Any]]]:
    """Operations of a service that take JSON, with the schema of their body."""
    return [
        (each, each.described["requestBody"]["content"]["application/json"]["schema"])
        for each in operations(portal)
        if each.service == service
        and "application/json" in each.described.get("requestBody", {}).get("content", {})
    ]


def send(
    scenario: Scenario, operation: Operation, body: bytes, content_type: str = "application/json"
) -> TestResponse:
    """Send a body as it is; where the path varies it leads to nothing."""
    visitor = caller_of(scenario, operation)
    headers = {"Content-Type": content_type}
    return visitor.call(
        operation.service, operation.method, operation.filled({}), data=body, headers=headers
    )


WRONG_BODIES = {
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"7",
    "the beginning of an object": b'{"a":',
    "two objects": b"{}{}",
    "no Unicode": b'{"a": "\xff\xfe"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "1e400": b'{"a": 1e400}',
    "a huge number": b'{"a": %s}' % str(10**400).encode(),
    "deep nesting": b"[" * 100_000,
    "deep nesting that ends": b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    "an unknown field": b'{"surprise": 1}',
    "a field without a name": b'{"": 1}',
    "a field with a control character": b'{"\\u0000": 1}',
    "too much": b'{"a": "%s"}' % (b"x" * 1_100_000),
}


@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_a_body_with_one_wrong_field_is_refused_by_the_name_of_the_field(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    documented, good, faults = document(portal, service), fitting(scenario), []
    for operation, schema in with_bodies(portal, service):
        before = counted(portal, service)
        for at, field, required in shown(documented, schema, good[operation.key]):
            for what, value in spoilt(field, required):
                body = changed(good[operation.key], at, value)
                answer = send(scenario, operation, json.dumps(body).encode())
                named = {each for each in pointers(answer) if each.startswith(pointer(at))}
                unreadable = what == "a huge number" and is_problem(answer, 400)
                if not (unreadable or (is_problem(answer, 422) and named)):
                    faults.append(f"{operation}: {pointer(at)} is {what}: {said(answer)}")
        if counted(portal, service) != before:
            faults.append(f"{operation}: something was stored")
    assert faults == []


@ON_POSTGRES
@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_a_field_that_holds_what_is_no_json_is_refused(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    """In the place of every field: a lone surrogate, NaN, endless numbers, endless nesting."""
    documented, good, faults = document(portal, service), fitting(scenario), []
    for operation, schema in with_bodies(portal, service):
        before = counted(portal, service)
        for at, _, _ in shown(documented, schema, good[operation.key]):
            body = json.dumps(changed(good[operation.key], at, "MARK"))
            for raw in (r'"\ud800"', r'"x\udfff"', "NaN", "-Infinity", "1" * 5000, "[" * 5000):
                answer = send(scenario, operation, body.replace('"MARK"', raw).encode())
                if not is_problem(answer, 400, 422):
                    faults.append(f"{operation}: {pointer(at)} = {raw[:9]}: {said(answer)}")
        if counted(portal, service) != before:
            faults.append(f"{operation}: something was stored")
    assert faults == []


@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_a_body_that_is_no_good_object_is_refused(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    faults = []
    for operation, schema in with_bodies(portal, service):
        before = counted(portal, service)
        bodies = {**WRONG_BODIES}
        if resolved(document(portal, service), schema).get("required"):
            bodies |= {"nothing": b"", "an empty object": b"{}"}
        for what, body in bodies.items():
            answer = send(scenario, operation, body)
            if not is_problem(answer, 400, 413, 422):
                faults.append(f"{operation}: {what}: {said(answer)}")
        good = json.dumps(fitting(scenario)[operation.key]).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "x"):
            answer = send(scenario, operation, good, kind)
            if not is_problem(answer, 415):
                faults.append(f"{operation}: {kind}: {said(answer)}")
        if counted(portal, service) != before:
            faults.append(f"{operation}: something was stored")
    assert faults == []


@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_an_unknown_field_is_refused_by_its_name_wherever_it_stands(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    documented, good, faults = document(portal, service), fitting(scenario), []
    for operation, schema in with_bodies(portal, service):
        objects = {at[:-1] for at, _, _ in shown(documented, schema, good[operation.key])}
        for at in objects:
            body = changed(good[operation.key], (*at, "surprise"), 1)
            answer = send(scenario, operation, json.dumps(body).encode())
            if not (is_problem(answer, 422) and pointers(answer) == {pointer((*at, "surprise"))}):
                faults.append(f"{operation}: {pointer(at)}: {said(answer)}")
    assert faults == []


@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_the_bodies_that_are_spoilt_here_are_good_before(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    """Control: a refusal above is due to what was spoilt."""
    taken = with_bodies(portal, service)
    assert {each.key for each, _ in taken} == {
        key for key in fitting(scenario) if key[0] == service
    }
    for operation, schema in taken:
        body = fitting(scenario)[operation.key]
        known = {at for at, _, _ in fields(document(portal, service), schema) if len(at) == 1}
        named = {(name,) for name in {*body, *INSTEAD.get(operation.key, ())}}
        assert known == named, f"{operation}: a field without an example"
        answer = send(scenario, operation, json.dumps(body).encode())
        assert answer.status_code not in (400, 413, 415), f"{operation}: {said(answer)}"
        # A password that is not the own one, a code of another minute: in form they are good.
        is_formal = answer.status_code == 422 and answer.json["type"] == "/problems/invalid"
        assert not is_formal, f"{operation}: {said(answer)}"
        assert answer.status_code < 500


def said(answer: TestResponse) -> str:
    """An answer in a line, for a report."""
    return f"{answer.status_code} {answer.content_type} {answer.text[:200]}"


# --------------------------------------------------------------------- paths, queries and headers

NO_ID = (
    "x",
    "7",
    "0" * 36,
    "%00",
    "..%2f..",
    "é",
    "0195f0a0-0002-7000-8000-00000000000",
    "a" * 5000,
)
GARBAGE = {
    "limit": ("0", "101", "-1", "x", "1.5", "1e2", "NaN", "", "9" * 5000, "\0", "é"),
    "cursor": ("x", "\0", "é", "A" * 41, "A" * 21, "=" * 22, "//", " " * 22),
    "state": ("x", "", "\0", "ACTIVE", "é"),
    "verdict": ("x", "", "clear", "\0"),
    "organisation_id": ("x", "", "\0", "7", "é", "0" * 33),
    "person": ("x", "", "\0", "7", "é", "0" * 33),
    "table": ("", "a b", "\0", "é", "x" * 81),
    "actor": ("", "a b", "\0", "é", "x" * 81),
    "session_id": ("x", "", "\0", "7", "é", "0" * 33),
    "at": ("x", "", "\0", "2026-13-01T00:00:00Z", "2026-03-02", "2026-03-02T09:00:00", "9" * 20,
           "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"),
}  # fmt: skip


@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_a_path_with_an_id_that_nothing_has_or_that_is_none_leads_nowhere(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    faults, before = [], counted(portal, service)
    for operation in operations(portal):
        if operation.service != service or not operation.parameters:
            continue
        body = fitting(scenario).get(operation.key)
        sent = {} if body is None else {"json": body}
        visitor = caller_of(scenario, operation)
        for value in (None, "00000000-0000-0000-0000-000000000000", *NO_ID):
            ids = {} if value is None else dict.fromkeys(operation.parameters, value)
            answer = visitor.call(service, operation.method, operation.filled(ids), **sent)
            if not is_problem(answer, 404):
                faults.append(f"{operation} {value}: {said(answer)}")
    assert faults == []
    assert counted(portal, service) == before


@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_garbage_in_a_query_is_refused_by_the_name_of_the_parameter(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    faults, before = [], counted(portal, service)
    for operation in operations(portal):
        asked = [
            each for each in operation.described.get("parameters", ()) if each["in"] == "query"
        ]
        if operation.service != service or not asked:
            continue
        path, visitor = operation.filled({}), caller_of(scenario, operation)
        for name in [*(each["name"] for each in asked), "surprise"]:
            for value in GARBAGE.get(name, ("1",)):
                answer = visitor.call(
                    service, operation.method, path, query_string={name: value},
                    headers={"Idempotency-Key": str(uuid7())},
                )  # fmt: skip
                if not (is_problem(answer, 422) and pointers(answer) == {f"/{name}"}):
                    faults.append(f"{operation} ?{name}={value[:40]!r}: {said(answer)}")
    assert faults == []
    assert counted(portal, service) == before


@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_headers_that_make_no_sense_are_refused(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    faults, before = [], counted(portal, service)
    for operation in operations(portal):
        named = {
            each["name"]
            for each in operation.described.get("parameters", ())
            if each["in"] == "header"
        }
        if operation.service != service or "Idempotency-Key" not in named:
            continue
        body = fitting(scenario).get(operation.key)  # a file has none
        visitor = caller_of(scenario, operation)
        for key in ("", "short", "x" * 101, "with a blank", "\u00e9" * 10, "a\tb\tc\td\te"):
            answer = visitor.call(
                service, operation.method, operation.filled({}), json=body,
                headers={"Idempotency-Key": key},
            )  # fmt: skip
            if not is_problem(answer, 422):
                faults.append(f"{operation} {key!r}: {said(answer)}")
    assert faults == []
    assert counted(portal, service) == before


@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(
    portal: Portal, scenario: Scenario, service: str
) -> None:
    visitor = allowed_everything(scenario)
    by_path: dict[str, list[Operation]] = {}
    for operation in operations(portal):
        if operation.service == service:
            by_path.setdefault(operation.path, []).append(operation)
    for known in by_path.values():
        has = {each.method.upper() for each in known}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"} - has:
            answer = visitor.call(service, method, known[0].filled({}))
            if method == "GET" and answer.status_code == 404:
                continue  # `me` and `schema` are no ids
            assert is_problem(answer, 405), f"{method} {known[0]}: {said(answer)}"
            assert has <= set(answer.headers["Allow"].split(", "))


# ------------------------------------------------------------------------------------- schemathesis

EXAMPLES_PER_OPERATION = 10
CHECKS = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "response_headers_conformance", "negative_data_rejection",
    "positive_data_acceptance", "missing_required_header", "ignored_auth", "unsupported_method",
    "allow_header_conformance",
}  # fmt: skip
"""What schemathesis has to look at in every service."""


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemathesis 4.32 hands settings of sockets to WSGI where it checks that tokens matter."""
    send = WSGITransport.send

    def without_sockets(self: Any, case: Any, *, session: Any = None, **sent: Any) -> Any:
        for name in ("max_redirects", "verify", "cert", "proxies"):
            sent.pop(name, None)
        return send(self, case, session=session, **sent)

    monkeypatch.setattr(WSGITransport, "send", without_sockets)


def told_to_schemathesis(scenario: Scenario, service: str) -> dict[str, Any]:
    """Its settings: who calls, real ids half of the time, the same numbers at every run.

    A refusal by our own rules is expected where a document cannot say them: a state (409), a
    version (412, 428). Closing one's own account and signing out are left out, since nothing would
    be open then.
    """
    ids = {name: value for name, value in things(scenario)[service].items() if value}
    if "account_id" in ids:
        ids["account_id"] = scenario.made[scenario.colleague.email]  # who calls stays active
    refused = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428"]
    internal = [
        {
            "include-path": each.path,
            "headers": {"Authorization": f"Bearer {caller_of(scenario, each).token}"},
        }
        for each in operations(scenario.portal)
        if each.service == service and each.is_internal
    ]
    return {
        "seed": 1,
        "continue-on-failure": True,
        "headers": {"Authorization": f"Bearer {allowed_everything(scenario).token}"},
        "dictionaries": {name: {"values": [value]} for name, value in ids.items()},
        "parameters": {
            f"path.{name}": {"dictionary": name, "probability": 0.5} for name in ids
        },
        "generation": {
            "deterministic": True, "max-examples": EXAMPLES_PER_OPERATION, "database": "none",
            "no-shrink": True,
        },
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "401", "403", "404", "409", "412", "428", "429"]
            },
            "negative_data_rejection": {"expected-statuses": refused},
        },
        "phases": {
            "stateful": {"enabled": False},
            "coverage": {"extra-data-sources": {"responses": False}},
            "fuzzing": {"extra-data-sources": {"responses": False}},
        },
        "operations": [
            {"include-path": "/accounts/me/deactivation", "enabled": False},
            {"include-path": "/sessions", "include-method": "DELETE", "enabled": False},
            {"include-path": "/sessions/current", "enabled": False},
            *internal,
        ],
    }  # fmt: skip


def is_a_rule_of_ours(label: str, check: str, sent: Any, answer: Any) -> bool:
    """Whether a good request was refused by a rule that no document can state.

    A refusal with a type of its own (the content of a file); times that do not follow each other; a
    member who is none; a hold on what there is not; rules that are no whole set; a reason that
    speaks for another answer; one second factor, and one alone; an address that nobody can have
    (`.test`); a whole number that is written with a point (377.0), which JSON Schema calls an
    integer and we do not take. And a bad part of a form that was lost on its way, since a form
    cannot hold a null.
    """
    if check == "negative_data_rejection" and label == "POST /documents":
        return bool(sent.body.count(b"Content-Disposition") == 2)
    if check != "positive_data_acceptance":
        return False
    problem = json.loads(answer.content)
    own_type = problem["type"] != "/problems/invalid"
    named = {each["pointer"] for each in problem.get("errors", ())}
    about = {
        "POST /sessions": {"/starts_at", "/ends_at"},
        "POST /representations": {"/valid_to"},
        "POST /retention/preview": {"/rules"},
        "POST /legal-holds": {"/subject", "/review_on"},
        "PATCH /legal-holds/{hold_id}": {"/review_on"},
        "POST /organisations/{organisation_id}/user-management": {"/manager_account_id"},
        "POST /sessions/second-factor": {""},
        "POST /screenings/{account_id}/decision": {"/reason"},
        "POST /objections/{objection_id}/answer": {"/reason"},
    }
    rule = named <= about.get(label, set())
    address = bool(named) and all(each.endswith("email") for each in named)
    form = label == "POST /documents" and named <= {"/file", "/declaration"}
    number = named and re.search(rb"\d\.0\b", sent.body or b"")
    return bool(own_type or rule or address or form or number)


@ON_POSTGRES
@pytest.mark.parametrize("service", OWNERS_OF_PERSONAL_DATA)
def test_schemathesis_finds_nothing(
    portal: Portal, scenario: Scenario, in_process: None, service: str
) -> None:
    visitor = allowed_everything(scenario)
    config = schemathesis.Config.from_dict(told_to_schemathesis(scenario, service))
    app, faults, looked_at = portal.estate.apps[service], [], set()
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    for event in from_schema(schema).execute():
        if isinstance(event, NonFatalError | FatalError):
            faults.append(repr(event))
        if isinstance(event, ScenarioFinished):
            checks = event.recorder.checks.values()
            looked_at |= {check.name for each in checks for check in each}
            faults += found_by(event)
    assert faults == []
    assert CHECKS - looked_at == set()
    still_active = visitor.call("identity", "get", "/accounts/me")
    assert still_active.status_code == 200, "whoever calls must not be locked out on the way"


def found_by(event: ScenarioFinished) -> Iterator[str]:
    """What schemathesis found wrong in one of its scenarios: the check, the request, the answer."""
    recorded = event.recorder
    for case_id, checks in recorded.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            exchange = recorded.interactions[case_id]
            sent, answer = exchange.request, exchange.response
            if not is_a_rule_of_ours(recorded.label, check.name, sent, answer):
                yield (
                    f"{recorded.label}: {check.name}: {check.failure_info.failure.message[:200]}: "
                    f"{check.failure_info.code_sample[:500]}: "
                    f"{answer and (answer.status_code, answer.content[:300])}"
                )


@ON_POSTGRES
def test_schemathesis_finds_a_service_that_does_not_do_what_it_says(
    portal: Portal, scenario: Scenario, in_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: an answer without what the document promises, and a fault of ours."""
    views = portal.estate.apps["training"].view_functions
    monkeypatch.setitem(views, "training.list_sessions", lambda: {"not": "a list"})
    monkeypatch.setitem(views, "training.list_bookings", lambda: 1 / 0)
    config = schemathesis.Config.from_dict(told_to_schemathesis(scenario, "training"))
    schema = schemathesis.openapi.from_wsgi(
        "/openapi.json", portal.estate.apps["training"], config=config
    ).include(method="GET", path=["/sessions", "/bookings"])
    events = [each for each in from_schema(schema).execute() if isinstance(each, ScenarioFinished)]
    found = {fault.split(": ")[1] for each in events for fault in found_by(each)}
    assert {"response_schema_conformance", "not_a_server_error"} <= found


# ---------------------------------------------------------------------------------------- a form


def form(**parts: Any) -> dict[str, Any]:
    """A form to upload with, as the test client takes it."""
    return {"content_type": "multipart/form-data", "data": parts}


def test_an_upload_that_is_no_form_or_no_drawing_is_refused_and_leaves_nothing(
    portal: Portal, scenario: Scenario
) -> None:
    visitor, faults = allowed_everything(scenario), []
    declaration = visitor.call("uploads", "get", "/declaration").json["version"]
    objects = sorted((portal.folder / "objects").rglob("*"))
    before = counted(portal, "uploads")

    def file(name: str = "a.png", content: bytes = PNG) -> tuple[io.BytesIO, str]:
        return io.BytesIO(content), name

    for what, sent in {
        "nothing": {},
        "JSON": {"json": {"declaration": declaration}},
        "text": {"data": b"x", "content_type": "text/plain"},
        "a form without a border": {"data": b"x", "content_type": "multipart/form-data"},
        "no file": form(declaration=declaration),
        "a text as file": form(declaration=declaration, file="x"),
        "no declaration": form(file=file()),
        "another declaration": form(declaration="1999-01", file=file()),
        "a file as declaration": form(declaration=file(), file=file()),
        "an unknown part": form(declaration=declaration, file=file(), surprise="x"),
        "two files": form(declaration=declaration, file=[file(), file("b.png")]),
        "nothing in it": form(declaration=declaration, file=file(content=b"")),
        "a program": form(declaration=declaration, file=file("a.png", b"MZ" + bytes(1000))),
        "another ending": form(declaration=declaration, file=file("a.pdf")),
        "no name": form(declaration=declaration, file=file("")),
        "a long name": form(declaration=declaration, file=file("a" * 300 + ".png")),
        "a path": form(declaration=declaration, file=file("../a.png")),
        "a turned name": form(declaration=declaration, file=file("a\u202egnp.png")),
    }.items():
        answer = visitor.call("uploads", "post", "/documents", **sent)
        if not is_problem(answer, 400, 415, 422):
            faults.append(f"{what}: {said(answer)}")
    assert faults == []
    assert counted(portal, "uploads") == before
    assert sorted((portal.folder / "objects").rglob("*")) == objects
    good = form(declaration=declaration, file=file())
    assert visitor.call("uploads", "post", "/documents", **good).status_code == 201
