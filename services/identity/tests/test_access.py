"""Who may do what: every route, every role (S3, S12, S29, S31, S50)."""

import re

import pytest

from common.ids import uuid7
from common.web.access import Role
from identity.rules.states import State

from .factories import a_plan, a_rights_request, an_account, an_organisation

PUBLIC = {
    ("GET", "/registration/schema"),
    ("POST", "/registrations"),
    ("POST", "/registrations/confirmation"),
    ("POST", "/passwords"),
    ("GET", "/invitations/schema"),
    ("POST", "/invitations/acceptance"),
    ("POST", "/passwords/recovery"),
    ("POST", "/accounts/address-confirmation"),
    ("POST", "/sessions"),
    ("POST", "/sessions/refresh"),
    ("POST", "/sessions/second-factor"),
    ("POST", "/sessions/second-factor/enrolment"),
    ("POST", "/sessions/passkey"),
    ("POST", "/sessions/passkey/options"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/contact"),
    ("POST", "/rights-requests/outside"),
    ("POST", "/rights-requests/follow"),
    ("POST", "/advertising-objections"),
    ("GET", "/notices"),
    ("GET", "/notices/current"),
    ("GET", "/notices/<version>"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
}
STAFF = {
    Role.APPROVER, Role.COMPLIANCE, Role.DPO, Role.FINANCE, Role.SUPPORT, Role.TRAINER, Role.SHOP,
    Role.ADMIN,
}  # fmt: skip
OFFICE = {Role.APPROVER, Role.COMPLIANCE, Role.DPO, Role.SUPPORT, Role.ADMIN}
CUSTOMERS = {Role.MEMBER, Role.USER_MANAGER}
APPROVERS = {Role.APPROVER}
GUARDS = {Role.COMPLIANCE, Role.ADMIN}
DESK = {Role.SUPPORT, Role.ADMIN}
FOR_CUSTOMER = {"organisation_id": "{organisation}"}
BECAUSE = {"reason": "other"}
TOLD = {"recipient": "Mails Ltd", "until": "2026-03-02T00:00:00Z"}
ASKED = {"right": "access"}
COMPLEX = {"reason": "complex"}
ANSWER = {"text": "Done."}
UNFOUNDED = {"ground": "unfounded"}
CONTESTED = {"ground": "accuracy_contested"}
APPROVAL = {"plan_id": "{plan}"}
PROVEN = {"reason": "called_back"}
REQUIRED = {"required": True}
AS_MEMBER = {"role": "member"}
AGREED = {"agreement_reference": "A-1", "manager_account_id": "{account}"}
NEW = {"name": "New AG", "country": "DE"}

# fmt: off
MATRIX = [
    # method, path, body, state of the account, who may
    ("GET",  "/accounts", None, State.ACTIVE, OFFICE | {Role.USER_MANAGER}),
    ("GET",  "/accounts/{account}", None, State.ACTIVE, OFFICE),
    ("POST", "/accounts/{account}/assignment", FOR_CUSTOMER, State.SCREENING, APPROVERS),
    ("POST", "/accounts/{account}/role", AS_MEMBER, State.ACTIVE, APPROVERS | {Role.ADMIN}),
    ("POST", "/accounts/{account}/approval", FOR_CUSTOMER, State.AWAITING_APPROVAL, APPROVERS),
    ("POST", "/accounts/{account}/refusal", BECAUSE, State.AWAITING_APPROVAL, APPROVERS),
    ("POST", "/accounts/{account}/block", BECAUSE, State.ACTIVE, GUARDS),
    ("POST", "/accounts/{account}/unblock", None, State.BLOCKED, GUARDS),
    ("POST", "/accounts/{account}/deactivation", None, State.ACTIVE, DESK),
    ("POST", "/accounts/{account}/reactivation", None, State.DEACTIVATED, DESK),
    ("POST", "/accounts/{account}/password-link", None, State.ACTIVE, DESK),
    ("POST", "/accounts/{account}/sessions/end", None, State.ACTIVE, GUARDS | DESK),
    ("POST", "/accounts/{account}/second-factors/reset", PROVEN, State.ACTIVE, DESK),
    ("POST", "/accounts/{account}/restriction", CONTESTED, State.ACTIVE, {Role.DPO}),
    ("PUT",  "/accounts/{account}/advertising-objection", None, State.ACTIVE,
     {Role.DPO, Role.SUPPORT}),
    ("POST", "/accounts/{account}/rights-requests", ASKED, State.ACTIVE,
     {Role.DPO, Role.SUPPORT}),
    ("GET",  "/rights-requests", None, State.ACTIVE, {Role.DPO}),
    ("GET",  "/rights-requests/{request}", None, State.ACTIVE, {Role.DPO}),
    ("POST", "/rights-requests/{request}/extension", COMPLEX, State.ACTIVE, {Role.DPO}),
    ("POST", "/rights-requests/{request}/reply", ANSWER, State.ACTIVE, {Role.DPO}),
    ("POST", "/rights-requests/{request}/refusal", UNFOUNDED, State.ACTIVE, {Role.DPO}),
    ("POST", "/accounts/{account}/erasure-plans", None, State.DEACTIVATED, {Role.DPO}),
    ("POST", "/accounts/{account}/erasure", APPROVAL, State.DEACTIVATED, {Role.DPO}),
    ("GET",  "/erasures", None, State.ACTIVE, {Role.DPO}),
    ("GET",  "/directory", None, State.ACTIVE, STAFF | CUSTOMERS),
    ("GET",  "/directory/{account}", None, State.ACTIVE, STAFF),
    ("POST", "/organisations", NEW, State.ACTIVE, {Role.APPROVER, Role.ADMIN}),
    ("GET",  "/organisations", None, State.ACTIVE, STAFF),
    ("GET",  "/organisations/{organisation}", None, State.ACTIVE, STAFF),
    ("POST", "/organisations/{organisation}/end-of-relation", None, State.ACTIVE, {Role.ADMIN}),
    ("GET",  "/organisations/{organisation}/members", None, State.ACTIVE, OFFICE),
    ("POST", "/organisations/{organisation}/user-management", AGREED, State.ACTIVE,
     APPROVERS | {Role.ADMIN}),
    ("PUT",  "/organisations/{organisation}/second-factor", REQUIRED, State.ACTIVE,
     APPROVERS | {Role.ADMIN}),
    ("GET",  "/invitations", None, State.ACTIVE, APPROVERS | {Role.USER_MANAGER}),
    ("GET",  "/representations", None, State.ACTIVE, {Role.DPO, Role.ADMIN}),
    ("GET",  "/recipient-notices", None, State.ACTIVE, {Role.DPO, Role.REPRESENTATIVE}),
    ("POST", "/recipient-notices/confirmation", TOLD, State.ACTIVE, {Role.DPO}),
    ("GET",  "/represented-accounts", None, State.ACTIVE, {Role.REPRESENTATIVE}),
]
# fmt: on


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("method", "path", "body", "state", "permitted"),
    MATRIX,
    ids=[f"{row[0]} {row[1]}" for row in MATRIX],
)
def test_of_a_strangers_things_each_role_may_do_what_the_table_says(
    shared_identity, method, path, body, state, permitted, role
):
    identity = shared_identity
    customer = identity.given(an_organisation())
    account = identity.given(an_account(customer, state))
    plan = identity.given(a_plan(account))
    names = {
        "account": account.id, "organisation": customer.id, "plan": plan.id,
        "request": identity.given(a_rights_request(account)).id,
    }  # fmt: skip
    sent = body and {
        key: value.format(**names) if isinstance(value, str) else value
        for key, value in body.items()
    }
    headers = {"If-Match": '"1"', "Idempotency-Key": str(uuid7())}
    answer = identity.sign_in(role).call(method, path.format(**names), json=sent, headers=headers)
    if role in permitted:
        assert answer.status_code < 300, answer.json
    else:
        assert answer.status_code in (403, 404), answer.json
    if role in CUSTOMERS and "{" in path:
        assert answer.status_code == 404


@pytest.mark.parametrize(("role", "read"), [(Role.MEMBER, 403), (Role.USER_MANAGER, 200)])
def test_of_a_colleague_a_member_sees_the_directory_entry_alone_a_manager_more(
    identity, customer, role, read
):
    account = identity.given(an_account(customer))
    caller = identity.sign_in(role, organisation_id=customer.id)
    assert caller.get(f"/directory/{account.id}").status_code == 200
    assert caller.get(f"/accounts/{account.id}").status_code == read
    body = {"reason": "other"}
    assert caller.change("POST", f"/accounts/{account.id}/block", 1, body).status_code == 403


@pytest.mark.parametrize("role", Role)
def test_everybody_sees_and_closes_the_own_account(identity, customer, role):
    account = identity.given(an_account(customer))
    caller = identity.sign_in(role, account_id=account.id, organisation_id=customer.id)
    assert caller.get(f"/accounts/{account.id}").status_code == 200
    assert caller.get("/accounts/me").status_code == 200
    assert caller.call("DELETE", "/sessions/current").status_code == 204
    assert caller.post("/accounts/me/deactivation").status_code == 204


def test_nobody_who_is_not_signed_in_gets_past_the_public_routes(identity):
    seen = set()
    for rule in identity.app.url_map.iter_rules():
        if rule.endpoint.startswith(("api-docs.", "swagger_ui.")):
            continue
        path = re.sub(r"<(?:uuid:)?\w+>", lambda _: str(uuid7()), str(rule))
        for method in rule.methods & {"GET", "POST", "DELETE"}:
            seen.add((method, str(rule)))
            answer = identity.anonymous().call(method, path, json={})
            open_to_all = (method, str(rule)) in PUBLIC
            failed = answer.status_code == 401 and answer.json["type"] == "/problems/not-signed-in"
            assert failed is not open_to_all, (method, path)
    assert seen >= PUBLIC


def test_an_expired_token_is_refused(identity, customer):
    caller = identity.sign_in(organisation_id=customer.id)
    identity.clock.advance("PT5M")
    assert caller.get("/directory").status_code == 401


def test_a_customer_of_one_organisation_never_sees_anything_of_another(identity):
    one, two = (identity.given(an_organisation()) for _ in range(2))
    account = identity.given(an_account(two))
    caller = identity.sign_in(organisation_id=one.id)
    for path in (f"/accounts/{account.id}", f"/directory/{account.id}", f"/organisations/{two.id}"):
        assert caller.get(path).status_code == 404
    assert caller.get("/directory").json == []
