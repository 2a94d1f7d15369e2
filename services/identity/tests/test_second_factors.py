"""Second factors: codes of an app, who must have one, what follows from a change (S30; ASVS 6)."""

import base64
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from common.web.access import Role
from identity.models import (
    AuthenticatorApp,
    Organisation,
    Outcome,
    PendingSignIn,
    SignInTry,
)
from identity.rules.second_factors import is_required, step_of, wait_after

from .factories import PASSWORD, stored
from .second_factors import (
    FAILED,
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


# ------------------------------------------------------------------------------------- rules

RFC_6238 = [
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"),
    (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130"),
]  # fmt: skip
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(("seconds", "code"), RFC_6238)
def test_codes_are_those_of_rfc_6238(seconds, code):
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert step_of(RFC_SECRET, code[-6:], at, last_step=0) == seconds // 30


@pytest.mark.parametrize(("age", "good"), [(0, True), (30, True), (60, False), (-30, False)])
def test_a_code_is_good_in_its_step_and_the_next(age, good):
    made = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    code = pyotp.TOTP(RFC_SECRET).at(made)
    assert (step_of(RFC_SECRET, code, made + timedelta(seconds=age), 0) is not None) is good


def test_a_code_of_a_step_that_was_used_or_passed_over_is_spent():
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    code, app = pyotp.TOTP(RFC_SECRET).at(at), pyotp.TOTP(RFC_SECRET)
    assert step_of(RFC_SECRET, code, at, app.timecode(at) - 1) == app.timecode(at)
    assert step_of(RFC_SECRET, code, at, app.timecode(at)) is None
    assert step_of(RFC_SECRET, app.at(at - timedelta(seconds=30)), at, app.timecode(at)) is None


def test_waits_after_wrong_codes_grow_and_are_bounded():
    waits = [wait_after(count).total_seconds() for count in (0, 4, 5, 6, 7, 10, 11, 10**9)]
    assert waits == [0, 0, 30, 60, 120, 900, 900, 900]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("for_staff", [True, False])
@pytest.mark.parametrize("by_organisation", [True, False])
def test_staff_must_have_one_and_user_managers_where_it_was_decided(
    role, for_staff, by_organisation
):
    customer = role in (Role.MEMBER, Role.USER_MANAGER, Role.REPRESENTATIVE)
    expected = by_organisation and role is Role.USER_MANAGER if customer else for_staff
    required = is_required([role], for_staff=for_staff, by_organisation=by_organisation)
    assert required is expected


# ---------------------------------------------------------------------------------- signing in


def test_without_a_second_factor_the_password_is_enough(identity):
    assert by_password(identity, somebody(identity)).status_code == 201


def test_with_an_app_the_right_password_asks_for_a_code_and_opens_nothing(identity, anna):
    answer = by_password(identity, anna.account)
    assert answer.status_code == 202
    assert answer.json["methods"] == ["code", "recovery_code"]
    assert answer.json["expires_in"] == 300
    assert set(answer.json) == {"pending", "methods", "expires_in"}
    caller = identity.anonymous()
    caller.token = answer.json["pending"]
    assert caller.get("/accounts/me").status_code == 401


def test_the_code_of_now_completes_the_sign_in(identity, anna):
    answer = show(identity, by_password(identity, anna.account), code=anna.next_code())
    assert answer.status_code == 201
    assert "recovery_codes" not in answer.json
    assert with_token(identity, answer).get("/accounts/me").json["id"] == str(anna.account.id)
    assert identity.rows(PendingSignIn) == []


def test_only_the_hash_of_a_pending_token_is_kept(identity, anna):
    token = by_password(identity, anna.account).json["pending"]
    (row,) = identity.rows(PendingSignIn)
    assert token not in (row.hash, str(row.__dict__))
    assert len(token) == 43


def test_a_code_used_twice_is_refused_the_second_time(identity, anna):
    code = anna.next_code()
    assert show(identity, by_password(identity, anna.account), code=code).status_code == 201
    assert failure(show(identity, by_password(identity, anna.account), code=code)) == FAILED


def test_the_code_that_confirmed_the_app_does_not_sign_in(identity, anna):
    again = show(identity, by_password(identity, anna.account), code=anna.code())
    assert failure(again) == FAILED


@pytest.mark.parametrize("wrong", [{"code": "000000"}, {"recovery_code": "AAAAA-BBBBB"}])
def test_a_wrong_factor_gets_the_answer_of_a_failed_sign_in_and_is_noted(identity, anna, wrong):
    identity.clock.advance("PT30S")
    assert failure(show(identity, by_password(identity, anna.account), **wrong)) == FAILED
    tries = {each.outcome for each in identity.rows(SignInTry)}
    assert Outcome.SECOND_FACTOR_FAILED in tries


def test_after_five_wrong_tries_the_pending_sign_in_is_void_for_the_right_code_too(identity, anna):
    pending = by_password(identity, anna.account)
    for _ in range(5):
        assert failure(show(identity, pending, recovery_code="WRONG-WRONG")) == FAILED
    identity.clock.advance("PT1M")
    assert failure(show(identity, pending, recovery_code=anna.codes[0])) == FAILED
    again = show(identity, by_password(identity, anna.account), recovery_code=anna.codes[0])
    assert again.status_code == 201


def test_a_pending_sign_in_is_good_for_five_minutes(identity, anna):
    first, second = (by_password(identity, anna.account) for _ in range(2))
    identity.clock.advance("PT4M59S")
    assert show(identity, first, code=anna.code()).status_code == 201
    identity.clock.advance("PT1S")
    assert failure(show(identity, second, recovery_code=anna.codes[0])) == FAILED


def test_a_pending_sign_in_is_good_once(identity, anna):
    pending = by_password(identity, anna.account)
    assert show(identity, pending, recovery_code=anna.codes[0]).status_code == 201
    assert failure(show(identity, pending, recovery_code=anna.codes[1])) == FAILED


def test_one_persons_pending_sign_in_takes_nobody_elses_factors(identity, anna):
    berta = Person(identity, somebody(identity)).add_app()
    pending = by_password(identity, anna.account)
    assert failure(show(identity, pending, code=berta.next_code())) == FAILED
    assert failure(show(identity, pending, recovery_code=berta.codes[0])) == FAILED


def test_an_unknown_token_gets_the_same_answer(identity):
    body = {"pending": "x" * 43, "code": "123456"}
    assert failure(identity.anonymous().post("/sessions/second-factor", body)) == FAILED


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"code": "123456", "recovery_code": "A"},
        {"code": "12345"},
        {"code": "123456\n"},
        {"code": 123456},
        {"passkey": {}},
        {"recovery_code": "A" * 41},
        {"more": "x", "code": "123456"},
    ],
)
def test_what_is_no_second_factor_is_refused(identity, proof):
    body = {"pending": "x" * 43, **proof}
    assert identity.anonymous().post("/sessions/second-factor", body).status_code == 422


def test_whoever_is_blocked_gets_the_same_for_the_right_password_as_for_a_wrong_one(identity, anna):
    pending = by_password(identity, anna.account)
    version = stored(identity, anna.account).version
    chief = identity.sign_in(Role.COMPLIANCE)
    path = f"/accounts/{anna.account.id}/block"
    assert chief.change("POST", path, version, {"reason": "misuse"}).status_code == 200
    assert failure(by_password(identity, anna.account)) == FAILED
    assert failure(by_password(identity, anna.account, "wrong password")) == FAILED
    assert failure(show(identity, pending, code=anna.next_code())) == FAILED


def test_nobody_completes_a_sign_in_for_an_organisation_whose_relation_ended(identity, anna):
    pending = by_password(identity, anna.account)
    with identity.runtime.transaction(actor="test") as session:
        organisation = session.get_one(Organisation, anna.account.organisation_id)
        organisation.relation_ended_at = identity.clock.now()
    assert failure(show(identity, pending, code=anna.next_code())) == FAILED
    assert Outcome.NOT_PERMITTED in {each.outcome for each in identity.rows(SignInTry)}


def test_wrong_codes_are_waited_for_and_hold_up_no_recovery_code(identity, anna):
    for number in range(5):
        identity.clock.advance("PT16M")
        answer = show(identity, by_password(identity, anna.account), code="000000")
        assert failure(answer) == FAILED, number
    (app,) = identity.rows(AuthenticatorApp)
    assert app.wrong_codes == 5
    identity.clock.advance("PT29S")
    slow = identity.anonymous()
    network = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    asked = {"email": anna.account.email, "password": PASSWORD}
    pending = slow.post("/sessions", asked, **network).json["pending"]
    body = {"pending": pending, "code": anna.code()}
    answer = slow.post("/sessions/second-factor", body, **network)
    assert (answer.status_code, answer.json["type"]) == (429, "/problems/too-many-codes")
    assert answer.headers["Retry-After"] == "1"
    body = {"pending": pending, "recovery_code": anna.codes[0]}
    assert slow.post("/sessions/second-factor", body, **network).status_code == 201


def test_wrong_factors_slow_down_the_network_they_come_from(identity, anna):
    answers = [
        show(identity, by_password(identity, anna.account), recovery_code="WRONG-WRONG")
        for _ in range(5)
    ]
    assert {each.status_code for each in answers} == {401}
    assert by_password(identity, anna.account).status_code == 429
