"""Passkeys: alone and as a second factor, and every way in which one is not genuine (ASVS 6.5)."""

import pytest

from common.web.access import Role
from identity.models import Outcome, Passkey, PasskeyChallenge, SignInTry
from identity.second_factors.challenges import make

from .authenticator import Device, decoded, encoded
from .factories import stored
from .second_factors import (
    FAILED,
    MINE,
    NOT_ACCEPTED,
    STEP_UP,
    Person,
    by_passkey,
    by_password,
    failure,
    options,
    refused,
    show,
    somebody,
    with_token,
)


@pytest.fixture
def anna(identity):
    return Person(identity, somebody(identity))


@pytest.fixture
def device(anna):
    """Anna's registered passkey."""
    return anna.add_passkey()


# ---------------------------------------------------------------------------------- registering


def test_what_a_device_is_asked_for_names_nobody_to_it_but_by_an_opaque_handle(identity, anna):
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    assert asked["rp"]["id"] == "localhost"
    assert decoded(asked["user"]["id"]) == anna.account.id.bytes
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "preferred"
    assert asked["timeout"] == 300_000
    assert asked["excludeCredentials"] == []


def test_somebody_may_have_several_and_sees_what_they_are_called(identity, anna):
    anna.add_passkey(label="Laptop")
    anna.add_passkey(label="Handy von Anna")
    shown = anna.call("GET", MINE).json
    assert [each["label"] for each in shown["passkeys"]] == ["Laptop", "Handy von Anna"]
    assert set(shown["passkeys"][0]) == {"id", "label", "created_at", "last_used_at"}
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    assert len(asked["excludeCredentials"]) == 2


def test_the_first_factor_comes_with_recovery_codes_and_the_next_with_none(identity, anna):
    anna.add_passkey()
    assert len(anna.codes) == 10
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    body = {"label": "Second", "credential": Device().create(asked)}
    assert anna.post(f"{MINE}/passkeys", body).json["recovery_codes"] == []


@pytest.mark.parametrize(
    "faulty",
    [{"origin": "http://evil.example"}, {"rp_id": "evil.example"}, {"verified": False}],
    ids=["wrong origin", "wrong RP id", "no user verification"],
)
def test_a_passkey_made_elsewhere_or_for_nobody_verified_is_not_taken(identity, anna, faulty):
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    assert refused(anna, Device(**faulty).create(asked)) == NOT_ACCEPTED
    assert identity.rows(Passkey) == []
    assert by_password(identity, anna.account).status_code == 201


def test_a_challenge_to_register_is_good_once_even_when_the_answer_was_wrong(identity, anna):
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    assert refused(anna, Device(verified=False).create(asked)) == NOT_ACCEPTED
    assert refused(anna, Device().create(asked)) == NOT_ACCEPTED
    assert identity.rows(PasskeyChallenge) == []


def test_a_challenge_to_register_is_good_for_five_minutes(identity, anna):
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    identity.clock.advance("PT5M")
    anna.refresh()
    assert refused(anna, Device().create(asked)) == NOT_ACCEPTED


def test_somebody_elses_challenge_registers_nothing(identity, anna):
    berta = Person(identity, somebody(identity))
    asked = berta.post(f"{MINE}/passkeys/options", STEP_UP).json
    assert refused(anna, Device().create(asked)) == NOT_ACCEPTED


def test_a_challenge_to_sign_in_registers_nothing(identity, anna):
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    signing = {**asked, "challenge": options(identity)["challenge"]}
    assert refused(anna, Device().create(signing)) == NOT_ACCEPTED


def test_a_passkey_that_somebody_has_is_not_registered_again(identity, anna, device):
    berta = Person(identity, somebody(identity))
    asked = berta.post(f"{MINE}/passkeys/options", STEP_UP).json
    assert refused(berta, device.create(asked)) == NOT_ACCEPTED
    (kept,) = identity.rows(Passkey)
    assert kept.account_id == anna.account.id


@pytest.mark.parametrize("label", ["", " Laptop", "L" * 61, "L\x00", None])
def test_a_label_that_does_not_fit_is_refused(identity, anna, label):
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    assert refused(anna, Device().create(asked), label)[0] == 422
    assert identity.rows(Passkey) == []


def test_a_passkey_is_removed_by_its_owner_alone(identity, anna, device):
    (kept,) = identity.rows(Passkey)
    berta = Person(identity, somebody(identity))
    assert berta.call("DELETE", f"{MINE}/passkeys/{kept.id}", STEP_UP).status_code == 404
    assert anna.call("DELETE", f"{MINE}/passkeys/{kept.id}", STEP_UP).status_code == 204
    assert failure(by_passkey(identity, device.get(options(identity)))) == FAILED
    assert by_password(identity, anna.account).status_code == 201


# ----------------------------------------------------------------------------- signing in by it


def test_a_passkey_alone_signs_in(identity, anna, device):
    asked = options(identity)
    assert (asked["rpId"], asked["userVerification"]) == ("localhost", "required")
    assert asked["allowCredentials"] == []
    answer = by_passkey(identity, device.get(asked))
    assert answer.status_code == 201
    assert with_token(identity, answer).get("/accounts/me").json["id"] == str(anna.account.id)
    (kept,) = identity.rows(Passkey)
    assert (kept.sign_count, kept.last_used_at) == (2, identity.clock.now())


def test_a_passkey_completes_a_sign_in_with_the_password(identity, anna, device):
    pending = by_password(identity, anna.account)
    assert pending.json["methods"] == ["passkey", "recovery_code"]
    asked = pending.json["passkey_options"]
    assert decoded(asked["allowCredentials"][0]["id"]) == device.credential_id
    assert show(identity, pending, passkey=device.get(asked)).status_code == 201


@pytest.mark.parametrize("counter", [None, 0])
def test_a_device_that_does_not_count_signs_in_again_and_again(identity, anna, counter):
    device = anna.add_passkey(Device(counter=counter))
    for _ in range(2):
        assert by_passkey(identity, device.get(options(identity))).status_code == 201


FAULTS = {
    "wrong origin": {"origin": "http://evil.example"},
    "another port": {"origin": "http://localhost:8081"},
    "wrong RP id": {"rp_id": "evil.example"},
    "no user verification": {"verified": False},
    "a copy that counted less": {"counter": 0},
    "no count any more": {"counter": None},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "second factor"])
def test_a_passkey_that_is_not_genuine_signs_nobody_in(identity, anna, device, fault, alone):
    by_passkey(identity, device.get(options(identity)))
    good = dict(vars(device))
    vars(device).update(FAULTS[fault])
    if alone:
        answer = by_passkey(identity, device.get(options(identity)))
    else:
        pending = by_password(identity, anna.account)
        answer = show(identity, pending, passkey=device.get(pending.json["passkey_options"]))
    assert failure(answer) == FAILED
    assert Outcome.SECOND_FACTOR_FAILED in {each.outcome for each in identity.rows(SignInTry)}
    vars(device).update(good, counter=9)
    assert by_passkey(identity, device.get(options(identity))).status_code == 201


def test_an_answer_that_is_replayed_signs_nobody_in(identity, anna):
    device = anna.add_passkey(Device(counter=None))
    credential = device.get(options(identity))
    assert by_passkey(identity, credential).status_code == 201
    assert failure(by_passkey(identity, credential)) == FAILED


def test_a_challenge_to_sign_in_is_good_for_five_minutes(identity, anna, device):
    early, late = options(identity), options(identity)
    identity.clock.advance("PT4M59S")
    assert by_passkey(identity, device.get(early)).status_code == 201
    identity.clock.advance("PT1S")
    assert failure(by_passkey(identity, device.get(late))) == FAILED


def test_a_challenge_nobody_made_signs_nobody_in(identity, anna, device):
    forged = {**options(identity), "challenge": encoded(bytes(32))}
    assert failure(by_passkey(identity, device.get(forged))) == FAILED


def test_a_challenge_is_good_for_its_purpose_alone(identity, anna, device):
    pending = by_password(identity, anna.account)
    second = pending.json["passkey_options"]
    assert failure(by_passkey(identity, device.get(second))) == FAILED
    assert failure(show(identity, pending, passkey=device.get(options(identity)))) == FAILED
    assert show(identity, pending, passkey=device.get(second)).status_code == 201


def test_another_persons_passkey_is_no_second_factor(identity, anna, device):
    berta = Person(identity, somebody(identity))
    hers = berta.add_passkey()
    pending = by_password(identity, anna.account)
    asked = pending.json["passkey_options"]
    assert failure(show(identity, pending, passkey=hers.get(asked))) == FAILED
    theirs = by_password(identity, berta.account).json["passkey_options"]
    assert failure(show(identity, pending, passkey=hers.get(theirs))) == FAILED
    stolen = {**hers.get(asked), "id": encoded(device.credential_id)}
    stolen["rawId"] = stolen["id"]
    assert failure(show(identity, pending, passkey=stolen)) == FAILED


@pytest.mark.parametrize("handle", [None, "b3RoZXI"])
def test_a_passkey_alone_has_to_name_its_owner(identity, anna, device, handle):
    credential = device.get(options(identity), userHandle=handle)
    assert failure(by_passkey(identity, credential)) == FAILED


def test_a_passkey_nobody_registered_gets_the_same_answer(identity):
    device = Device()
    device.user_handle = "AAAA"
    assert failure(by_passkey(identity, device.get(options(identity)))) == FAILED


def test_a_passkey_of_somebody_who_is_blocked_signs_nobody_in(identity, anna, device):
    version = stored(identity, anna.account).version
    chief = identity.sign_in(Role.COMPLIANCE)
    path = f"/accounts/{anna.account.id}/block"
    assert chief.change("POST", path, version, {"reason": "misuse"}).status_code == 200
    assert failure(by_passkey(identity, device.get(options(identity)))) == FAILED


def test_failed_passwords_do_not_hold_up_a_passkey(identity, anna, device):
    for _ in range(6):
        by_password(identity, anna.account, "a wrong password")
    assert by_password(identity, anna.account).status_code == 429
    assert by_passkey(identity, device.get(options(identity))).status_code == 201


def test_the_relying_party_is_where_people_reach_the_portal(identity_with):
    identity = identity_with(public_url="https://portal.example/")
    anna = Person(identity, somebody(identity))
    device = anna.add_passkey(Device(origin="https://portal.example"))
    assert options(identity)["rpId"] == "portal.example"
    assert by_passkey(identity, device.get(options(identity))).status_code == 201


def test_only_the_hash_of_a_challenge_is_kept(identity):
    with identity.runtime.transaction() as session:
        challenge = make(session, "sign_in", None)
    (row,) = identity.rows(PasskeyChallenge)
    assert row.hash not in (challenge.hex(), encoded(challenge))
