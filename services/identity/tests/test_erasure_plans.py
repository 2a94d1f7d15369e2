"""What an erasure would come to is shown first, and approved by the data protection officer."""

import httpx
import pytest

from common.ids import uuid7
from common.privacy.sweeps import sweep
from common.web.access import Role
from identity.mails import write
from identity.models import ErasurePlan, ErasureRequest, Mail, MailKind
from identity.rules.erasures import PLAN_HOLDS
from identity.rules.states import State

from .factories import a_plan, an_account, approval, own_standing, stored


@pytest.fixture
def account(identity, customer):
    return identity.given(an_account(customer, State.DEACTIVATED))


@pytest.fixture
def dpo(identity):
    return identity.sign_in(Role.DPO)


def approve(identity, account, body):
    dpo = identity.sign_in(Role.DPO)
    return dpo.change("POST", f"/accounts/{account.id}/erasure", account.version, body)


def test_a_plan_counts_what_would_go_and_nothing_goes(identity, account, dpo):
    with identity.runtime.transaction() as session:
        write(session, account.id, MailKind.SET_PASSWORD)
    answer = dpo.post(f"/accounts/{account.id}/erasure-plans", {})
    assert answer.status_code == 201
    told = {each["owner"]: each["tables"] for each in answer.json["owners"]}
    own = {each["table"]: each for each in told.pop("identity")}
    assert (own["accounts"]["pseudonymised"], own["mails"]["deleted"]) == (1, 1)
    assert own["account_standing"]["reason"] == "tombstone"
    assert set(map(str, told.values())) == {"[]"}
    assert len(told) == 5
    assert len(identity.rows(Mail)) == 1
    assert stored(identity, account).email == account.email
    assert identity.published() == []


@pytest.mark.parametrize("state", [State.ACTIVE, State.BLOCKED])
def test_of_somebody_who_is_still_here_there_is_no_plan(identity, customer, dpo, state):
    account = identity.given(an_account(customer, state))
    answer = dpo.post(f"/accounts/{account.id}/erasure-plans", {})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/illegal-transition")
    assert stored(identity, account).state is state


def test_without_a_plan_nobody_is_erased(identity, account):
    for body in ({}, {"plan_id": str(uuid7())}):
        assert approve(identity, account, body).status_code in (404, 422)
    assert identity.rows(ErasureRequest) == []


def test_a_plan_of_somebody_else_is_none(identity, account, customer):
    other = identity.given(an_account(customer, State.DEACTIVATED))
    assert approve(identity, account, approval(identity, other)).status_code == 404
    assert stored(identity, account).state is State.DEACTIVATED


@pytest.mark.parametrize(("late", "status"), [(PLAN_HOLDS, 202), (PLAN_HOLDS * 1.01, 409)])
def test_a_plan_holds_for_a_day(identity, account, late, status):
    body = approval(identity, account)
    identity.clock.advance(late)
    answer = approve(identity, account, body)
    assert answer.status_code == status
    if status == 409:
        assert answer.json["type"] == "/problems/plan-stale"
        assert identity.rows(ErasureRequest) == []


def test_a_plan_of_an_account_that_changed_since_is_stale(identity, account):
    plan = identity.given(a_plan(account, account_version=account.version - 1))
    answer = approve(identity, account, {"plan_id": str(plan.id)})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/plan-stale")


def test_the_approval_is_noted_with_the_request(identity, account):
    answer = approve(identity, account, approval(identity, account))
    (plan,), (request,) = identity.rows(ErasurePlan), identity.rows(ErasureRequest)
    assert answer.json["plan_id"] == str(plan.id) == str(request.plan_id)
    assert plan.approved_at == identity.clock.now()
    assert plan.approved_by is not None


def test_a_plan_that_nobody_approved_goes_after_a_day_and_an_approved_one_stays(
    identity, account, customer
):
    other = identity.given(an_account(customer, State.DEACTIVATED))
    unused = approval(identity, other)["plan_id"]
    approve(identity, account, approval(identity, account))
    identity.clock.advance("P2D")
    sweep(identity.runtime)
    (kept,) = identity.rows(ErasurePlan)
    assert str(kept.id) != unused
    assert kept.account_id == account.id


def test_a_service_that_does_not_answer_means_no_plan(identity, account, dpo):
    peer = identity.runtime.peer("shop")
    peer._client = httpx.Client(
        base_url="http://shop", transport=httpx.MockTransport(lambda _: httpx.Response(500))
    )
    answer = dpo.post(f"/accounts/{account.id}/erasure-plans", {})
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert identity.rows(ErasurePlan) == []


@pytest.mark.parametrize("state", [State.ACTIVE, State.DEACTIVATED, State.REFUSED, State.ERASED])
def test_identity_tells_its_own_plan_in_every_state_and_changes_nothing(identity, customer, state):
    account = identity.given(an_account(customer, state))
    identity.given(own_standing(account))
    peer = identity.peer("shop", "erasure:plan")
    answer = peer.post(f"/internal/erasure-plan/{account.id}", {})
    told = {each["table"]: each for each in answer.json}
    assert (answer.status_code, told["accounts"]["pseudonymised"]) == (200, 1)
    assert (stored(identity, account).state, stored(identity, account).email) == (
        state, account.email,
    )  # fmt: skip
