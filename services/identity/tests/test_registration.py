"""Registering: the form, the registration, the confirmation (S3-S7, S38)."""

import pytest

from common.events.catalogue import AccountRegistered
from common.testing.harness import pointers
from identity.accounts import password_of
from identity.mails import write
from identity.models import Account, LinkToken, Mail, MailKind
from identity.passwords import Passwords
from identity.rules.states import State
from identity.schemas.registration import Registration

from .factories import PASSWORD, a_registration, an_account, mails, stored, token_in


def register(identity, **entered):
    return identity.anonymous().post("/registrations", a_registration(**entered))


def confirm(identity, token):
    return identity.anonymous().post("/registrations/confirmation", {"token": token})


def the_account(identity):
    (account,) = identity.rows(Account)
    return account


def test_the_form_marks_exactly_what_the_check_requires(identity):
    form = identity.anonymous().get("/registration/schema").json["fields"]
    marked = {field["name"] for field in form if field["required"]}
    empty = identity.anonymous().post("/registrations", {})
    assert {pointer.removeprefix("/") for pointer in pointers(empty)} == marked
    assert {field["name"] for field in form} == set(Registration().fields) - {"consents"}


def test_the_document_marks_what_the_form_marks(identity):
    form = identity.anonymous().get("/registration/schema").json["fields"]
    document = identity.app.test_client().get("/openapi.json").json
    schema = document["components"]["schemas"]["Registration"]
    assert set(schema["required"]) == {field["name"] for field in form if field["required"]}
    for field in form:
        facts = schema["properties"][field["name"]]["x-personal-data"]
        assert facts["basis"] == field["basis"]
        assert facts["category"] == field["category"]


@pytest.mark.parametrize(
    ("language", "label", "germany"),
    [
        ("en", "Given name", "Germany"),
        ("nl", "Voornaam", "Duitsland"),
        ("de", "Vorname", "Deutschland"),
    ],
)
def test_the_form_says_everything_in_the_readers_language(identity, language, label, germany):
    answer = identity.anonymous().get(
        "/registration/schema", headers={"Accept-Language": f"{language}-XX, fr;q=0.5"}
    )
    fields = {field["name"]: field for field in answer.json["fields"]}
    assert answer.headers["Content-Language"] == language
    assert fields["given_name"]["label"] == label
    assert {"value": "DE", "label": germany} in fields["country"]["options"]
    assert all(field["purpose"] and field["retention"] for field in fields.values())


def test_a_password_is_asked_for_as_a_password_and_an_address_as_an_address(identity):
    form = identity.anonymous().get("/registration/schema").json["fields"]
    kinds = {field["name"]: field["kind"] for field in form}
    assert (kinds["password"], kinds["email"]) == ("password", "email")
    assert (kinds["country"], kinds["language"], kinds["company"]) == ("choice", "choice", "text")


def test_a_registration_is_kept_and_nobody_else_hears_of_it(identity):
    answer = register(identity)
    account = the_account(identity)
    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})
    assert account.state is State.REGISTERED
    assert account.email == "Anna.Muster@muster.example"
    assert identity.published() == []


def test_a_password_is_kept_as_a_hash_alone(identity):
    register(identity)
    account = the_account(identity)
    values = [str(getattr(account, column.key)) for column in Account.__table__.columns]
    assert not any(PASSWORD in value for value in values)
    assert account.password_hash.startswith("$2b$04$")


def test_the_mailed_link_confirms_the_address_and_the_name_goes_to_screening(identity):
    register(identity)
    ((address, subject, text),) = mails(identity)
    answer = confirm(identity, token_in(text))
    account = the_account(identity)
    assert (address, subject) == ("Anna.Muster@muster.example", "E-Mail-Adresse bestätigen")
    assert answer.status_code == 204
    assert account.state is State.SCREENING
    assert identity.published() == [
        AccountRegistered(account_id=account.id, organisation_id=None, epoch=1)
    ]


def test_confirming_a_second_time_changes_nothing(identity):
    register(identity)
    token = token_in(mails(identity)[0][2])
    assert [confirm(identity, token).status_code for _ in range(3)] == [204, 204, 204]
    assert len(identity.published()) == 1


def test_a_link_that_nobody_sent_or_that_is_too_old_confirms_nothing(identity):
    register(identity)
    token = token_in(mails(identity)[0][2])
    assert confirm(identity, "x" * 43).status_code == 404
    identity.clock.advance("P7D")
    assert confirm(identity, token).status_code == 404
    assert the_account(identity).state is State.REGISTERED


def test_a_link_for_a_password_confirms_nothing(identity):
    register(identity, language="en")
    token = token_in(mails(identity)[0][2])
    answer = identity.anonymous().post(
        "/passwords", {"token": token, "password": "another password"}
    )
    assert answer.status_code == 404


def test_only_the_hash_of_a_links_token_is_kept(identity):
    register(identity)
    token = token_in(mails(identity)[0][2])
    (row,) = identity.rows(LinkToken)
    assert token not in row.hash


@pytest.mark.parametrize("state", list(State))
def test_a_known_address_gets_the_same_answer_and_nothing_changes(identity, customer, state):
    account = identity.given(an_account(customer, state, "anna.muster@muster.example"))
    answer = register(identity, given_name="Mallory", email="ANNA.MUSTER@muster.example")
    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})
    assert len(identity.rows(Account)) == 1
    found = stored(identity, account)
    assert (found.given_name, found.state, found.password_hash) == ("Anna", state, None)


def test_the_owner_of_a_known_address_is_told_by_mail(identity, customer):
    identity.given(an_account(customer, address="anna@muster.example"))
    register(identity, email="anna@muster.example")
    ((address, subject, text),) = mails(identity)
    assert (address, subject) == ("anna@muster.example", "You are registered already")
    assert "?token=" not in text


def test_strangers_cannot_make_the_portal_write_to_somebody_over_and_over(identity, customer):
    identity.given(an_account(customer, address="anna@muster.example"))
    for _ in range(5):
        register(identity, email="anna@muster.example")
        mails(identity)
    assert len(mails(identity)) == 1
    identity.clock.advance("PT1H")
    register(identity, email="anna@muster.example")
    assert len(mails(identity)) == 2


def test_a_second_registration_before_the_confirmation_has_the_link_mailed_again(identity):
    register(identity)
    first = token_in(mails(identity)[0][2])
    identity.clock.advance("PT1H")
    register(identity, company="Other AG")
    second = token_in(mails(identity)[1][2])
    assert confirm(identity, first).status_code == 404
    assert confirm(identity, second).status_code == 204
    assert the_account(identity).company == "Muster AG"


def test_whoever_typed_the_address_first_gains_no_password_of_its_owners_account(identity):
    register(identity, password="mallory types this first")
    mails(identity)
    identity.clock.advance("PT1H")
    register(identity, password="then its owner comes along")
    confirm(identity, token_in(mails(identity)[1][2]))
    assert the_account(identity).password_hash is None
    chosen = {"token": token_in(mails(identity)[2][2]), "password": "chosen with the link"}
    assert identity.anonymous().post("/passwords", chosen).status_code == 204
    account, passwords = the_account(identity), identity.runtime.resource(Passwords)
    assert passwords.check(password_of(account), "chosen with the link")
    assert not passwords.check(password_of(account), "password of mallory")


def test_the_same_request_sent_again_is_answered_and_done_once(identity):
    caller, key = identity.anonymous(), {"Idempotency-Key": "0123456789"}
    first = caller.post("/registrations", a_registration(), headers=key)
    again = caller.post("/registrations", a_registration(), headers=key)
    other = caller.post("/registrations", a_registration(company="X"), headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert the_account(identity).registered_again_at is None
    assert len(identity.rows(Mail)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_name", ""),
        ("given_name", " Anna"),
        ("given_name", "A" * 101),
        ("given_name", "An\x00na"),
        ("given_name", "An\nna"),
        ("given_name", 7),
        ("given_name", ["Anna"]),
        ("given_name", None),
        ("email", "anna"),
        ("email", "anna@muster"),
        ("email", "anna@" + "m" * 300 + ".example"),
        ("email", "anna@muster.example\r\nBcc: all@muster.example"),
        ("email", {"a": 1}),
        ("company", "C" * 201),
        ("customer_number", "1" * 41),
        ("customer_number", "<script>"),
        ("country", "XX"),
        ("country", "de"),
        ("country", 10**400),
        ("language", "fr"),
        ("password", "eleven char"),
        ("password", "p" * 257),
        ("password", "with a\x00 NUL in it"),
        ("password", 123456789012),
        ("unknown", "x"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_kept(identity, field, value):
    answer = register(identity, **{field: value})
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert pointers(answer) == {f"/{field}"}
    assert identity.rows(Account) == []


@pytest.mark.parametrize("missing", sorted(a_registration()))
def test_every_field_that_is_marked_is_needed(identity, missing):
    entered = {name: value for name, value in a_registration().items() if name != missing}
    answer = identity.anonymous().post("/registrations", entered)
    assert (answer.status_code, pointers(answer)) == (422, {f"/{missing}"})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b'{"given_name": "\\ud800"}', b"\xff\xfe", b"NaN"]
)
def test_a_body_that_is_no_registration_is_refused(identity, body):
    answer = identity.anonymous().call(
        "POST",
        "/registrations",
        data=body,
        content_type="application/json",
        headers={"Idempotency-Key": "0123456789"},
    )
    assert answer.status_code in (400, 422)
    assert identity.rows(Account) == []


def test_a_problem_never_repeats_what_a_person_typed(identity):
    answer = register(identity, email="canary-anna", given_name="canary\x00", language="canary")
    assert "canary" not in answer.get_data(as_text=True)


def test_a_password_is_set_once_with_one_link(identity, customer):
    account = identity.given(an_account(customer, State.SCREENING))
    with identity.runtime.transaction() as session:
        write(session, account.id, MailKind.SET_PASSWORD)
    token = token_in(mails(identity)[0][2])
    answers = [
        identity.anonymous().post("/passwords", {"token": token, "password": password})
        for password in ("chosen the first time", "chosen the second time")
    ]
    assert [each.status_code for each in answers] == [204, 404]
    assert stored(identity, account).state is State.SCREENING


def test_people_are_told_whom_to_turn_to(identity):
    answer = identity.anonymous().get("/contact", headers={"Accept-Language": "de"})
    assert answer.json["dpo_email"] == "privacy@operator.example"
    assert "Sanktionslisten" in answer.json["text"]
