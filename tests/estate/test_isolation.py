"""Who gets in where: every route, against nobody, strangers, other services and blocked people.

The lists in this file are the specification: a route that is to be public, or that another
organisation's people may call, is entered here on purpose (S3, S9, S12, S29, S31, S50).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from werkzeug.routing import Rule
from werkzeug.test import Client, TestResponse

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.ids import uuid7
from common.settings import load
from common.web.access import STAFF_ROLES, Role
from deploy.local.portal import Portal
from gateway import app as gateway
from gateway.settings import Settings as GatewaySettings
from identity.models import Passkey
from tests.estate.scenario import PLAIN, Scenario, a_scenario, a_settled_estate
from tests.estate.surface import (
    Operation,
    Visitor,
    a_contract,
    fitting,
    is_problem,
    operations,
    peer,
    person,
    stored,
    things,
)

OF_EVERY_SERVICE = {"/healthz", "/readyz", "/openapi.json", "/docs/", "/docs/<path:path>"}
PUBLIC = {
    "identity": {
        "/registration/schema",  # S5
        "/registrations",  # S4
        "/registrations/confirmation",  # S4
        "/passwords",  # S39
        "/passwords/recovery",  # S38
        "/invitations/schema",  # S5
        "/invitations/acceptance",  # S47
        "/accounts/address-confirmation",  # S30
        "/sessions",  # S30
        "/sessions/refresh",
        "/sessions/second-factor",
        "/sessions/second-factor/enrolment",
        "/sessions/passkey",
        "/sessions/passkey/options",
        "/contact",  # S22, S91
        "/rights-requests/outside",  # S2
        "/rights-requests/follow",
        "/advertising-objections",  # S69
        "/notices",  # S1
        "/notices/current",
        "/notices/<version>",
        "/.well-known/jwks.json",  # keys with which receipts are verified
    }
}
"""What anybody may call (S3, S29); nothing of the other services."""
GATEWAY = {
    "/", "/address", "/confirm", "/invitation", "/objection/<token>", "/password", "/privacy",
    "/request", "/healthz", "/readyz", "/static/<path:filename>", "/api/<service>/",
    "/api/<service>/<path:path>",
}  # fmt: skip
"""The gateway's own pages; behind /api/ each service decides for itself."""
INTERNAL = {
    ("identity", "/internal/names"): "names:read",
    ("identity", "/internal/advertising"): "advertising:read",
    ("identity", "/internal/accounts"): "accounts:read",
    ("identity", "/internal/standing/<uuid:account_id>"): "standing:read",
    ("identity", "/internal/standings"): "standings:read",
    **{(service, "/internal/erasures"): "erasures:read" for service in OWNERS_OF_PERSONAL_DATA},
    (
        "uploads",
        "/internal/accounts/<uuid:account_id>/documents/<uuid:document_id>/content",
    ): "documents:read",
    **{
        (service, f"/internal/{path}/<uuid:account_id>"): scope
        for service in OWNERS_OF_PERSONAL_DATA
        for path, scope in (
            ("retention/outlook", "outlook:read"),
            ("personal-data", "personal-data:read"),
            ("erasure-plan", "erasure:plan"),
        )
    },
}
"""What services say to each other alone, and the scope that it takes."""
EVERYBODYS = {
    ("training", "get", "/sessions/{session_id}"): 200,  # trainings are the same for everybody
    ("shop", "get", "/products/{product_id}"): 200,  # and so is the catalogue
    ("training", "post", "/sessions/{session_id}/cancellation"): 403,
    ("identity", "get", "/erasures/{request_id}"): 403,  # by role alone, whatever the id
    ("identity", "get", "/erasures/{request_id}/certificate"): 403,
    ("identity", "get", "/represented-accounts/{account_id}"): 403,
    **{
        (service, "post", "/retention/rule-sets/{rule_set_id}/activation"): 403
        for service in OWNERS_OF_PERSONAL_DATA
    },
    ("identity", "delete", "/accounts/me/consents/{purpose}"): 204,  # of oneself
    ("identity", "get", "/notices/{version}"): 200,  # for anybody
}
"""What belongs to no organisation, and the answer to a member; all else of others is 404 (S50)."""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """Two customers with people at work, one of whom is blocked with a token that is valid."""
    with a_settled_estate(tmp_path_factory.mktemp("isolation")) as portal:
        played = a_scenario(portal)
        played.people_come()
        played.use_every_service()
        played.made["stranger"] = played.somebody_of_another_customer()
        leaver = played.register("Kunigunde", "Wacholderbeer", "other_local_part")
        leaver.post("identity", "accounts/me/deactivation", {})
        account = f"accounts/{played.made[leaver.email]}"
        plan = played.staff["dpo"].post("identity", f"{account}/erasure-plans", {}).json()
        approval = {"plan_id": plan["id"]}
        erasure = played.staff["dpo"].change("identity", account, "erasure", approval)
        played.made["erasure"] = erasure["request_id"]
        representative = ("organisation", "add", "Vertretung GmbH", "DE", "--kind=representative")
        played.made["representative"] = portal.operate("identity", *representative).strip()
        contract = a_contract(played.made["representative"])
        entered = played.staff["dpo"].post("identity", "representations", contract)
        played.made["representation"] = entered.json()["id"]
        hold = {
            "scope": "class", "subject": "mail", "ground": "A claim", "review_on": "2099-01-01",
        }  # fmt: skip
        placed = played.staff["dpo"].post("identity", "legal-holds", hold)
        played.made["hold"] = placed.json()["id"]
        invited = {
            "email": "somebody@customer.example",
            "organisation_id": played.customers()[0]["id"],
        }
        played.made["invitation"] = (
            played.staff["approver"].post("identity", "invitations", invited).json()
        )
        played.made["sign_in"] = played.person.get("identity", "sessions")[0]["id"]
        played.put(played.person, "accounts/me", {"company": "Mauer AG"}, "PATCH")
        (noticed,) = played.staff["dpo"].get("identity", "recipient-notices")
        played.made["recipient_notice"] = noticed["id"]
        played.made["objection"] = played.the_person_objects()
        asked = played.person.post("identity", "accounts/me/rights-requests", {"right": "access"})
        played.made["rights_request"] = asked.json()["id"]
        played.made["passkey"] = a_passkey(portal, played.made[played.person.email])
        blocked = played.register("Ottilie", "Vogelbeerbaum", "other_local_part")
        account = f"accounts/{played.made[blocked.email]}"
        played.staff["admin"].change("identity", account, "block", {"reason": "misuse"})
        restricted = played.register("Adelgunde", "Schlehdorn", "other_local_part")
        account = f"accounts/{played.made[restricted.email]}"
        contested = {"ground": "accuracy_contested"}
        played.staff["dpo"].change("identity", account, "restriction", contested)
        portal.settle()
        played.made |= {"blocked": blocked, "restricted": restricted}
        yield played


def a_passkey(portal: Portal, account_id: str) -> str:
    """Id of a passkey that a person has."""
    identity = portal.estate.runtimes["identity"]
    with identity.transaction() as session:
        passkey = Passkey(
            account_id=UUID(account_id), credential_id="eHh4", public_key=b"", sign_count=0,
            label="Key ring", created_at=portal.clock.now(),
        )  # fmt: skip
        session.add(passkey)
        session.flush()
        return str(passkey.id)


@pytest.fixture(scope="module")
def portal(scenario: Scenario) -> Portal:
    """The estate that the scenario is played on."""
    return scenario.portal


@pytest.fixture(scope="module")
def every(portal: Portal) -> list[Operation]:
    """Every operation of every service."""
    return operations(portal)


def rules(portal: Portal) -> Iterator[tuple[str, Rule, str]]:
    """Every route of every service by its application: service, rule, method."""
    for service, app in portal.estate.apps.items():
        for rule in app.url_map.iter_rules():
            yield from ((service, rule, method) for method in sorted(rule.methods or ()))


def path_of(rule: Rule) -> str:
    """A path that a rule matches, with random ids."""
    _, path = rule.build({name: "x" for name in rule.arguments if name == "path"} | {
        name: uuid7() for name in rule.arguments if name != "path"
    }) or ("", "")  # fmt: skip
    return path


def access(portal: Portal, service: str, rule: Rule) -> str:
    """How a route is marked."""
    view = portal.estate.apps[service].view_functions[rule.endpoint]
    return getattr(view, "__access__", "people")


def test_the_openapi_documents_name_every_route(portal: Portal, every: list[Operation]) -> None:
    """Control: what is generated from them leaves nothing out."""
    named = {each.key for each in every}
    for service, rule, method in rules(portal):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        if rule.rule not in OF_EVERY_SERVICE and method not in ("HEAD", "OPTIONS"):
            named.remove((service, method.lower(), path))
    assert named == set()


# ----------------------------------------------------------------------------------------- nobody


def test_nobody_gets_in_but_where_the_list_says_so(portal: Portal) -> None:
    nobody, open_to_all = Visitor(portal, None), []
    for service, rule, method in rules(portal):
        answer = nobody.call(service, method, path_of(rule))
        if answer.status_code != 401:
            open_to_all.append((service, rule.rule))
            continue
        assert method == "HEAD" or is_problem(answer, 401), (service, method, rule.rule)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    listed = {
        (service, path)
        for service in OWNERS_OF_PERSONAL_DATA
        for path in PUBLIC.get(service, set()) | OF_EVERY_SERVICE
    }
    assert set(open_to_all) == listed


def test_the_gateway_has_no_page_beside_its_list(front_doors: dict[str, Any]) -> None:
    assert {rule.rule for rule in front_doors["gateway"].url_map.iter_rules()} == GATEWAY


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJhdWQiOiJwb3J0YWwifQ.", "\u00e9"]
)
def test_a_token_that_is_none_is_like_no_token(portal: Portal, token: str) -> None:
    for service, rule, method in rules(portal):
        if access(portal, service, rule) == "public" or rule.rule in OF_EVERY_SERVICE:
            continue
        assert Visitor(portal, token).call(service, method, path_of(rule)).status_code == 401


# ------------------------------------------------------------------------------------- restricted

LEFT_TO_THE_RESTRICTED = {
    ("identity", "get", "/accounts/me"),
    ("identity", "patch", "/accounts/me"),
    ("identity", "post", "/accounts/me/deactivation"),
    ("identity", "get", "/accounts/me/export"),
    ("identity", "get", "/accounts/me/retention"),
    ("identity", "get", "/accounts/me/recipients"),
    ("identity", "get", "/accounts/me/sign-ins"),
    ("identity", "get", "/accounts/me/profile"),
    ("identity", "get", "/accounts/me/consents"),
    ("identity", "post", "/accounts/me/rights-requests"),
    ("identity", "get", "/accounts/me/rights-requests"),
    ("identity", "post", "/accounts/me/rights-requests/{rights_request_id}/withdrawal"),
    ("identity", "get", "/accounts/me/advertising-objection"),
    ("identity", "put", "/accounts/me/advertising-objection"),
    ("identity", "delete", "/accounts/me/consents/{purpose}"),
    ("identity", "put", "/accounts/me/password"),
    ("identity", "get", "/sessions"),
    ("identity", "delete", "/sessions"),
    ("identity", "delete", "/sessions/current"),
    ("identity", "delete", "/sessions/{session_id}"),
    ("screening", "post", "/objections"),
    ("screening", "get", "/objections"),
}
"""What people may do while the use of their data is restricted: their rights (S2, art. 18)."""


def test_a_restricted_person_is_refused_by_every_service_but_for_the_own_rights(
    portal: Portal, scenario: Scenario, every: list[Operation]
) -> None:
    """With a token that is valid, from the event on."""
    restricted = scenario.made["restricted"]
    organisation_id = scenario.customers()[0]["id"]
    for_people = [each for each in every if not (each.is_internal or each.is_public)]
    leave = ("identity", "post", "/accounts/me/deactivation")
    for operation in sorted(for_people, key=lambda each: each.key == leave):
        visitor = person(portal, scenario.made[restricted.email], organisation_id)
        answer = visitor.call(operation.service, operation.method, operation.filled({}))
        refused = is_problem(answer, 403) and answer.json["type"] == "/problems/account-restricted"
        left = operation.key in LEFT_TO_THE_RESTRICTED
        assert refused is not left, str(operation)


# -------------------------------------------------------------------------------------- strangers


@pytest.fixture(scope="module", params=[Role.MEMBER, Role.USER_MANAGER], ids=str)
def stranger(request: pytest.FixtureRequest, scenario: Scenario) -> Visitor:
    """Somebody of another customer, with an active account."""
    organisation_id = scenario.customers()[1]["id"]
    account_id = scenario.made[scenario.made["stranger"].email]
    return person(scenario.portal, account_id, organisation_id, request.param)


def everything_stored(portal: Portal) -> list[Any]:
    """All that six databases hold."""
    return [
        (service, *each)
        for service, runtime in portal.estate.runtimes.items()
        for each in stored(runtime)
    ]


def without_trace(answer: TestResponse) -> Any:
    """What an answer says, other than in which trace."""
    return answer.status_code, {**(answer.json or {}), "trace_id": None}


def test_what_another_organisation_has_is_not_there_for_a_stranger(
    portal: Portal, scenario: Scenario, every: list[Operation], stranger: Visitor
) -> None:
    """The answer is the same as for an id that nothing has, and nothing changes."""
    real, bodies, before = things(scenario), fitting(scenario), everything_stored(portal)
    for operation in every:
        if not operation.parameters or operation.is_internal:
            continue
        sent = {"json": bodies[operation.key]} if operation.key in bodies else {}
        answer, to_nothing = (
            stranger.call(operation.service, operation.method, operation.filled(ids), **sent)
            for ids in (real[operation.service], {})
        )
        assert answer.status_code == EVERYBODYS.get(operation.key, 404), str(operation)
        if answer.status_code >= 300:
            assert without_trace(answer) == without_trace(to_nothing), str(operation)
    assert everything_stored(portal) == before


def test_no_list_shows_a_stranger_anything_of_another_organisation(
    portal: Portal, scenario: Scenario, every: list[Operation], stranger: Visitor
) -> None:
    made, customer = scenario.made, scenario.customers()[0]["id"]
    theirs = {
        made[scenario.person.email], made[scenario.colleague.email], customer,
        made["erasure"], *(made[each]["id"] for each in ("document", "case", "order", "booking")),
        made["case"]["machine"]["id"], PLAIN["family"], PLAIN["street"], PLAIN["description"],
    }  # fmt: skip
    for operation in every:
        if operation.method != "get" or operation.parameters:
            continue
        known = {each["name"] for each in operation.described.get("parameters", ())}
        asked = [{}, {"limit": 100}] if "limit" in known else [{}]
        asked += [{"organisation_id": customer}] if "organisation_id" in known else []
        asked += [{"session_id": made["session"]["id"]}] if "session_id" in known else []
        for query in asked:
            answer = stranger.call(operation.service, "get", operation.path, query_string=query)
            assert answer.status_code in (200, 403), str(operation)
            said = text_of(answer)
            assert {each for each in theirs if each in said} == set(), str(operation)


def text_of(answer: TestResponse) -> str:
    """What an answer says, an archive's files too."""
    if answer.mimetype != "application/zip":
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return "".join(archive.read(each).decode(errors="replace") for each in archive.namelist())


def test_a_stranger_cannot_name_another_organisations_things_in_a_body(
    portal: Portal, scenario: Scenario, stranger: Visitor
) -> None:
    body = fitting(scenario)["service-cases", "post", "/cases"]
    assert stranger.call("service-cases", "post", "/cases", json=body).status_code == 404
    for key in (
        ("service-cases", "post", "/machines"),
        ("identity", "post", "/organisations"),
        ("shop", "post", "/products"),
        ("training", "post", "/sessions"),
    ):
        answer = stranger.call(*key, json=fitting(scenario)[key])
        assert is_problem(answer, 403), key


def test_a_colleague_sees_what_the_stranger_does_not(
    portal: Portal, scenario: Scenario, every: list[Operation]
) -> None:
    """Control: the ids are real, and it is the organisation that makes the difference."""
    real, seen = things(scenario), []
    organisation_id = scenario.customers()[0]["id"]
    colleague = person(portal, scenario.made[scenario.colleague.email], organisation_id)
    for operation in every:
        if operation.parameters and operation.method == "get" and not operation.is_internal:
            path = operation.filled(real[operation.service])
            if colleague.call(operation.service, "get", path).status_code == 200:
                seen.append(f"{operation.service} {operation.path}")
    assert set(seen) == {
        "identity /directory/{account_id}",
        "identity /organisations/{organisation_id}",
        "uploads /documents/{document_id}",
        "uploads /documents/{document_id}/content",
        "service-cases /cases/{case_id}",
        "service-cases /cases/{case_id}/messages",
        "shop /orders/{order_id}",
        "shop /products/{product_id}",
        "training /bookings/{booking_id}",
        "training /sessions/{session_id}",
        "identity /notices/{version}",
    }


def test_there_is_a_real_id_for_every_parameter_of_every_path(
    scenario: Scenario, every: list[Operation]
) -> None:
    real = things(scenario)
    for operation in every:
        assert all(real[operation.service].get(name) for name in operation.parameters), operation


# --------------------------------------------------------------------------------- other services


def test_internal_routes_are_those_of_the_list_and_are_marked_with_their_scope(
    portal: Portal,
) -> None:
    marked = {
        (service, rule.rule): access(portal, service, rule)
        for service, rule, _ in rules(portal)
        if "internal" in access(portal, service, rule) or "internal" in rule.rule
    }
    assert marked == {key: f"internal:{scope}" for key, scope in INTERNAL.items()}


@pytest.fixture(scope="module")
def internal(every: list[Operation]) -> list[tuple[Operation, str]]:
    """Every internal operation and its scope."""
    by_path = {
        (service, path.replace("<uuid:", "{").replace(">", "}")): scope
        for (service, path), scope in INTERNAL.items()
    }
    return [(each, by_path[each.service, each.path]) for each in every if each.is_internal]


def called(visitor: Visitor, scenario: Scenario, operation: Operation) -> TestResponse:
    """An internal operation called as it should be, by whoever."""
    body = fitting(scenario).get(operation.key)
    path = operation.filled(things(scenario)[operation.service])
    sent = {"json": body} if body is not None else {}
    return visitor.call(operation.service, operation.method, path, **sent)


def test_an_internal_route_answers_a_service_with_its_scope(
    portal: Portal, scenario: Scenario, internal: list[tuple[Operation, str]]
) -> None:
    """Control: what is refused below is refused for whom it comes from."""
    assert len(internal) == len(INTERNAL)
    for operation, scope in internal:
        caller = peer(portal, "shop", operation.service, scope)
        assert called(caller, scenario, operation).status_code == 200, str(operation)


@pytest.mark.parametrize("role", [*sorted(STAFF_ROLES), Role.MEMBER, Role.REPRESENTATIVE])
def test_an_internal_route_refuses_people_whatever_their_role(
    portal: Portal, scenario: Scenario, internal: list[tuple[Operation, str]], role: Role
) -> None:
    account_id = scenario.made[scenario.person.email]
    someone = person(portal, account_id, scenario.customers()[0]["id"], role)
    for operation, _ in internal:
        assert is_problem(called(someone, scenario, operation), 401), str(operation)


def test_an_internal_route_refuses_another_scope_another_callee_and_an_old_token(
    portal: Portal, scenario: Scenario, internal: list[tuple[Operation, str]]
) -> None:
    for operation, scope in internal:
        for other in {*INTERNAL.values(), "", f"{scope}:more"} - {scope}:
            caller = peer(portal, "shop", operation.service, other)
            assert is_problem(called(caller, scenario, operation), 403), str(operation)
        another = "uploads" if operation.service == "screening" else "screening"
        for_another = peer(portal, "shop", another, scope)
        assert is_problem(called(for_another, scenario, operation), 401), str(operation)
        old = peer(portal, "shop", operation.service, scope, timedelta(minutes=2))
        assert is_problem(called(old, scenario, operation), 401), str(operation)


def test_a_service_token_opens_nothing_that_is_for_people(
    portal: Portal, every: list[Operation]
) -> None:
    for operation in every:
        if operation.is_public or operation.is_internal:
            continue
        caller = peer(portal, "shop", operation.service, "names:read")
        answer = caller.call(operation.service, operation.method, operation.filled({}))
        assert is_problem(answer, 401), str(operation)


@pytest.fixture(scope="module")
def front_doors(portal: Portal) -> dict[str, Any]:
    """The embedded estate's door, and the gateway that stands before separate processes."""
    transports = {name: httpx.WSGITransport(app=app) for name, app in portal.estate.apps.items()}
    made = gateway.create_app(load(GatewaySettings, "gateway"), transports)
    return {"embedded": portal.estate.wsgi, "gateway": made}


SPELLINGS = (
    "/api/identity{}",
    "/api/identity/{}",
    "/api/identity//{}",
    "/api/identity/.{}",
    "/api/identity/x/..{}",
    "/api/identity/./.{}",
    "/api/identity/%2e{}",
    "/api/identity/x/%2e%2e{}",
    "/api/identity/x/..%2f..{}",
    "/api/identity\\{}",
    "/api//identity{}",
    "/api/./identity{}",
    "/api/shop/../identity{}",
    "/api/identity/docs/..{}",
    "/internal/../api/identity{}",
)
"""Ways to write the path of an internal route that a door might not recognise."""


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("door", ["embedded", "gateway"])
def test_internal_routes_are_not_there_through_the_front_door(
    portal: Portal,
    scenario: Scenario,
    internal: list[tuple[Operation, str]],
    front_doors: dict[str, Any],
    door: str,
    spelling: str,
) -> None:
    """Not even with a token that the route would take; a redirect leads nowhere either.

    405 comes from the documentation pages, which every other path below /docs/ belongs to.
    """
    client = Client(front_doors[door])
    for operation, scope in internal:
        token = peer(portal, "shop", "identity", scope).token
        path = spelling.format(operation.filled(things(scenario)["identity"]))
        for _ in range(4):
            answer = client.open(
                path=path.partition("?")[0],
                method=operation.method.upper(),
                headers={"Authorization": f"Bearer {token}"},
                json=fitting(scenario).get(operation.key),
                environ_overrides={"PATH_INFO": path},
            )
            if answer.status_code not in (301, 302, 307, 308):
                break
            path = httpx.URL(answer.headers["Location"]).path
        assert is_problem(answer, 404, 405), (operation.path, path)


def test_other_routes_are_there_through_the_front_door(front_doors: dict[str, Any]) -> None:
    """Control: both doors lead somewhere."""
    for door in front_doors.values():
        assert Client(door).get("/api/identity/contact").status_code == 200
        assert Client(door).get("/api/shop/orders").status_code == 401


# ------------------------------------------------------------------------------------- the blocked


def test_a_token_that_is_still_valid_opens_no_route_once_its_account_is_blocked(
    portal: Portal, scenario: Scenario
) -> None:
    """In every service and on every route, at once (S31)."""
    blocked, tried = Visitor(portal, scenario.made["blocked"].token), 0
    control = Visitor(portal, scenario.person.token)
    for service, rule, method in rules(portal):
        if access(portal, service, rule) != "people" or rule.rule in OF_EVERY_SERVICE:
            continue
        answer = blocked.call(service, method, path_of(rule))
        assert answer.status_code == 401, (service, method, rule.rule)
        if method != "HEAD":
            assert answer.json["type"] == "/problems/account-not-active"
        tried += 1
        if method == "OPTIONS":
            assert control.call(service, method, path_of(rule)).status_code == 200
    assert tried > 100
