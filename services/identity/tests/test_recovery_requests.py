"""Asking for a new password: the same answer, work and mail traffic for everybody (S38)."""

import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from common import logs
from identity import recovery
from identity.models import Mail, RecoveryCount, RecoveryRequest
from identity.rules.states import HIDDEN, State

from .factories import an_account, an_organisation, mails, with_password
from .test_recovery import NEXT, ask, recovery_token, use


@pytest.fixture
def anna(identity, customer):
    return identity.given(
        with_password(identity, an_account(customer, address="anna@muster.example"))
    )


def addresses(identity, customer):
    """Every kind of address somebody can ask with, by name."""
    known = {
        state.value: identity.given(an_account(customer, state)).email
        for state in State
        if state not in HIDDEN
    }
    return {
        **known, "unknown": "nobody@muster.example", "no address": "not an address",
        "written otherwise": known["active"].upper(), "unfit for mail": "ä@muster.example",
    }  # fmt: skip


def test_everybody_gets_the_identical_answer(identity, customer):
    answers = {
        (each.status_code, str(each.json), frozenset(dict(each.headers)))
        for each in (ask(identity, address) for address in addresses(identity, customer).values())
    }
    assert len(answers) == 1
    assert {each[:2] for each in answers} == {(202, "{'status': 'accepted'}")}


def test_the_request_runs_the_same_statements_for_everybody_and_sends_nothing(identity, customer):
    """Keycloak #26625, #48888: time, or the mail server, told whose address it is."""
    seen = {}
    asked = addresses(identity, customer)
    ask(identity, "warm-up@muster.example")
    for name, address in asked.items():
        statements = seen.setdefault(name, [])

        def note(connection, cursor, statement, *_, kept=statements):
            kept.append(statement)

        sa.event.listen(identity.runtime.db.engine, "before_cursor_execute", note)
        ask(identity, address)
        sa.event.remove(identity.runtime.db.engine, "before_cursor_execute", note)
    assert len({tuple(each) for each in seen.values()}) == 1
    assert not any("accounts" in statement for statement in seen["active"])
    assert identity.rows(Mail) == []
    assert len(identity.rows(RecoveryRequest)) == len(asked) + 1


def test_control_the_worker_does_differ_between_them(identity, customer):
    asked = addresses(identity, customer)
    for address in asked.values():
        ask(identity, address)
    shown = [name for name in asked if name in set(State)]
    assert len(mails(identity)) == len(shown)


def test_a_request_is_gone_when_it_was_worked_off(identity, customer):
    for address in addresses(identity, customer).values():
        ask(identity, address)
    identity.run_steps()
    assert identity.rows(RecoveryRequest) == []


def test_nothing_of_it_is_logged(identity, anna):
    lines = io.StringIO()
    logs.configure("debug", lines)
    ask(identity, "canary@nowhere.example")
    ask(identity, "canary is no address")
    token = recovery_token(identity, anna)
    use(identity, token)
    logged = lines.getvalue()
    assert "/passwords/recovery" in logged
    assert not any(each in logged for each in ("canary", "anna@", token, NEXT))


def test_an_address_is_not_written_to_again_and_again(identity, anna):
    for _ in range(3):
        ask(identity, anna.email)
        identity.run_steps()
    assert len(mails(identity)) == 1
    identity.clock.advance("PT10M")
    ask(identity, anna.email)
    assert len(mails(identity)) == 2


def test_a_network_that_asks_too_often_waits_whomever_it_asks_for(identity_with):
    identity = identity_with(recoveries_per_hour=3)
    anna = identity.given(an_account(identity.given(an_organisation())))
    answers = [ask(identity, address) for address in ("a", "b@c.example", anna.email, "d", "e")]
    assert [each.status_code for each in answers] == [202, 202, 202, 429, 429]
    assert answers[3].headers["Retry-After"] == "3600"
    assert len(identity.rows(RecoveryRequest)) == 3
    other = identity.anonymous().call(
        "POST", "/passwords/recovery", json={"email": anna.email},
        headers={"X-Forwarded-For": "203.0.113.7"},
    )  # fmt: skip
    assert other.status_code == 202
    identity.clock.advance("PT59M59S")
    refused = ask(identity, anna.email)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    identity.clock.advance("PT1S")
    assert ask(identity, anna.email).status_code == 202


def test_no_network_is_kept(identity, anna):
    ask(identity, anna.email)
    (counted,) = identity.rows(RecoveryCount)
    assert re.fullmatch(r"[0-9a-f]{64}", counted.network)


@pytest.mark.parametrize(
    "body", [{}, {"email": None}, {"email": 1}, {"email": "a" * 255}, {"email": "a", "more": 1}]
)
def test_what_is_no_request_is_refused(identity, body):
    answer = identity.anonymous().post("/passwords/recovery", body)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


def test_waits_are_told_in_whole_seconds_rounded_up():
    assert recovery._seconds(timedelta(milliseconds=1)) == 1
    assert recovery._seconds(timedelta(seconds=2)) == 2
    assert recovery._seconds(timedelta(seconds=2, milliseconds=1)) == 3
