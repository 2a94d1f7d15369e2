"""User management: staff lend power to a customer's own people, and take it back (S13, S43-S51)."""

import pytest

from common.events.catalogue import (
    AccountActivated,
    AccountSessionsEnded,
    UserManagementDisabled,
    UserManagementEnabled,
)
from common.ids import uuid7
from common.privacy.audit import AuditEntry
from common.testing.harness import pointers
from common.web.access import Role
from identity.models import Account, Invitation, Organisation
from identity.rules.invitations import InvitationState
from identity.rules.states import State

from .factories import (
    AT,
    PASSWORD,
    an_account,
    an_organisation,
    me,
    own_standing,
    stored,
    with_password,
)
from .test_races import LOCK, Race

MEMBER, MANAGER = {"role": "member"}, {"role": "user_manager"}


@pytest.fixture
def admin(identity):
    return identity.sign_in(Role.ADMIN)


def change(caller, account, step, body=None, version=1):
    return caller.change("POST", f"/accounts/{account.id}/{step}", version, body)


def enable(identity, organisation, account_id, version=1):
    body = {"agreement_reference": "A-2026-7", "manager_account_id": str(account_id)}
    path = f"/organisations/{organisation.id}/user-management"
    return identity.sign_in(Role.APPROVER).change("POST", path, version, body)


def disable(identity, organisation, version):
    path = f"/organisations/{organisation.id}/user-management"
    return identity.sign_in(Role.ADMIN).change("DELETE", path, version)


def roles_in_token(identity, account):
    asked = {"email": account.email, "password": PASSWORD}
    caller = identity.anonymous()
    caller.token = caller.post("/sessions", asked).json["access_token"]
    return caller, caller.get("/accounts/me").json["roles"]


def test_user_management_is_off_until_staff_switch_it_on_with_a_first_manager(identity, customer):
    first = identity.given(with_password(identity, an_account(customer)))
    identity.given(own_standing(first))
    answer = enable(identity, customer, first.id)
    assert (answer.status_code, answer.json["agreement_reference"]) == (200, "A-2026-7")
    assert answer.headers["ETag"] == '"2"'
    facts = {"organisation_id": customer.id}
    assert identity.published() == [
        UserManagementEnabled(**facts),
        AccountSessionsEnded(account_id=first.id, epoch=2, **facts),
    ]
    assert roles_in_token(identity, first)[1] == ["user_manager"]
    assert {each.action for each in identity.rows(AuditEntry)} >= {
        "organisation.enable-user-management", "account.change-role",
    }  # fmt: skip


def test_it_is_switched_on_once_and_for_customers_alone(identity, customer, operator):
    first = identity.given(an_account(customer))
    employee = identity.given(an_account(operator))
    assert enable(identity, operator, employee.id).status_code == 409
    assert enable(identity, customer, first.id).status_code == 200
    assert enable(identity, customer, first.id, version=2).status_code == 409


@pytest.mark.parametrize("state", [State.BLOCKED, State.DEACTIVATED, State.AWAITING_APPROVAL])
def test_the_first_manager_is_an_active_member(identity, customer, state):
    inactive = identity.given(an_account(customer, state))
    stranger = identity.given(an_account(identity.given(an_organisation())))
    for account_id in (inactive.id, stranger.id, uuid7()):
        answer = enable(identity, customer, account_id)
        assert (answer.status_code, pointers(answer)) == (422, {"/manager_account_id"})
    assert identity.rows(Organisation, Organisation.id == customer.id)[0].version == 1


def test_switching_it_off_ends_the_managers_power_at_once(identity, customer):
    first = identity.given(with_password(identity, an_account(customer)))
    identity.given(own_standing(first))
    enable(identity, customer, first.id)
    caller, _ = roles_in_token(identity, first)
    colleague = identity.given(an_account(customer))
    assert caller.get(f"/accounts/{colleague.id}").status_code == 200
    identity.forget_published()
    assert disable(identity, customer, version=2).json["user_management_since"] is None
    assert caller.get(f"/accounts/{colleague.id}").status_code == 401
    caller, roles = roles_in_token(identity, first)
    assert (roles, caller.get(f"/accounts/{colleague.id}").status_code) == (["member"], 403)
    facts = {"organisation_id": customer.id}
    assert identity.published() == [
        UserManagementDisabled(**facts),
        AccountSessionsEnded(account_id=first.id, epoch=3, **facts),
    ]
    assert disable(identity, customer, version=3).status_code == 409


def test_a_role_from_before_counts_for_nothing_where_nobody_manages(identity, customer):
    account = identity.given(with_password(identity, an_account(customer, role=Role.USER_MANAGER)))
    identity.given(own_standing(account))
    assert roles_in_token(identity, account)[1] == ["member"]


def test_a_manager_whose_power_ended_while_the_request_came_decides_nothing(identity, customer):
    """The token is still good: the switch is looked at again in the deciding transaction."""
    applicant = identity.given(an_account(customer, State.AWAITING_APPROVAL))
    late = identity.sign_in(Role.USER_MANAGER, organisation_id=customer.id)
    off = "/problems/user-management-off"
    assert change(late, applicant, "approval", {}).json["type"] == off
    assert change(late, applicant, "refusal", {"reason": "other"}).json["type"] == off
    assert change(late, applicant, "role", MEMBER).json["type"] == off
    assert late.post("/invitations", {"email": "ines@muster.example"}).json["type"] == off
    assert stored(identity, applicant).version == 1


def test_a_change_of_role_voids_the_tokens_and_the_refresh_token_brings_the_new_role(
    identity, managed, manager
):
    member = identity.given(with_password(identity, an_account(managed)))
    identity.given(own_standing(member))
    caller = identity.anonymous()
    tokens = caller.post("/sessions", {"email": member.email, "password": PASSWORD}).json
    caller.token = tokens["access_token"]
    assert change(manager, member, "role", MANAGER).json["roles"] == ["user_manager"]
    assert caller.get("/accounts/me").status_code == 401
    caller.token = None
    refresh = {"refresh_token": tokens["refresh_token"]}
    caller.token = caller.post("/sessions/refresh", refresh).json["access_token"]
    assert caller.get(f"/accounts/{manager.account.id}").status_code == 200


def test_nobody_becomes_a_manager_where_nobody_manages_or_who_is_not_active(
    identity, customer, managed, admin
):
    member = identity.given(an_account(customer))
    blocked = identity.given(an_account(managed, State.BLOCKED))
    assert change(admin, member, "role", MANAGER).status_code == 409
    assert change(admin, blocked, "role", MANAGER).status_code == 409
    assert change(admin, member, "role", {"role": "admin"}).status_code == 422


def test_staff_get_no_part_in_a_customer(identity, operator, admin):
    employee = identity.given(an_account(operator))
    assert change(admin, employee, "role", MEMBER).status_code == 409


def test_the_last_manager_can_neither_be_demoted_nor_leave(identity, managed, manager, admin):
    last = "/problems/nobody-in-charge"
    assert change(manager, manager.account, "role", MEMBER).json["type"] == last
    assert manager.post("/accounts/me/deactivation").json["type"] == last
    assert change(admin, manager.account, "role", MEMBER).json["type"] == last
    assert change(admin, manager.account, "deactivation").json["type"] == last
    assert stored(identity, manager.account).version == 1
    other = identity.given(an_account(managed))
    assert change(admin, other, "role", MANAGER).status_code == 200
    assert manager.post("/accounts/me/deactivation").status_code == 204


def test_the_last_manager_can_be_blocked_and_then_closed(identity, manager, admin):
    assert change(admin, manager.account, "block", {"reason": "security"}).status_code == 200
    assert change(admin, manager.account, "deactivation", version=2).status_code == 200


def test_a_manager_sees_the_own_people_and_nobody_elses(identity, managed, manager):
    own = identity.given(an_account(managed, State.AWAITING_APPROVAL))
    stranger = identity.given(an_account(identity.given(an_organisation())))
    unassigned = identity.given(an_account(state=State.AWAITING_APPROVAL))
    queue = manager.get("/accounts?state=awaiting_approval").json
    assert [each["id"] for each in queue] == [str(own.id)]
    people = manager.get(f"/organisations/{managed.id}/members").json
    assert {each["id"] for each in people} == {str(own.id), str(manager.account.id)}
    assert {each["id"] for each in manager.get("/accounts").json} == {each["id"] for each in people}
    assert people[0]["email"] == own.email
    for each in (stranger, unassigned):
        assert manager.get(f"/accounts/{each.id}").status_code == 404
        assert change(manager, each, "approval", {}).status_code == 404
        assert change(manager, each, "refusal", {"reason": "other"}).status_code == 404
        assert change(manager, each, "role", MEMBER).status_code == 404
    path = f"/organisations/{stranger.organisation_id}/members"
    assert manager.get(path).status_code == 404


def test_an_applicant_is_assigned_by_staff_and_released_by_the_manager(identity, managed, manager):
    applicant = identity.given(an_account(state=State.AWAITING_APPROVAL))
    approver = identity.sign_in(Role.APPROVER)
    body = {"organisation_id": str(managed.id)}
    assigned = change(approver, applicant, "assignment", body)
    assert assigned.json["organisation_id"] == str(managed.id)
    assert assigned.json["state"] == "awaiting_approval"
    assert change(manager, applicant, "approval", {}, version=2).json["state"] == "active"
    assert stored(identity, applicant).approved_by == manager.account.id
    assert identity.published() == [
        AccountActivated(account_id=applicant.id, organisation_id=managed.id, epoch=1)
    ]
    done = [each.action for each in identity.rows(AuditEntry)]
    assert done == ["account.assign", "account.approve"]


def test_staff_approve_whom_they_assigned_without_naming_the_customer_again(identity, customer):
    approver = identity.sign_in(Role.APPROVER)
    assigned = identity.given(an_account(customer, State.AWAITING_APPROVAL))
    nowhere = identity.given(an_account(state=State.AWAITING_APPROVAL))
    assert change(approver, assigned, "approval").status_code == 200
    refused = change(approver, nowhere, "approval", {})
    assert (refused.status_code, pointers(refused)) == (422, {"/organisation_id"})


def test_a_manager_approves_for_no_organisation_but_the_own(identity, customer, managed, manager):
    applicant = identity.given(an_account(managed, State.AWAITING_APPROVAL))
    for meant in (customer.id, uuid7()):
        answer = change(manager, applicant, "approval", {"organisation_id": str(meant)})
        assert (answer.status_code, pointers(answer)) == (422, {"/organisation_id"})
    assert stored(identity, applicant).state is State.AWAITING_APPROVAL


def test_a_manager_releases_nobody_whose_screening_is_not_clear(identity, managed, manager):
    applicant = identity.given(an_account(managed, State.SCREENING))
    assert change(manager, applicant, "approval", {}).status_code == 409


def test_a_manager_refuses_with_a_reason_and_nobody_decides_about_themself(
    identity, managed, manager
):
    applicant = identity.given(an_account(managed, State.AWAITING_APPROVAL))
    assert change(manager, applicant, "refusal", {}).status_code == 422
    refused = change(manager, applicant, "refusal", {"reason": "not_an_employee"})
    assert refused.json["state"] == "refused"
    for step, body in (("approval", {}), ("refusal", {"reason": "other"})):
        assert change(manager, manager.account, step, body).json["type"] == (
            "/problems/own-decision"
        )


@pytest.mark.parametrize("state", [State.ACTIVE, State.DEACTIVATED, State.REGISTERED])
def test_only_applicants_are_assigned_and_to_open_customers_alone(
    identity, customer, operator, state
):
    approver = identity.sign_in(Role.APPROVER)
    account = identity.given(an_account(state=state))
    body = {"organisation_id": str(customer.id)}
    assert change(approver, account, "assignment", body).status_code == 409
    applicant = identity.given(an_account(state=State.SCREENING))
    ended = identity.given(an_organisation(relation_ended_at=AT))
    for organisation, code in ((operator, 422), (ended, 409)):
        body = {"organisation_id": str(organisation.id)}
        assert change(approver, applicant, "assignment", body).status_code == code


def test_switching_off_withdraws_what_managers_invited_and_leaves_what_staff_did(
    identity, managed, manager, operator
):
    approver = me(identity, identity.given(an_account(operator)), Role.APPROVER)
    manager.post("/invitations", {"email": "one@muster.example"})
    body = {"email": "two@muster.example", "organisation_id": str(managed.id)}
    approver.post("/invitations", body)
    disable(identity, managed, version=1)
    assert [(each.state, each.email) for each in identity.rows(Invitation)] == [
        (InvitationState.WITHDRAWN, None), (InvitationState.SENT, "two@muster.example"),
    ]  # fmt: skip


def two_managers_leave(identity, without):
    managed = identity.given(an_organisation(user_management_since=AT))
    both = [
        me(identity, identity.given(an_account(managed, role=Role.USER_MANAGER)), Role.USER_MANAGER)
        for _ in range(2)
    ]
    leaving = [
        lambda caller=each: caller.post("/accounts/me/deactivation").status_code for each in both
    ]
    codes = Race(identity, ["SELECT count(*)"], without).run(*leaving)
    return sorted(codes), len(identity.rows(Account, Account.state == State.ACTIVE))


@pytest.mark.postgres
def test_of_two_managers_who_leave_at_once_one_stays(on_postgres):
    assert two_managers_leave(on_postgres, without="") == ([204, 409], 1)


@pytest.mark.postgres
def test_control_without_the_lock_an_organisation_is_left_without_a_manager(on_postgres):
    assert two_managers_leave(on_postgres, without=LOCK) == ([204, 204], 0)
