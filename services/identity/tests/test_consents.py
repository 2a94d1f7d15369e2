"""Consent to voluntary entries: given and withdrawn in the account (S6, S28)."""

import hashlib

import pytest

from common.events.catalogue import (
    ConsentGiven,
    ConsentPurpose,
    ConsentWithdrawn,
    ErasureRequested,
)
from common.privacy import consent
from common.privacy.audit import AuditEntry
from common.privacy.consent import ConsentEntry, Surface
from common.testing.harness import pointers
from common.web.access import Role
from identity.consents import NEEDED_FOR, TEXTS, VOLUNTARY_PROFILE
from identity.models import ErasureRequest, VoluntaryProfile
from identity.rules.states import State

from .factories import (
    VOLUNTARY,
    agree,
    an_account,
    an_organisation,
    me,
    stored,
)
from .test_races import LOCK, Race

PURPOSE = "voluntary_profile"
PATH = f"/accounts/me/consents/{PURPOSE}"


@pytest.fixture
def anna(identity, customer):
    return identity.given(an_account(customer))


# ----------------------------------------------------------------------------- in the account


@pytest.mark.parametrize("language", ["en", "nl", "de"])
def test_a_person_reads_in_full_what_can_be_agreed_to_and_whether_it_was(identity, anna, language):
    caller = me(identity, anna)
    (before,) = caller.get("/accounts/me/consents", headers={"Accept-Language": language}).json
    assert before == {
        "purpose": PURPOSE,
        "text_id": VOLUNTARY_PROFILE.id,
        "text": VOLUNTARY_PROFILE.text.say(language),
        "given": False,
        "given_at": None,
        "given_text_id": None,
    }
    (after,) = agree(caller).json
    assert (after["given"], after["given_text_id"]) == (True, VOLUNTARY_PROFILE.id)
    assert after["given_at"] == identity.clock.now().isoformat().replace("+00:00", "Z")


def test_a_consent_is_given_with_one_call_and_withdrawn_with_one(identity, anna):  # S28
    caller = me(identity, anna)
    assert agree(caller).status_code == 200
    assert caller.call("DELETE", PATH).status_code == 204
    facts = {
        "account_id": anna.id,
        "purpose": ConsentPurpose.VOLUNTARY_PROFILE,
        "wording_id": VOLUNTARY_PROFILE.id,
    }
    assert identity.published() == [ConsentGiven(**facts), ConsentWithdrawn(**facts)]
    acts = [(each.action, each.actor) for each in identity.rows(AuditEntry)]
    assert acts == [("consent.give", str(anna.id)), ("consent.withdraw", str(anna.id))]


def test_giving_and_withdrawing_again_changes_nothing(identity, anna):
    caller = me(identity, anna)
    assert caller.call("DELETE", PATH).status_code == 204
    agree(caller), caller.change("PUT", "/accounts/me/profile", 1, VOLUNTARY), agree(caller)
    (profile,) = identity.rows(VoluntaryProfile)
    assert profile.phone == VOLUNTARY["phone"]
    assert [caller.call("DELETE", PATH).status_code for _ in range(2)] == [204, 204]
    assert len(identity.rows(ConsentEntry)) == len(identity.published()) == 2


def test_a_withdrawal_clears_what_hung_on_it_at_once_and_the_account_stays_usable(identity, anna):
    caller = me(identity, anna)
    agree(caller)
    caller.change("PUT", "/accounts/me/profile", 1, {**VOLUNTARY, "shown": list(VOLUNTARY)})
    colleague = identity.sign_in(organisation_id=anna.organisation_id)
    assert VOLUNTARY["phone"] in colleague.get("/directory").text
    caller.call("DELETE", PATH)
    assert identity.rows(VoluntaryProfile) == []
    places = [
        colleague.get("/directory"), colleague.get(f"/directory/{anna.id}"),
        caller.get("/accounts/me"), caller.get("/accounts/me/profile"),
    ]  # fmt: skip
    assert [each.status_code for each in places] == [200] * 4
    assert not [each for each in places if any(value in each.text for value in VOLUNTARY.values())]
    assert stored(identity, anna).state is State.ACTIVE


def test_a_consent_given_again_brings_nothing_back(identity, anna):
    caller = me(identity, anna)
    agree(caller), caller.change("PUT", "/accounts/me/profile", 1, VOLUNTARY)
    caller.call("DELETE", PATH), agree(caller)
    told = caller.get("/accounts/me/profile").json
    assert told == {**dict.fromkeys(VOLUNTARY), "shown": [], "version": 1}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"purpose": PURPOSE, "text_id": "voluntary-profile-0"}, "/text_id"),
        ({"purpose": PURPOSE}, "/text_id"),
        ({"purpose": "everything", "text_id": VOLUNTARY_PROFILE.id}, "/purpose"),
        ({"purpose": PURPOSE, "text_id": VOLUNTARY_PROFILE.id, "given": True}, "/given"),
    ],
)
def test_nothing_is_agreed_to_but_the_text_in_force(identity, anna, body, pointer):
    answer = me(identity, anna).post("/accounts/me/consents", body)
    assert (answer.status_code, pointers(answer)) == (422, {pointer})
    assert identity.rows(ConsentEntry) == []


@pytest.mark.parametrize("purpose", ["everything", "VOLUNTARY_PROFILE", "%00", "🙂"])
def test_there_is_no_withdrawing_of_what_nobody_asks_for(identity, anna, purpose):
    caller = me(identity, anna)
    assert caller.call("DELETE", f"/accounts/me/consents/{purpose}").status_code == 404


@pytest.mark.parametrize("role", Role)
def test_everybody_gives_and_withdraws_for_oneself_alone(identity, customer, role):
    anna, bert = (identity.given(an_account(customer)) for _ in range(2))
    agree(me(identity, anna))
    caller = me(identity, bert, role)
    assert [each["given"] for each in caller.get("/accounts/me/consents").json] == [False]
    assert caller.call("DELETE", PATH).status_code == 204
    assert [each.account_id for each in identity.rows(ConsentEntry)] == [anna.id]
    for method, path in (
        ("GET", f"/accounts/{anna.id}/consents"),
        ("POST", f"/accounts/{anna.id}/consents"),
        ("DELETE", f"/accounts/{anna.id}/consents/{PURPOSE}"),
    ):
        assert caller.call(method, path).status_code == 404


def test_an_erased_person_leaves_neither_consent_nor_profile(identity, customer):  # S26
    account = identity.given(an_account(customer, State.ERASING))
    identity.given(VoluntaryProfile(account_id=account.id, **VOLUNTARY))
    with identity.runtime.transaction() as session:
        consent.give(
            session,
            account.id,
            VOLUNTARY_PROFILE,
            language="de",
            surface=Surface.ACCOUNT,
            notice="1",
        )
    at = identity.clock.now()
    request = ErasureRequest(account_id=account.id, requested_at=at, asked_at=at)
    identity.given(request)
    identity.when(ErasureRequested(account_id=account.id, request_id=request.id))
    assert identity.rows(VoluntaryProfile) == identity.rows(ConsentEntry) == []


def test_a_text_that_is_changed_has_another_id():
    """Whoever agreed to the wording of an id agreed to these very words."""
    words = {
        each.id: hashlib.sha256("".join(map(each.text.say, ("en", "nl", "de"))).encode())
        for each in TEXTS.values()
    }
    assert {name: digest.hexdigest()[:16] for name, digest in words.items()} == {
        "voluntary-profile-1": "29dd79ecafef39dd",
    }


def test_the_text_in_force_of_a_purpose_names_what_it_is_needed_for():
    assert set(TEXTS) == set(NEEDED_FOR) == set(ConsentPurpose)


# --------------------------------------------------------------------------------- at once


def an_entry_during_a_withdrawal(harness, without=""):
    """Statuses of a withdrawal and of an entry that comes at the same time; what is left."""
    account = harness.given(an_account(harness.given(an_organisation())))
    caller, other = me(harness, account), me_again(harness, account)
    agree(caller)
    race = Race(harness, ["pg_advisory_xact_lock"], without)
    answers = race.run(
        lambda: caller.call("DELETE", PATH).status_code,
        lambda: other.change("PUT", "/accounts/me/profile", 1, VOLUNTARY).status_code,
    )
    return answers, harness.rows(VoluntaryProfile)


def me_again(harness, account):
    return harness.sign_in(
        account_id=account.id, organisation_id=account.organisation_id, known=False
    )


@pytest.mark.postgres
def test_an_entry_made_during_a_withdrawal_waits_and_is_refused(on_postgres):
    assert an_entry_during_a_withdrawal(on_postgres) == ((204, 422), [])


@pytest.mark.postgres
def test_without_the_lock_an_entry_would_be_taken_during_a_withdrawal(on_postgres):
    (withdrawn, entered), _ = an_entry_during_a_withdrawal(on_postgres, LOCK)
    assert (withdrawn, entered) == (204, 200)
