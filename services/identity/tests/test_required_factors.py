"""Who must have a second factor, and how lost ones are reset (ASVS 6.3.3, 6.4.4)."""

import pyotp
import pytest

from common.privacy.audit import AuditEntry
from common.web.access import Role
from identity.models import (
    Organisation,
)
from identity.rules.states import State

from .factories import an_account, mails, me, stored
from .second_factors import (
    FAILED,
    MINE,
    STEP_UP,
    Person,
    by_password,
    failure,
    show,
    somebody,
    with_token,
)


@pytest.fixture
def anna(identity):
    """Somebody with an authenticator app."""
    return Person(identity, somebody(identity)).add_app()


# ------------------------------------------------------------------------------ who must have one


@pytest.fixture
def strict(identity_with):
    """Identity as in production: staff must have a second factor."""
    return identity_with(second_factor_for_staff=True)


def enrol(harness, pending):
    body = {"pending": pending.json["pending"]}
    return harness.anonymous().post("/sessions/second-factor/enrolment", body)


def test_staff_without_a_factor_can_only_set_one_up(strict):
    boss = somebody(strict, Role.ADMIN)
    pending = by_password(strict, boss)
    assert (pending.status_code, pending.json["methods"]) == (202, ["enrol"])
    assert failure(show(strict, pending, code="123456")) == FAILED
    secret = enrol(strict, pending).json["secret"]
    code = pyotp.TOTP(secret).at(strict.clock.now())
    answer = show(strict, pending, code=code)
    assert answer.status_code == 201
    assert len(answer.json["recovery_codes"]) == 10
    assert with_token(strict, answer).get("/accounts/me").status_code == 200
    assert by_password(strict, boss).json["methods"] == ["code", "recovery_code"]


def test_who_has_a_factor_cannot_enrol_another_with_the_password_alone(strict):
    boss = somebody(strict, Role.ADMIN)
    early, late = by_password(strict, boss), by_password(strict, boss)
    secret = enrol(strict, early).json["secret"]
    show(strict, early, code=pyotp.TOTP(secret).at(strict.clock.now()))
    assert failure(enrol(strict, late)) == FAILED
    assert failure(enrol(strict, by_password(strict, boss))) == FAILED


def test_customers_need_none_unless_it_was_decided(strict):
    assert by_password(strict, somebody(strict)).status_code == 201


def test_an_organisation_has_its_user_managers_need_one(identity, customer):
    with identity.runtime.transaction() as session:
        session.merge(customer).user_management_since = identity.clock.now()
    manager = somebody(identity, organisation=customer, role=Role.USER_MANAGER)
    member = somebody(identity, organisation=customer)
    assert by_password(identity, manager).status_code == 201
    caller = me(identity, an_account(customer), Role.USER_MANAGER)
    path = f"/organisations/{customer.id}/second-factor"
    version = caller.get(f"/organisations/{customer.id}").json["version"]
    answer = caller.change("PUT", path, version, {"required": True})
    assert (answer.status_code, answer.json["second_factor_required"]) == (200, True)
    assert by_password(identity, manager).json["methods"] == ["enrol"]
    assert by_password(identity, member).status_code == 201
    assert caller.change("PUT", path, version, {"required": False}).status_code == 412
    assert caller.change("PUT", path, version + 1, {"required": False}).status_code == 200
    assert by_password(identity, manager).status_code == 201


def test_the_last_factor_of_who_must_have_one_stays(strict):
    boss = somebody(strict, Role.ADMIN)
    pending = by_password(strict, boss)
    secret = enrol(strict, pending).json["secret"]
    answer = show(strict, pending, code=pyotp.TOTP(secret).at(strict.clock.now()))
    caller = with_token(strict, answer)
    refused = caller.call("DELETE", f"{MINE}/totp", json=STEP_UP)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/second-factor-needed")
    assert caller.get(MINE).json["required"] is True
    assert by_password(strict, boss).json["methods"] == ["code", "recovery_code"]


def reset(caller, account, version, reason="called_back"):
    path = f"/accounts/{account.id}/second-factors/reset"
    return caller.change("POST", path, version, {"reason": reason})


def test_the_office_resets_lost_factors_and_says_how_it_knew_the_person(identity, anna):
    version = stored(identity, anna.account).version
    assert reset(identity.sign_in(Role.SUPPORT), anna.account, version).status_code == 200
    actions = [each.action for each in identity.rows(AuditEntry)]
    assert "second-factor.reset-called_back" in actions
    assert anna.refresh().status_code == 401
    assert by_password(identity, anna.account).status_code == 201
    assert [subject for _, subject, _ in mails(identity)] == ["Your second factor was changed"]


def test_who_must_have_one_sets_it_up_again_after_a_reset(strict):
    boss = somebody(strict, Role.ADMIN)
    pending = by_password(strict, boss)
    secret = enrol(strict, pending).json["secret"]
    show(strict, pending, code=pyotp.TOTP(secret).at(strict.clock.now()))
    version = stored(strict, boss).version
    assert reset(strict.sign_in(Role.ADMIN), boss, version).status_code == 200
    assert by_password(strict, boss).json["methods"] == ["enrol"]


def test_nobody_resets_the_own_factors_and_support_none_of_staff(identity, anna):
    support = somebody(identity, Role.SUPPORT)
    caller = identity.sign_in(
        Role.SUPPORT, account_id=support.id, organisation_id=support.organisation_id, known=False
    )
    assert reset(caller, support, 1).status_code == 403
    boss = somebody(identity, Role.ADMIN, organisation=identity.rows(Organisation)[-1])
    assert reset(caller, boss, 1).status_code == 403
    assert reset(identity.sign_in(Role.ADMIN), boss, 1).status_code == 200


def test_a_reset_needs_a_reason_and_what_was_seen(identity, anna):
    admin = identity.sign_in(Role.ADMIN)
    version = stored(identity, anna.account).version
    path = f"/accounts/{anna.account.id}/second-factors/reset"
    assert reset(admin, anna.account, version, "asked nicely").status_code == 422
    assert admin.call("POST", path, json={"reason": "called_back"}).status_code == 428
    assert reset(admin, anna.account, version - 1).status_code == 412
    erased = identity.given(an_account(state=State.ERASED))
    assert reset(admin, erased, 1).status_code == 404
