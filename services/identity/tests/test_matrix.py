"""Every route × every kind of caller, as the policy says it (S3, S12, S29, S31, S50).

The routes come from the app, who may from rules.access.POLICY, what is sent from the document.
"""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from common.ids import uuid7
from common.web.access import STAFF_ROLES, Reach, Role

from .scenes import (
    CUSTOMER,
    ELSEWHERE,
    HOME_OF,
    IN_FORCE,
    REPRESENTATIVE,
    YEAR,
    Contract,
    scene,
)
from .surface import POLICY, routes, sent_to
from .test_access import PUBLIC

ALLOWED = "allowed"
REFUSED = {"/problems/not-signed-in", "/problems/account-not-active", "/problems/not-allowed",
           "/problems/not-found"}  # fmt: skip
MALFORMED = {"/problems/invalid", "/problems/unsupported-content", "/problems/not-found"}


OVER = Contract(begins=-YEAR, ends=timedelta())
TO_COME = Contract(begins=timedelta(seconds=1))


@dataclass(frozen=True)
class Kind:
    """A kind of caller. where: the organisation. owner: of the things that the paths name."""

    role: Role | None
    where: str = ELSEWHERE
    owner: bool = False
    contract: Contract = IN_FORCE


CALLERS = {
    "nobody": Kind(None),
    "the owner": Kind(Role.MEMBER, CUSTOMER, owner=True),
    "a colleague": Kind(Role.MEMBER, CUSTOMER),
    "the organisation's user manager": Kind(Role.USER_MANAGER, CUSTOMER),
    "another organisation's member": Kind(Role.MEMBER),
    "another organisation's user manager": Kind(Role.USER_MANAGER),
    "the country's representative": Kind(Role.REPRESENTATIVE, REPRESENTATIVE),
    "another country's": Kind(Role.REPRESENTATIVE, REPRESENTATIVE, contract=Contract("NL")),
    "one whose contract is over": Kind(Role.REPRESENTATIVE, REPRESENTATIVE, contract=OVER),
    "one whose contract is to come": Kind(Role.REPRESENTATIVE, REPRESENTATIVE, contract=TO_COME),
    **{f"staff: {role}": Kind(role) for role in sorted(STAFF_ROLES)},
}


def directory_entry(kind):
    """Staff see everybody, customers their colleagues, nobody else learns who there is (S9)."""
    return kind.where == CUSTOMER or kind.role in STAFF_ROLES


def ones_own(kind):
    """Whoever has it knows of it, and nobody else."""
    return kind.owner


def under_contract(kind):
    """A representative sees the country of a contract that is valid now (S24, S25)."""
    return kind.contract is IN_FORCE


BY_VISIBILITY = {
    "/directory/<uuid:account_id>": directory_entry,
    "/sessions/<uuid:session_id>": ones_own,
    "/accounts/me/rights-requests/<uuid:rights_request_id>/withdrawal": ones_own,
    "/accounts/me/second-factors/passkeys/<uuid:passkey_id>": ones_own,
    "/represented-accounts/<uuid:account_id>": under_contract,
}
"""Routes that look for themselves whom the caller may know of, once the role is right."""


def expected(route, kind):
    """What the policy says of a call: ALLOWED, or the status of the refusal."""
    if route.access == "public":
        return ALLOWED
    if kind.role is None or route.access.startswith("internal:"):
        return 401
    reaches = (POLICY[each].grants.get(kind.role) for each in route.actions)
    reach = max(filter(None, reaches), default=None)
    of_somebody = route.asks_thing and bool(route.parameters) and route.path not in BY_VISIBILITY
    if reach is None and route.asks_role:
        return 403
    at_home = {HOME_OF.get(each, CUSTOMER) for each in route.parameters} == {kind.where}
    if of_somebody and not (at_home or reach is Reach.EVERYWHERE):
        return 404
    if reach is None or (of_somebody and reach is Reach.OWN and not kind.owner):
        return 403
    return ALLOWED if BY_VISIBILITY.get(route.path, lambda _: True)(kind) else 404


def set_up(identity, kind):
    """The scene with this kind of caller."""
    roles = [kind.role] if kind.role else []
    return scene(identity, roles, where=kind.where, owner=kind.owner, contract=kind.contract)


def called(identity, route, kind):
    """The answer to a fitting call by this kind of caller, on a scene of its own."""
    made = set_up(identity, kind)
    return send(made.caller, route, made.ids)


def send(caller, route, ids):
    """A fitting call about these things."""
    return caller.call(
        route.method,
        route.filled(ids),
        **sent_to(route, ids),
        headers={"If-Match": '"1"', "Idempotency-Key": str(uuid7())},
    )


def verdict(answer):
    """The status of a refusal for want of a right, else ALLOWED."""
    return answer.status_code if problem(answer) in REFUSED else ALLOWED


def problem(answer):
    """The type of a problem, None of another answer."""
    said = answer.get_json(silent=True)
    return said.get("type") if isinstance(said, dict) else None


@pytest.mark.parametrize("name", CALLERS)
def test_each_caller_may_do_what_the_policy_says_and_nothing_else(shared_identity, name):
    kind, faults = CALLERS[name], []
    idle = set_up(shared_identity, kind)
    for route in routes(shared_identity.app):
        wanted = expected(route, kind)
        changes = wanted == ALLOWED and route.method != "GET" and route.access == "people"
        made = set_up(shared_identity, kind) if changes else idle
        answer = send(made.caller, route, made.ids)
        failed = answer.status_code >= 500 and problem(answer) != "/problems/peer-unavailable"
        if verdict(answer) != wanted or failed:
            faults.append(f"{route}: {wanted} expected: {answer.status_code} {answer.text[:200]}")
    assert faults == [], "\n".join(faults)


def test_another_organisations_thing_looks_like_one_that_does_not_exist(shared_identity):
    stranger = [Role.MEMBER, Role.USER_MANAGER]
    for route in routes(shared_identity.app):
        made = scene(shared_identity, stranger)
        if route.access != "people" or not made.ids.keys() & set(route.parameters):
            continue
        nothing = made.ids | {each: uuid7() for each in route.parameters}
        theirs, nobodys = (told(send(made.caller, route, ids)) for ids in (made.ids, nothing))
        assert theirs == nobodys, route


def told(answer):
    """An answer without what differs every time."""
    return answer.status_code, {
        key: value for key, value in answer.json.items() if key not in ("trace_id", "instance")
    }


def test_the_calls_made_here_are_good_ones(shared_identity):
    """Control: where somebody may, it is done or not possible now; nothing sent is malformed."""
    for route in routes(shared_identity.app):
        allowed = [each for each in CALLERS.values() if expected(route, each) == ALLOWED]
        assert allowed or route.access.startswith("internal:"), route
        for kind in allowed[:1]:
            answer = called(shared_identity, route, kind)
            assert problem(answer) not in MALFORMED, f"{route}: {answer.text}"
            assert answer.status_code < 300 or problem(answer), f"{route}: {answer.text}"


def test_every_route_is_public_or_internal_or_names_its_entry_of_the_policy(shared_identity):
    found = routes(shared_identity.app)
    assert {(each.method, each.path) for each in found if each.access == "public"} == PUBLIC
    people = [each for each in found if each.access == "people"]
    assert {str(each): each.actions for each in people if len(each.actions) != 1} == {}


def test_every_entry_of_the_policy_has_a_route(shared_identity):
    named = {action for each in routes(shared_identity.app) for action in each.actions}
    assert named == set(POLICY)


def test_the_document_says_of_every_route_whether_it_is_open(shared_identity):
    for route in routes(shared_identity.app):
        if route.described:
            assert (route.described.get("security") == []) is (route.access == "public"), route


def test_a_route_that_asks_less_than_the_policy_is_found(shared_identity, monkeypatch):
    """Control: were blocking open to the whole office, the route would be at fault."""
    route = next(each for each in routes(shared_identity.app) if each.path.endswith("/block"))
    support = CALLERS["staff: support"]
    assert verdict(called(shared_identity, route, support)) == expected(route, support) == 404
    monkeypatch.setitem(globals(), "POLICY", {**POLICY, "account.block": POLICY["account.read"]})
    assert verdict(called(shared_identity, route, support)) != expected(route, support)
