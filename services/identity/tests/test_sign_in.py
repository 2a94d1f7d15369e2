"""Signing in, staying signed in, signing out (S30-S34, S39)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import bcrypt
import jwt
import pytest

from common.events.catalogue import AccountSessionsEnded
from common.web.access import Role
from identity.accounts import password_of
from identity.mails import write
from identity.models import MailKind, RefreshToken, SignInSession, StaffRole
from identity.passwords import Passwords
from identity.rules.states import Screening, State

from .factories import (
    PASSWORD,
    a_registration,
    an_account,
    an_organisation,
    mails,
    own_standing,
    stored,
    token_in,
    with_password,
)


def sign_in(identity, account, password=PASSWORD):
    asked = {"email": account.email, "password": password}
    return identity.anonymous().post("/sessions", asked)


def refresh(identity, token):
    return identity.anonymous().post("/sessions/refresh", {"refresh_token": token})


@pytest.fixture
def anna(identity, customer):
    account = identity.given(with_password(identity, an_account(customer)))
    identity.given(own_standing(account))
    return account


def claims(answer):
    return jwt.decode(answer.json["access_token"], options={"verify_signature": False})


def with_token(identity, answer):
    caller = identity.anonymous()
    caller.token = answer.json["access_token"]
    return caller


def test_the_right_password_signs_in(identity, anna):
    answer = sign_in(identity, anna)
    assert answer.status_code == 201
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 300)
    assert with_token(identity, answer).get("/accounts/me").json["id"] == str(anna.id)


def test_the_token_says_ids_roles_and_country_and_no_name(identity, anna, customer):
    found = claims(sign_in(identity, anna))
    assert found["sub"] == str(anna.id)
    assert found["org"] == str(customer.id)
    assert (found["roles"], found["country"], found["epoch"]) == (["member"], "DE", 1)
    assert set(found) == {
        "iss", "aud", "sub", "org", "roles", "country", "epoch", "sid", "iat", "exp",
    }  # fmt: skip


def test_staff_get_their_staff_roles_and_not_a_customers(identity, operator):
    boss = identity.given(with_password(identity, an_account(operator)))
    for role in (Role.APPROVER, Role.DPO):
        identity.given(StaffRole(account_id=boss.id, role=role))
    assert claims(sign_in(identity, boss))["roles"] == ["approver", "dpo"]


def test_the_address_may_be_written_in_any_case(identity, customer):
    account = identity.given(
        with_password(identity, an_account(customer, address="anna@muster.example"))
    )
    asked = {"email": "ANNA@Muster.example", "password": PASSWORD}
    assert identity.anonymous().post("/sessions", asked).status_code == 201
    assert account.email == "anna@muster.example"


def failures(identity, customer):
    """Every way to fail, by name."""
    ended = identity.given(an_organisation(relation_ended_at=identity.clock.now()))
    accounts = {
        state.value: identity.given(with_password(identity, an_account(customer, state)))
        for state in State
        if state is not State.ACTIVE
    }
    listed = an_account(customer, screening=Screening.PENDING)
    accounts["not cleared"] = identity.given(with_password(identity, listed))
    accounts["no password"] = identity.given(an_account(customer))
    accounts["relation ended"] = identity.given(with_password(identity, an_account(ended)))
    answers = {name: sign_in(identity, account) for name, account in accounts.items()}
    active = identity.given(with_password(identity, an_account(customer)))
    answers["wrong"] = sign_in(identity, active, "wrong password")
    asked = {"email": "nobody@muster.example", "password": PASSWORD}
    answers["unknown"] = identity.anonymous().post("/sessions", asked)
    asked = {"email": "no address at all", "password": PASSWORD}
    answers["no address"] = identity.anonymous().post("/sessions", asked)
    return answers


def test_every_failure_gets_the_identical_answer(identity, customer):
    answers = failures(identity, customer)
    seen = {
        (each.status_code, each.json["type"], each.json["title"], each.json["detail"])
        for each in answers.values()
    }
    assert seen == {(401, "/problems/sign-in-failed", "Signing in was not possible", "")}
    assert len(answers) == 14
    assert identity.rows(SignInSession) == []


def test_every_failure_costs_one_hash_and_none_runs_in_a_transaction(
    identity, customer, monkeypatch
):
    hashed = []
    pool, check = identity.runtime.db.engine.pool, bcrypt.checkpw

    def counted(*args):
        hashed.append(pool.checkedout())
        return check(*args)

    identity.runtime.resource(Passwords)
    monkeypatch.setattr(bcrypt, "checkpw", counted)
    answers = failures(identity, customer)
    assert hashed == [0] * len(answers)


def test_a_new_password_is_hashed_outside_any_transaction(identity, monkeypatch):
    hashed = []
    pool, make = identity.runtime.db.engine.pool, bcrypt.hashpw
    identity.runtime.resource(Passwords)
    monkeypatch.setattr(
        bcrypt, "hashpw", lambda *args: hashed.append(pool.checkedout()) or make(*args)
    )
    identity.anonymous().post("/registrations", a_registration())
    token = token_in(mails(identity)[0][2])
    identity.anonymous().post("/registrations/confirmation", {"token": token})
    assert hashed == [0]


def test_a_hash_of_older_strength_is_renewed_when_its_owner_signs_in(identity_with):
    identity = identity_with(bcrypt_cost=5)
    customer = identity.given(an_organisation())
    weak = identity_with(bcrypt_cost=4)
    account = identity.given(with_password(weak, an_account(customer)))
    assert sign_in(identity, account).status_code == 201
    renewed = password_of(stored(identity, account))
    assert renewed.value.startswith("$2b$05$")
    assert sign_in(identity, account).status_code == 201


def test_too_many_at_once_are_asked_to_come_back(identity_with):
    identity = identity_with(hash_queue=0)
    account = identity.given(with_password(identity, an_account(identity.given(an_organisation()))))
    passwords, go = identity.runtime.resource(Passwords), Event()
    begun = [Event() for _ in range(passwords.places)]
    with ThreadPoolExecutor(passwords.places) as people:
        for mine in begun:
            people.submit(passwords.work, lambda mine=mine: (mine.set(), go.wait(60)))
        assert all(mine.wait(60) for mine in begun)
        answer = sign_in(identity, account)
        go.set()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", None),
        ("email", 1),
        ("email", "a\x00@muster.example"),
        ("email", "a" * 255),
        ("password", ""),
        ("password", "p" * 257),
        ("password", ["p"]),
        ("password", 10**400),
        ("more", "x"),
    ],
)
def test_what_is_no_sign_in_is_refused(identity, field, value):
    asked = {"email": "anna@muster.example", "password": PASSWORD, field: value}
    answer = identity.anonymous().post("/sessions", asked)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


def test_a_refresh_token_is_exchanged_once_for_new_ones(identity, anna):
    first = sign_in(identity, anna)
    second = refresh(identity, first.json["refresh_token"])
    assert second.status_code == 200
    assert claims(second)["sid"] == claims(first)["sid"]
    assert refresh(identity, second.json["refresh_token"]).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_the_sign_in_for_everybody(identity, anna):
    stolen = sign_in(identity, anna).json["refresh_token"]
    newest = refresh(identity, stolen).json["refresh_token"]
    assert refresh(identity, stolen).status_code == 401
    assert refresh(identity, newest).status_code == 401
    (opened,) = identity.rows(SignInSession)
    assert opened.ended_at is not None


def test_another_sign_in_of_the_same_person_goes_on(identity, anna):
    stolen = sign_in(identity, anna).json["refresh_token"]
    other = sign_in(identity, anna).json["refresh_token"]
    refresh(identity, stolen)
    refresh(identity, stolen)
    assert refresh(identity, other).status_code == 200


def test_only_the_hash_of_a_refresh_token_is_kept(identity, anna):
    token = sign_in(identity, anna).json["refresh_token"]
    assert token not in {row.hash for row in identity.rows(RefreshToken)}


def test_a_refresh_token_expires_and_so_does_the_whole_sign_in(identity, anna):
    token = sign_in(identity, anna).json["refresh_token"]
    identity.clock.advance("P7D")
    assert refresh(identity, token).status_code == 401
    token = sign_in(identity, anna).json["refresh_token"]
    for _ in range(4):
        identity.clock.advance("P6D")
        token = refresh(identity, token).json["refresh_token"]
    identity.clock.advance("P6D")
    assert refresh(identity, token).status_code == 401


def test_an_unknown_refresh_token_gets_the_same_answer(identity):
    assert refresh(identity, "x" * 43).status_code == 401
    assert refresh(identity, "too short").status_code == 422


def test_who_signed_out_cannot_go_on(identity, anna):
    answer = sign_in(identity, anna)
    out = with_token(identity, answer).call("DELETE", "/sessions/current")
    assert (out.status_code, out.data) == (204, b"")
    assert refresh(identity, answer.json["refresh_token"]).status_code == 401


def test_a_block_voids_the_tokens_at_once(identity, anna):
    answer = sign_in(identity, anna)
    chief = identity.sign_in(Role.COMPLIANCE)
    blocked = chief.change("POST", f"/accounts/{anna.id}/block", 1, {"reason": "misuse"})
    assert blocked.status_code == 200
    assert with_token(identity, answer).get("/accounts/me").status_code == 401
    assert refresh(identity, answer.json["refresh_token"]).status_code == 401


def test_after_a_block_is_lifted_the_old_tokens_stay_void(identity, anna):
    answer = sign_in(identity, anna)
    chief = identity.sign_in(Role.COMPLIANCE)
    chief.change("POST", f"/accounts/{anna.id}/block", 1, {"reason": "misuse"})
    chief.change("POST", f"/accounts/{anna.id}/unblock", 2)
    assert with_token(identity, answer).get("/accounts/me").status_code == 401
    assert refresh(identity, answer.json["refresh_token"]).status_code == 401
    again = sign_in(identity, anna)
    assert with_token(identity, again).get("/accounts/me").status_code == 200


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(identity, anna):
    answer = sign_in(identity, anna)
    with identity.runtime.transaction() as session:
        write(session, anna.id, MailKind.SET_PASSWORD)
    token = token_in(mails(identity)[0][2])
    identity.anonymous().post("/passwords", {"token": token, "password": "a new password"})
    assert identity.published() == [
        AccountSessionsEnded(account_id=anna.id, organisation_id=anna.organisation_id, epoch=2)
    ]
    assert with_token(identity, answer).get("/accounts/me").status_code == 401
    assert refresh(identity, answer.json["refresh_token"]).status_code == 401
    assert sign_in(identity, anna).status_code == 401
    assert sign_in(identity, anna, "a new password").status_code == 201


def test_everybody_can_read_the_public_keys_and_nothing_private(identity):
    answer = identity.anonymous().get("/.well-known/jwks.json")
    keys = {key["portal_service"]: key for key in answer.json["keys"]}
    assert set(keys) >= {"identity", "shop"}
    assert not any("d" in key for key in keys.values())
