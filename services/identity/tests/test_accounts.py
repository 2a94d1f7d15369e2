"""Accounts: one's own, and what the office decides (S7, S8, S12, S26, S51)."""

import pytest

from common.events.catalogue import (
    AccountActivated,
    AccountBlocked,
    AccountDeactivated,
    AccountReactivated,
    AccountRefused,
    AccountUnblocked,
)
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.testing.harness import pointers
from common.web.access import Role
from common.web.standing import AccountStanding, Standing
from identity.models import Account
from identity.rules.states import Screening, State

from .factories import an_account, an_organisation, mails, me, stored


def change(caller, account, step, body=None, version=1):
    return caller.change("POST", f"/accounts/{account.id}/{step}", version, body)


def standing(identity, account):
    return identity.rows(AccountStanding, AccountStanding.account_id == account.id)[0]


@pytest.fixture
def applicant(identity):
    return identity.given(an_account(state=State.AWAITING_APPROVAL))


@pytest.fixture
def approver(identity):
    return identity.sign_in(Role.APPROVER)


def test_an_approved_account_is_active_for_its_customer_and_its_owner_is_told(
    identity, customer, applicant, approver
):
    answer = change(approver, applicant, "approval", {"organisation_id": str(customer.id)})
    found = stored(identity, applicant)
    assert (answer.status_code, answer.json["state"]) == (200, "active")
    assert answer.headers["ETag"] == f'"{found.version}"'
    assert (found.organisation_id, found.approved_by) == (customer.id, approver.person.account_id)
    assert standing(identity, applicant).state is Standing.ACTIVE
    assert identity.published() == [
        AccountActivated(account_id=applicant.id, organisation_id=customer.id, epoch=1)
    ]
    assert [subject for _, subject, _ in mails(identity)] == ["Your account is released"]


def test_nobody_is_approved_before_screening_is_clear(identity, customer, approver):
    account = identity.given(an_account(state=State.SCREENING))
    answer = change(approver, account, "approval", {"organisation_id": str(customer.id)})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/illegal-transition")
    assert stored(identity, account).organisation_id is None


def test_nobody_is_approved_for_a_customer_that_does_not_exist(identity, applicant, approver):
    answer = change(approver, applicant, "approval", {"organisation_id": str(uuid7())})
    assert (answer.status_code, pointers(answer)) == (422, {"/organisation_id"})


def test_nobody_is_approved_into_the_operators_own_staff(identity, applicant, approver, operator):
    answer = change(approver, applicant, "approval", {"organisation_id": str(operator.id)})
    assert answer.status_code == 422
    assert stored(identity, applicant).state is State.AWAITING_APPROVAL


def test_nobody_is_approved_for_a_customer_whose_relation_has_ended(identity, applicant, approver):
    ended = identity.given(an_organisation(relation_ended_at=identity.clock.now()))
    answer = change(approver, applicant, "approval", {"organisation_id": str(ended.id)})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/relation-ended")
    assert stored(identity, applicant).state is State.AWAITING_APPROVAL


def test_nobody_approves_themself(identity, customer):
    account = identity.given(an_account(customer))
    approver = me(identity, account, Role.APPROVER)
    own = change(approver, account, "approval", {"organisation_id": str(customer.id)})
    assert (own.status_code, own.json["type"]) == (403, "/problems/own-decision")
    assert stored(identity, account).version == 1


def test_a_change_needs_the_version_that_was_seen(identity, customer, applicant, approver):
    body = {"organisation_id": str(customer.id)}
    path = f"/accounts/{applicant.id}/approval"
    assert approver.post(path, body).status_code == 428
    assert change(approver, applicant, "approval", body, version=7).status_code == 412
    assert stored(identity, applicant).state is State.AWAITING_APPROVAL


def test_a_refused_applicant_is_told_and_nothing_more(identity, applicant, approver):
    answer = change(approver, applicant, "refusal", {"reason": "unknown_company"})
    assert (answer.status_code, answer.json["state"]) == (200, "refused")
    assert identity.published() == [
        AccountRefused(account_id=applicant.id, organisation_id=None, epoch=2)
    ]
    ((_, subject, text),) = mails(identity)
    assert subject == "Your registration"
    assert "unknown" not in text


def test_a_blocked_account_may_not_act_and_may_again_when_unblocked(identity, customer):
    account = identity.given(an_account(customer))
    chief = identity.sign_in(Role.ADMIN)
    blocked = change(chief, account, "block", {"reason": "security"})
    assert (blocked.json["state"], standing(identity, account).state) == (
        "blocked", Standing.BLOCKED
    )  # fmt: skip
    unblocked = change(chief, account, "unblock", version=2)
    assert (unblocked.json["state"], standing(identity, account).state) == (
        "active", Standing.ACTIVE
    )  # fmt: skip
    facts = {"account_id": account.id, "organisation_id": customer.id}
    assert identity.published() == [
        AccountBlocked(**facts, epoch=2), AccountUnblocked(**facts, epoch=3)
    ]  # fmt: skip
    assert stored(identity, account).block_reason is None


def test_staff_lift_their_own_block_and_not_that_of_screening(identity, customer):
    chief = identity.sign_in(Role.COMPLIANCE)
    both = identity.given(an_account(customer, State.BLOCKED, screening=Screening.BLOCKED))
    lifted = change(chief, both, "unblock")
    assert (lifted.status_code, lifted.json["state"]) == (200, "screening")
    assert stored(identity, both).state is State.BLOCKED
    assert change(chief, both, "unblock", version=2).status_code == 409
    assert identity.published() == []


@pytest.mark.parametrize("role", [Role.USER_MANAGER, Role.APPROVER, Role.ADMIN])
def test_who_is_blocked_by_screening_alone_is_shown_as_in_screening(identity, managed, role):
    listed = {"screening": Screening.BLOCKED, "blocked_by_staff_at": None}
    hit = identity.given(an_account(managed, State.BLOCKED, **listed))
    doubt = identity.given(an_account(managed, State.SCREENING))
    staff = identity.given(an_account(managed, State.BLOCKED))
    visitor = identity.sign_in(role, organisation_id=managed.id)
    shown = {each: visitor.get(f"/accounts/{each.id}").json for each in (hit, doubt, staff)}
    assert [each["state"] for each in shown.values()] == ["screening", "screening", "blocked"]
    for state, expected in (("screening", {hit, doubt}), ("blocked", {staff})):
        listed = visitor.get(f"/accounts?state={state}").json
        assert {each["id"] for each in listed} == {str(each.id) for each in expected}  # S17, S34


def test_staff_block_beside_screening_once(identity, customer):
    chief = identity.sign_in(Role.COMPLIANCE)
    listed = {"screening": Screening.BLOCKED, "blocked_by_staff_at": None}
    account = identity.given(an_account(customer, State.BLOCKED, **listed))
    assert change(chief, account, "block", {"reason": "misuse"}).status_code == 200
    again = change(chief, account, "block", {"reason": "other"}, version=2)
    assert again.status_code == 409
    assert stored(identity, account).block_reason == "misuse"
    assert identity.published() == []


def test_a_closed_account_may_not_act_and_its_year_begins(identity, customer):
    account = identity.given(an_account(customer))
    support = identity.sign_in(Role.SUPPORT)
    answer = change(support, account, "deactivation")
    assert answer.json["state"] == "deactivated"
    assert stored(identity, account).deactivated_at == identity.clock.now()
    assert identity.published() == [
        AccountDeactivated(account_id=account.id, organisation_id=customer.id, epoch=2)
    ]


def test_a_reactivated_account_is_as_before_and_its_year_is_over(identity, customer):
    account = identity.given(an_account(customer, State.DEACTIVATED))
    support = identity.sign_in(Role.SUPPORT)
    answer = change(support, account, "reactivation")
    assert answer.json["state"] == "active"
    assert stored(identity, account).deactivated_at is None
    assert identity.published() == [
        AccountReactivated(account_id=account.id, organisation_id=customer.id, epoch=1)
    ]


def test_nobody_is_reactivated_for_a_customer_whose_relation_has_ended(identity):
    ended = identity.given(an_organisation(relation_ended_at=identity.clock.now()))
    account = identity.given(an_account(ended, State.DEACTIVATED))
    answer = change(identity.sign_in(Role.SUPPORT), account, "reactivation")
    assert answer.status_code == 409
    assert stored(identity, account).state is State.DEACTIVATED


def test_a_person_closes_the_own_account(identity, customer):
    account = identity.given(an_account(customer))
    caller = me(identity, account)
    assert caller.post("/accounts/me/deactivation").status_code == 204
    assert stored(identity, account).state is State.DEACTIVATED
    assert caller.get("/accounts/me").status_code == 401


def test_a_person_sees_everything_entered_and_nothing_secret(identity, customer):
    account = identity.given(an_account(customer, password_hash="canary", password_scheme="canary"))
    answer = me(identity, account).get("/accounts/me")
    assert answer.json == {
        "id": str(account.id),
        "organisation_id": str(customer.id),
        "given_name": "Anna",
        "family_name": "Muster",
        "email": account.email,
        "company": "Muster AG",
        "customer_number": None,
        "country": "DE",
        "language": "en",
        "roles": ["member"],
        "state": "active",
        "registered_at": "2026-03-01T09:00:00Z",
        "restricted_at": None,
        "restriction_ends_at": None,
        "deactivated_at": None,
        "version": 1,
    }


def test_the_office_finds_who_waits_for_an_approval(identity, customer, approver):
    waiting = [identity.given(an_account(state=State.AWAITING_APPROVAL)) for _ in range(3)]
    identity.given(an_account(customer))
    answer = approver.get("/accounts?state=awaiting_approval&limit=2")
    assert [each["id"] for each in answer.json] == [str(waiting[2].id), str(waiting[1].id)]
    more = approver.get(answer.headers["Link"].split("<")[1].split(">")[0])
    assert [each["id"] for each in more.json] == [str(waiting[0].id)]


QUERIES = ["state=erased", "state=nothing", "limit=0", "limit=101", "limit=" + "9" * 400,
           "cursor=x", "cursor=%00", "page=2"]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_that_makes_no_sense_is_refused(approver, query):
    assert approver.get(f"/accounts?{query}").status_code == 422


@pytest.mark.parametrize("state", [State.ERASING, State.ERASED])
def test_nobody_is_shown_an_erased_account_and_nothing_happens_to_it(
    identity, customer, approver, state
):
    account = identity.given(an_account(customer, state))
    assert approver.get(f"/accounts/{account.id}").status_code == 404
    assert approver.get("/accounts").json == []
    answer = change(approver, account, "approval", {"organisation_id": str(customer.id)})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("approval", {}),
        ("approval", {"organisation_id": "x"}),
        ("approval", {"organisation_id": 10**400}),
        ("approval", {"organisation_id": "\x00"}),
        ("refusal", {"reason": "I do not like her"}),
        ("refusal", {"reason": None}),
        ("block", {"reason": 7}),
        ("block", {}),
        ("block", {"reason": "misuse", "more": 1}),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(identity, customer, applicant, step, body):
    chief = identity.sign_in(Role.APPROVER, Role.COMPLIANCE)
    assert change(chief, applicant, step, body).status_code == 422
    assert stored(identity, applicant).version == 1


def test_every_decision_is_noted_with_who_took_it_and_about_whom(
    identity, customer, applicant, approver
):
    change(approver, applicant, "approval", {"organisation_id": str(customer.id)})
    (entry,) = identity.rows(AuditEntry)
    assert (entry.actor, entry.action, entry.subject) == (
        str(approver.person.account_id), "account.approve", str(applicant.id)
    )  # fmt: skip


def test_two_decisions_at_the_same_time_are_not_both_taken(identity, customer, applicant, approver):
    change(approver, applicant, "approval", {"organisation_id": str(customer.id)})
    second = change(approver, applicant, "refusal", {"reason": "duplicate"})
    assert second.status_code == 412
    assert len(identity.rows(Account)) == 1
    assert stored(identity, applicant).state is State.ACTIVE
