"""Who may call what: every route and role, own and other organisation (S12, S29, S50)."""

from dataclasses import dataclass
from uuid import uuid4

import pytest

from common.web import Role

from .factories import a_case, a_machine, a_message, a_registration, a_report, stored

CUSTOMERS = frozenset({Role.MEMBER, Role.USER_MANAGER})
SUPPORT = frozenset({Role.SUPPORT})


@dataclass(frozen=True)
class Call:
    """A route as it is called, and what each kind of role gets in its own organisation.

    about: whether it is about one machine or case, so that others learn nothing of it.
    """

    method: str
    path: str
    allowed: frozenset[Role]
    status: int = 200
    body: dict | None = None
    about: bool = True
    everywhere: frozenset[Role] = SUPPORT


CALLS = [
    Call("GET", "/machines", CUSTOMERS | SUPPORT, about=False),
    Call(
        "POST",
        "/machines",
        SUPPORT,
        201,
        a_registration(serial_number="{serial}"),
        about=False,
    ),
    Call("GET", "/cases/schema", frozenset(Role), about=False),
    Call("POST", "/cases", CUSTOMERS, 201, a_report("{machine}"), everywhere=frozenset()),
    Call("GET", "/cases", CUSTOMERS | SUPPORT, about=False),
    Call("GET", "/cases/{case}", CUSTOMERS | SUPPORT),
    Call("POST", "/cases/{case}/state", CUSTOMERS | SUPPORT, 200, {"trigger": "close"}),
    Call("POST", "/cases/{case}/state", SUPPORT, 200, {"trigger": "take"}),
    Call("PUT", "/cases/{case}/contact", CUSTOMERS | SUPPORT, 200, {"contact_name": "Kim"}),
    Call("GET", "/cases/{case}/messages", CUSTOMERS | SUPPORT),
    Call("POST", "/cases/{case}/messages", CUSTOMERS | SUPPORT, 201, {"text": "Hello."}),
]
STATEMENTS = pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")


@pytest.fixture
def cases(shared_cases):
    return shared_cases


@pytest.fixture
def machine(cases):
    return cases.given(a_machine())


@pytest.fixture
def case(cases, machine):
    case = cases.given(a_case(machine))
    cases.given(a_message(case))
    return case


@pytest.fixture
def send(machine, case):
    """Make a call about the machine and the case."""

    def send(caller, call):
        path, new = call.path.replace("{case}", str(case.id)), str(uuid4())
        body = {
            name: value.replace("{machine}", str(machine.id)).replace("{serial}", new.upper())
            for name, value in (call.body or {}).items()
        }
        headers = {"If-Match": '"1"', "Idempotency-Key": new}
        return caller.call(call.method, path, json=body or None, headers=headers)

    return send


def test_no_route_is_forgotten_here(cases):
    routes = {
        (method, rule.rule.replace("<uuid:case_id>", "{case}"))
        for rule in cases.app.url_map.iter_rules()
        if rule.endpoint.startswith("service-cases.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {(call.method, call.path) for call in CALLS}


@STATEMENTS
@pytest.mark.parametrize("role", Role)
def test_a_role_gets_what_the_policy_says_and_nothing_else(cases, machine, send, call, role):
    caller = cases.sign_in(role, organisation_id=machine.organisation_id)
    before = stored(cases)
    answer = send(caller, call)
    assert answer.status_code == (call.status if role in call.allowed else 403)
    if role not in call.allowed:
        assert stored(cases) == before


@STATEMENTS
@pytest.mark.parametrize("role", Role)
def test_another_organisations_things_do_not_exist(cases, send, call, role):  # S50
    before = stored(cases)
    answer = send(cases.sign_in(role), call)
    if call.about and role not in call.everywhere:
        assert answer.status_code == 404
        assert stored(cases) == before
    elif role not in call.allowed:
        assert answer.status_code == 403
    else:
        assert answer.status_code == call.status


@pytest.mark.parametrize("path", ["/machines", "/cases"])
@pytest.mark.parametrize("role", CUSTOMERS)
def test_lists_hold_nothing_of_other_organisations(cases, machine, case, path, role):  # S50
    stranger, colleague = (
        cases.sign_in(role),
        cases.sign_in(role, organisation_id=machine.organisation_id),
    )
    asked = f"{path}?organisation_id={machine.organisation_id}"
    assert [stranger.get(path).json, stranger.get(asked).json] == [[], []]
    assert len(colleague.get(path).json) == 1
    assert colleague.get(f"{path}?organisation_id={uuid4()}").json == []


@pytest.mark.parametrize("path", ["/machines", "/cases"])
def test_support_sees_every_organisation_and_may_ask_for_one(cases, machine, case, path):  # S58
    other = cases.given(a_case(cases.given(a_machine())))
    support = cases.sign_in(Role.SUPPORT)
    seen = {each["organisation_id"] for each in support.get(path).json}
    assert seen >= {str(machine.organisation_id), str(other.organisation_id)}
    asked = f"{path}?organisation_id={machine.organisation_id}"
    found = support.get(asked).json
    assert [each["organisation_id"] for each in found] == [str(machine.organisation_id)]


@STATEMENTS
def test_nobody_gets_in_without_a_token(cases, send, call):  # S29
    before = stored(cases)
    assert send(cases.anonymous(), call).status_code == 401
    assert stored(cases) == before


@STATEMENTS
def test_another_services_token_opens_no_route_for_people(cases, send, call):
    assert send(cases.peer("shop", "standing:read"), call).status_code == 401
