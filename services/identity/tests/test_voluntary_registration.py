"""Voluntary entries of a registration, and the consent they need (S6, S28)."""

import pytest

from common.events.catalogue import AccountRegistered, ConsentGiven, ConsentPurpose
from common.privacy.consent import Act, ConsentEntry, Surface
from common.testing.harness import pointers
from identity.consents import VOLUNTARY_PROFILE
from identity.models import Account, VoluntaryProfile
from identity.rules.states import State

from .factories import AGREED, VOLUNTARY, a_registration, an_account, mails, token_in


def register(identity, language="en", **entered):
    return identity.anonymous().post(
        "/registrations", a_registration(**entered), headers={"Accept-Language": language}
    )


def confirm(identity, mail):
    token = token_in(mails(identity)[mail][2])
    return identity.anonymous().post("/registrations/confirmation", {"token": token})


def the_account(identity):
    (account,) = identity.rows(Account)
    return account


def test_the_form_says_which_entries_need_which_consent_word_for_word(identity):  # S6, S28
    form = identity.anonymous().get("/registration/schema", headers={"Accept-Language": "nl"}).json
    (asked,) = form["consents"]
    basis = {field["name"]: field["basis"] for field in form["fields"]}
    assert set(asked["needed_for"]) == {name for name in basis if basis[name] == "6(1)(a)"}
    assert {name for name in basis if basis[name] == "6(1)(b)"} == {*a_registration()} | {
        "customer_number"
    }
    assert (asked["purpose"], asked["text_id"]) == ("voluntary_profile", VOLUNTARY_PROFILE.id)
    assert asked["text"] == VOLUNTARY_PROFILE.text.nl


def test_voluntary_entries_are_kept_with_the_consent_to_them(identity):  # S6
    answer = register(identity, "de", **VOLUNTARY, **AGREED)
    (profile,), (entry,) = identity.rows(VoluntaryProfile), identity.rows(ConsentEntry)
    assert answer.status_code == 202
    assert {name: getattr(profile, name) for name in VOLUNTARY} == VOLUNTARY
    assert profile.shown == []
    assert (entry.account_id, entry.act, entry.text_id, entry.language, entry.surface) == (
        the_account(identity).id, Act.GIVEN, VOLUNTARY_PROFILE.id, "de", Surface.REGISTRATION
    )  # fmt: skip
    assert entry.text_sha256 == VOLUNTARY_PROFILE.sha256("de")
    assert identity.published() == []


@pytest.mark.parametrize("name", VOLUNTARY)
def test_no_voluntary_entry_is_taken_without_the_consent(identity, name):  # S6
    answer = register(identity, **{name: VOLUNTARY[name]})
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/consent-missing")
    assert pointers(answer) == {"/consents"}
    assert identity.rows(Account) == identity.rows(VoluntaryProfile) == []


def test_nothing_voluntary_is_there_unless_it_was_entered(identity):  # S6
    register(identity)
    assert identity.rows(VoluntaryProfile) == identity.rows(ConsentEntry) == []


@pytest.mark.parametrize(
    ("consents", "pointer"),
    [
        ([{"purpose": "voluntary_profile", "text_id": "voluntary-profile-0"}], "/0/text_id"),
        ([{"purpose": "voluntary_profile", "text_id": "x\x00"}], "/0/text_id"),
        ([{"purpose": "voluntary_profile"}], "/0/text_id"),
        ([{"purpose": "everything", "text_id": VOLUNTARY_PROFILE.id}], "/0/purpose"),
        ([{"purpose": ["voluntary_profile"], "text_id": VOLUNTARY_PROFILE.id}], "/0/purpose"),
        ([{**AGREED["consents"][0], "more": 1}], "/0/more"),
        (AGREED["consents"] * 2, ""),
        ("voluntary_profile", ""),
        ([None], "/0"),
        (None, ""),
    ],
)
def test_a_consent_to_another_text_than_the_one_in_force_is_none(identity, consents, pointer):
    answer = register(identity, consents=consents)
    assert answer.status_code == 422
    assert f"/consents{pointer}" in {each.removesuffix("/_schema") for each in pointers(answer)}
    assert identity.rows(Account) == []


def test_what_was_agreed_to_is_told_when_the_address_is_confirmed(identity):
    register(identity, **VOLUNTARY, **AGREED)
    confirm(identity, 0)
    account = the_account(identity)
    assert identity.published() == [
        AccountRegistered(account_id=account.id, organisation_id=None, epoch=1),
        ConsentGiven(
            account_id=account.id,
            purpose=ConsentPurpose.VOLUNTARY_PROFILE,
            wording_id=VOLUNTARY_PROFILE.id,
        ),
    ]
    assert len(identity.rows(VoluntaryProfile)) == 1


def test_what_a_stranger_told_does_not_become_the_profile_of_the_addresss_owner(identity):
    register(identity, **VOLUNTARY, **AGREED)
    mails(identity)
    identity.clock.advance("PT1H")
    register(identity)
    confirm(identity, 1)
    assert the_account(identity).state is State.SCREENING
    assert identity.rows(VoluntaryProfile) == []
    assert [each.act for each in identity.rows(ConsentEntry)] == [Act.GIVEN, Act.WITHDRAWN]
    assert identity.published(ConsentGiven) == []


def test_a_later_registration_adds_nothing_to_the_profile_of_a_known_address(identity, customer):
    identity.given(an_account(customer, address="anna@muster.example"))
    register(identity, email="anna@muster.example", **VOLUNTARY, **AGREED)
    assert identity.rows(VoluntaryProfile) == identity.rows(ConsentEntry) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "07156 3030"),
        ("phone", "+49 7156-3030"),
        ("phone", "+49  71563030"),
        ("phone", "+0 71563030"),
        ("phone", "+49 7156 3030\n"),
        ("phone", "+" + "1" * 16),
        ("phone", "+491"),
        ("phone", "+४९७१५६३०३०"),
        ("mobile", 491715550000),
        ("salutation", "S" * 41),
        ("job_title", ["Meisterin"]),
        ("interests", "Laser\u0000"),
        ("interests", ""),
    ],
)
def test_a_voluntary_entry_that_does_not_fit_is_refused_and_nothing_is_kept(identity, field, value):
    answer = register(identity, **AGREED, **{field: value})
    assert (answer.status_code, pointers(answer)) == (422, {f"/{field}"})
    assert identity.rows(Account) == []
