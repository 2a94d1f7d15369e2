"""Which passwords are taken (S10, S29): length and how soon they are guessed, nothing else."""

from time import process_time

import pytest

from common.testing.harness import pointers
from identity.mails import write
from identity.models import MailKind
from identity.rules.passwords import ADVICE, CONTEXT, KNOWN, refuse_guessable, weakness
from identity.rules.refusals import PasswordGuessable

from .factories import a_registration, an_account, mails, token_in

ANNA = ("Anna", "Muster", "anna.muster@blech.example", "Blech & Söhne GmbH", "Portal of Nordlicht")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "zwölf boxkämpfer jagen viktor",
        "only small letters here",
        "x8#Qv!r2Lm0$",
        "anna likes green bicycles",
        "a portable agreement",
        "密码学原理与实践导论课程十二",
    ],
)
def test_what_is_not_guessed_soon_is_taken_whatever_it_consists_of(password):
    assert weakness(password, ANNA) is None


@pytest.mark.parametrize(
    ("password", "advice"),
    [
        ("password1234", KNOWN),
        ("P4ssw0rd!P4ssw0rd!", ADVICE["repeat"]),
        ("qwertyuiop[]", ADVICE["spatial"]),
        ("abcdefghijklmn", ADVICE["sequence"]),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", ADVICE["repeat"]),
        ("01.01.1990aa", ADVICE["date"]),
        ("x" * 256, ADVICE["repeat"]),
        ("AnnaMuster2026", CONTEXT),
        ("Muster, Anna!", CONTEXT),
        ("BLECH söhne gmbh", CONTEXT),
        ("Portal Nordlicht", CONTEXT),
        ("Kundenportal-1", CONTEXT),
        ("retsumannaretsum", CONTEXT),
        ("anna.muster@blech.example", CONTEXT),
        ("            ", CONTEXT),
    ],
)
def test_what_is_tried_first_is_refused_with_what_to_do(password, advice):
    assert weakness(password, ANNA) is advice


def test_the_same_password_is_good_for_somebody_it_says_nothing_about():
    password = "Ottokar Weinberger 7"
    assert weakness(password, ANNA) is None
    assert weakness(password, ("Ottokar", "Weinberger")) is CONTEXT


def test_no_advice_repeats_the_password():
    with pytest.raises(PasswordGuessable) as refused:
        refuse_guessable("canarycanary", "canary", language="de")
    assert refused.value.errors == {"/password": CONTEXT.de}
    assert "canary" not in f"{refused.value} {refused.value.errors}"


def test_the_longest_password_takes_no_longer_to_look_at_than_its_hash_would():
    begun = process_time()
    assert weakness("aB3$dE6&" * 32, ANNA) is None
    assert process_time() - begun < 0.25


@pytest.mark.parametrize("password", ["anna muster ag", "password1234", "Anna.Muster@muster"])
def test_a_registration_with_a_guessable_password_is_refused_in_the_readers_language(
    identity, password
):
    answer = identity.anonymous().post(
        "/registrations", a_registration(password=password), headers={"Accept-Language": "nl"}
    )
    assert (answer.status_code, pointers(answer)) == (422, {"/password"})
    assert answer.json["type"] == "/problems/password-guessable"
    assert answer.json["title"] == PasswordGuessable.title.nl
    assert password not in answer.text


@pytest.mark.parametrize(
    ("length", "status"), [(11, 422), (12, 202), (73, 202), (256, 202), (257, 422)]
)
def test_a_password_has_12_to_256_characters(identity, length, status):
    password = ("quiet otters juggle velvet lanterns over Oslo; " * 6)[:length]
    answer = identity.anonymous().post("/registrations", a_registration(password=password))
    assert answer.status_code == status


def test_a_password_set_with_a_link_is_held_against_the_names_of_its_owner(identity, customer):
    account = identity.given(an_account(customer, given_name="Ottokar", family_name="Weinberger"))
    with identity.runtime.transaction() as session:
        write(session, account.id, MailKind.SET_PASSWORD)
    token = token_in(mails(identity)[0][2])
    weak = {"token": token, "password": "Ottokar Weinberger 7"}
    answer = identity.anonymous().post("/passwords", weak)
    assert (answer.status_code, pointers(answer)) == (422, {"/password"})
    good = {"token": token, "password": "seven quiet otters"}
    assert identity.anonymous().post("/passwords", good).status_code == 204
