"""What other services may ask, and only with the scope for it (S12, S16, S18, S31)."""

import pytest

from common.ids import uuid7
from identity.rules.states import State

from .factories import an_account

ROUTES = [
    ("POST", "/internal/names", {"account_ids": []}, "names:read"),
    ("POST", "/internal/accounts", {}, "accounts:read"),
    ("GET", "/internal/standing/01a20000-0000-7000-8000-000000000001", None, "standing:read"),
]


@pytest.mark.parametrize(("method", "path", "body", "scope"), ROUTES)
def test_only_a_service_with_the_scope_gets_an_answer(identity, method, path, body, scope):
    def ask(caller):
        return caller.call(method, path, json=body).status_code

    assert ask(identity.peer("screening", scope)) in (200, 404)
    assert ask(identity.peer("screening", "else:read")) == 403
    assert ask(identity.anonymous()) == 401
    assert ask(identity.sign_in()) == 401


def test_names_are_told_of_those_who_exist_and_are_not_erased(identity, customer):
    accounts = {state: identity.given(an_account(customer, state)) for state in State}
    asked = [str(account.id) for account in accounts.values()] + [str(uuid7())]
    answer = identity.peer("screening", "names:read").post(
        "/internal/names", {"account_ids": asked}
    )
    told = {each["account_id"] for each in answer.json}
    hidden = (State.ERASING, State.ERASED)
    assert told == {str(a.id) for state, a in accounts.items() if state not in hidden}
    assert set(answer.json[0]) == {"account_id", "given_name", "family_name", "version"}


@pytest.mark.parametrize(
    "ids", [None, "x", ["x"], [1], [10**400], [None], [str(uuid7())] * 501, {"a": 1}]
)
def test_what_are_no_ids_or_too_many_is_refused(identity, ids):
    peer = identity.peer("screening", "names:read")
    assert peer.post("/internal/names", {"account_ids": ids}).status_code == 422


def test_five_hundred_names_are_told_at_once(identity):
    ids = [str(uuid7()) for _ in range(500)]
    peer = identity.peer("screening", "names:read")
    assert peer.post("/internal/names", {"account_ids": ids}).json == []


def test_all_screened_accounts_are_found_page_by_page_and_no_others(identity, customer):
    accounts = [identity.given(an_account(customer, state)) for state in State]
    screened = (State.SCREENING, State.AWAITING_APPROVAL, State.ACTIVE, State.BLOCKED,
                State.DEACTIVATED)  # fmt: skip
    peer, after, found = identity.peer("screening", "accounts:read"), None, []
    while True:
        answer = peer.post("/internal/accounts", {"after": after, "limit": 2}).json
        found += answer["account_ids"]
        after = answer["next"]
        if after is None:
            break
    assert found == [str(each.id) for each in accounts if each.state in screened]


@pytest.mark.parametrize(
    "body", [{"limit": 0}, {"limit": 501}, {"limit": 10**400}, {"limit": "2"}, {"after": "x"}]
)
def test_a_page_that_makes_no_sense_is_refused(identity, body):
    peer = identity.peer("screening", "accounts:read")
    assert peer.post("/internal/accounts", body).status_code == 422


@pytest.mark.parametrize(
    ("state", "standing"),
    [("registered", "pending"), ("screening", "pending"), ("awaiting_approval", "pending"),
     ("active", "active"), ("blocked", "blocked"), ("refused", "refused"),
     ("deactivated", "deactivated"), ("erasing", "erased"), ("erased", "erased")],
)  # fmt: skip
def test_the_standing_is_told_of_every_account_there_is(identity, customer, state, standing):
    account = identity.given(an_account(customer, State(state), epoch=3))
    peer = identity.peer("shop", "standing:read")
    assert peer.get(f"/internal/standing/{account.id}").json == {
        "organisation_id": str(customer.id), "state": standing, "epoch": 3
    }  # fmt: skip
    assert peer.get("/internal/standing/01a20000-0000-7000-8000-000000000001").status_code == 404
