"""Signing in, staying signed in, signing out (S30-S34, S39)."""

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import bcrypt
import jwt
import pytest
import sqlalchemy as sa

from common import logs
from common.messaging.outbox import OutboxRow
from common.web.access import Role
from identity.accounts import password_of
from identity.models import SignInSession, StaffRole
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


def ways_to_fail(identity, customer):
    """What is sent in every way to fail, by its name."""
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
    accounts["wrong"] = identity.given(with_password(identity, an_account(customer), "another"))
    addresses = {name: account.email for name, account in accounts.items()}
    addresses |= {"unknown": "nobody@muster.example", "no address": "no address at all"}
    return {name: {"email": each, "password": PASSWORD} for name, each in addresses.items()}


def failures(identity, customer):
    """Answers to every way to fail, by its name."""
    ways = ways_to_fail(identity, customer)
    return {name: identity.anonymous().post("/sessions", asked) for name, asked in ways.items()}


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


def test_everybody_can_read_the_public_keys_and_nothing_private(identity):
    answer = identity.anonymous().get("/.well-known/jwks.json")
    keys = {key["portal_service"]: key for key in answer.json["keys"]}
    assert set(keys) >= {"identity", "shop"}
    assert not any("d" in key for key in keys.values())


@contextmanager
def statements_of(identity):
    """Statements that reach the database meanwhile."""
    seen = []

    def note(connection, cursor, statement, parameters, context, many):
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    engine = identity.runtime.db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


def test_every_failure_runs_the_same_statements(identity, customer):
    ways = ways_to_fail(identity, customer)
    seen = {}
    for name, asked in ways.items():
        with statements_of(identity) as statements:
            identity.anonymous().post("/sessions", asked)
        seen[name] = statements
    assert len(seen["unknown"]) == 7
    assert all(statements == seen["unknown"] for statements in seen.values())


def test_every_failure_gets_the_same_body_and_headers(identity, customer):
    answers = []
    for asked in ways_to_fail(identity, customer).values():
        answer = identity.anonymous().post("/sessions", asked)
        assert answer.headers.pop("X-Request-Id")
        answers.append((answer.status, sorted(answer.headers), answer.data))
    assert all(each == answers[0] for each in answers)


def test_a_sign_in_and_a_refresh_take_few_statements(identity, anna):
    sign_in(identity, anna)
    with statements_of(identity) as statements:
        answer = sign_in(identity, anna)
    assert len(statements) == 11, statements
    with statements_of(identity) as statements:
        refresh(identity, answer.json["refresh_token"])
    assert len(statements) == 4, statements


@pytest.mark.parametrize("length", [72, 73, 256])
def test_the_last_character_of_a_long_password_counts(identity, customer, length):
    """Others cut at 72 bytes; bcrypt 5 raises beyond, also when it checks."""
    password = "p" * (length - 1) + "a"
    account = identity.given(with_password(identity, an_account(customer), password))
    assert sign_in(identity, account, "p" * (length - 1) + "b").status_code == 401
    assert sign_in(identity, account, password).status_code == 201


def test_no_log_line_and_no_event_says_from_where_and_with_what_somebody_signed_in(identity, anna):
    lines = io.StringIO()
    logs.configure("debug", lines)
    headers = {"X-Forwarded-For": "198.51.100.77", "User-Agent": "Canarybrowser"}
    for password in ("a wrong password", PASSWORD):
        asked = {"email": anna.email, "password": password}
        answer = identity.anonymous().post("/sessions", asked, headers=headers)
    with_token(identity, answer).call("DELETE", "/sessions/current")
    told = lines.getvalue() + " ".join(row.body.decode() for row in identity.rows(OutboxRow))
    assert "/sessions" in told
    assert not any(each in told for each in ("198.51.100", "Canary", anna.email))
