"""Legal holds: placed, reviewed and released by the DPO (art. 17(3)(e) GDPR)."""

from datetime import date
from uuid import UUID

import pytest

from common.events.catalogue import (
    ErasureCompleted,
    ErasureRequested,
    HoldScope,
    LegalHoldPlaced,
    LegalHoldReleased,
    PersonalDataErased,
    TableErased,
)
from common.ids import uuid7
from common.privacy.holds import Hold
from common.privacy.sweeps import sweep, sweep_after_release
from common.testing.harness import pointers
from common.web.access import Role
from identity.jobs import erase_what_was_held, remind_of_holds
from identity.models import ErasureRequest, LegalHold
from identity.rules.states import State

from .factories import AT, a_receipt, an_account, approval, other_owners, stored


@pytest.fixture
def dpo(identity):
    return identity.sign_in(Role.DPO)


def a_form(scope, subject, **fields):
    body = {"scope": scope, "subject": str(subject), "ground": "Claim 7/26, warranty"}
    return {**body, "review_on": "2026-09-01", **fields}


def place(dpo, scope, subject):
    answer = dpo.post("/legal-holds", a_form(scope, subject))
    assert answer.status_code == 201, answer.json
    return answer.json


def release(dpo, hold):
    return dpo.change("POST", f"/legal-holds/{hold['id']}/release", hold["version"])


def test_a_hold_is_told_to_all_by_ids_and_known_here_at_once(identity, customer, dpo):
    account = identity.given(an_account(customer))
    hold = place(dpo, "person", account.id)
    [row] = identity.rows(LegalHold)
    assert row.ground == "Claim 7/26, warranty"
    assert (row.placed_by, row.review_on) == (dpo.person.account_id, date(2026, 9, 1))
    named = {"hold_id": row.id, "scope": HoldScope.PERSON, "subject": str(account.id)}
    assert identity.published() == [LegalHoldPlaced(**named)]
    assert [each.subject for each in identity.rows(Hold)] == [str(account.id)]
    identity.forget_published()
    assert release(dpo, hold).status_code == 200
    assert identity.published() == [LegalHoldReleased(**named)]
    assert identity.rows(Hold)[0].released


@pytest.mark.parametrize(
    ("scope", "subject", "pointer"),
    [
        ("person", uuid7(), "/subject"),
        ("organisation", uuid7(), "/subject"),
        ("person", "Anna", "/subject"),
        ("case", "4711", "/subject"),
        ("class", "every case", "/subject"),
        ("everything", uuid7(), "/scope"),
    ],
)
def test_a_hold_on_what_there_is_not_is_refused(identity, dpo, scope, subject, pointer):
    answer = dpo.post("/legal-holds", a_form(scope, subject))
    assert (answer.status_code, pointers(answer)) == (422, {pointer})
    assert identity.rows(LegalHold) == identity.rows(Hold) == identity.published() == []


@pytest.mark.parametrize("day", ["2026-03-02", "2020-01-01"])
def test_a_review_lies_in_the_future(dpo, day):
    answer = dpo.post("/legal-holds", a_form("class", "case", review_on=day))
    assert (answer.status_code, pointers(answer)) == (422, {"/review_on"})


@pytest.mark.parametrize("scope", ["person", "organisation"])
def test_a_held_person_is_not_erased_by_hand_and_not_by_the_sweep(identity, customer, dpo, scope):
    account = identity.given(an_account(customer, State.DEACTIVATED, deactivated_at=AT))
    hold = place(dpo, scope, account.id if scope == "person" else customer.id)
    identity.clock.advance("P400D")
    sweep(identity.runtime)
    later = identity.sign_in(Role.DPO)
    path, body = f"/accounts/{account.id}/erasure", approval(identity, account)
    answer = later.change("POST", path, account.version, body)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/legal-hold-stands")
    assert hold["id"] in answer.json["detail"]
    assert "Claim" not in answer.text
    assert stored(identity, account).state is State.DEACTIVATED


def test_the_person_goes_as_soon_as_the_hold_is_released(identity, customer, dpo):
    account = identity.given(an_account(customer, State.DEACTIVATED, deactivated_at=AT))
    hold = place(dpo, "person", account.id)
    identity.clock.advance("P400D")
    release(identity.sign_in(Role.DPO), hold)
    identity.forget_published()
    sweep_after_release(identity.runtime)
    assert stored(identity, account).state is State.ERASING
    [request] = identity.rows(ErasureRequest)
    asked = ErasureRequested(account_id=account.id, request_id=request.id)
    assert identity.published(ErasureRequested) == [asked]


@pytest.mark.parametrize("state", [State.ERASING, State.ERASED])
def test_who_is_being_erased_can_not_be_held_any_more(identity, customer, dpo, state):
    account = identity.given(an_account(customer, state))
    answer = dpo.post("/legal-holds", a_form("person", account.id))
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/erasure-under-way")


def all_answer(identity, request, **of_cases):
    """Every owner answers a request to erase; service-cases with these facts."""
    identity.when(ErasureRequested(account_id=request.account_id, request_id=request.id))
    for owner in other_owners():
        facts = of_cases if owner == "service-cases" else {}
        identity.when(a_receipt(identity, request, owner, **facts), owner=owner)
    own = [e for e in identity.published(PersonalDataErased) if e.request_id == request.id]
    identity.when(own[0], owner="identity")


def test_the_certificate_names_the_hold_and_the_release_asks_for_the_rest(identity, customer, dpo):
    hold = place(dpo, "case", uuid7())
    account = identity.given(an_account(customer, State.DEACTIVATED, deactivated_at=AT))
    path, body = f"/accounts/{account.id}/erasure", approval(identity, account)
    dpo.change("POST", path, account.version, body)
    [request] = identity.rows(ErasureRequest)
    kept = (TableErased(table="cases", kept=1, reason="legal-hold"),)
    all_answer(identity, request, tables=kept, holds=(UUID(hold["id"]),))

    seen = dpo.get(f"/erasures/{request.id}").json
    assert (seen["state"], seen["held_by"]) == ("completed", [hold["id"]])
    certificate = dpo.get(f"/erasures/{request.id}/certificate").json
    [cases] = [each for each in certificate["receipts"] if each["owner"] == "service-cases"]
    assert cases["holds"] == [hold["id"]]
    assert erase_what_was_held(identity.runtime) == 0

    release(dpo, hold)
    identity.forget_published()
    assert erase_what_was_held(identity.runtime) == 1
    [again] = identity.published(ErasureRequested)
    assert again.account_id == account.id
    assert dpo.get(f"/erasures/{request.id}").json["followed_by"] == str(again.request_id)
    assert erase_what_was_held(identity.runtime) == 0

    [rest] = identity.rows(ErasureRequest, ErasureRequest.id == again.request_id)
    all_answer(identity, rest)
    done = ErasureCompleted(account_id=account.id, request_id=rest.id)
    assert identity.published(ErasureCompleted) == [done]
    assert stored(identity, account).state is State.ERASED


def test_a_hold_that_nobody_looked_at_again_is_reminded_of_until_it_is(identity, dpo):
    hold = place(dpo, "class", "case")
    assert remind_of_holds(identity.runtime) == 0
    identity.clock.advance("P200D")
    dpo = identity.sign_in(Role.DPO)
    assert remind_of_holds(identity.runtime) == 1
    path, body = f"/legal-holds/{hold['id']}", {"review_on": "2027-06-01"}
    assert dpo.change("PATCH", path, hold["version"], body).status_code == 200
    assert remind_of_holds(identity.runtime) == 0


def test_a_hold_is_released_once(identity, dpo):
    hold = place(dpo, "class", "case")
    answer = release(dpo, release(dpo, hold).json)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/hold-released")
    assert dpo.get("/legal-holds?state=standing").json == []
    assert [each["id"] for each in dpo.get("/legal-holds").json] == [hold["id"]]
