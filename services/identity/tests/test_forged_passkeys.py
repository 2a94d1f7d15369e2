"""Answers that no device and no browser gives: refused like any other that is not right."""

import cbor2
import pytest

from .authenticator import Device, encoded
from .second_factors import (
    FAILED,
    MINE,
    NOT_ACCEPTED,
    STEP_UP,
    Person,
    by_passkey,
    failure,
    options,
    refused,
    somebody,
)


@pytest.fixture
def anna(identity):
    return Person(identity, somebody(identity))


@pytest.fixture
def device(anna):
    """Anna's registered passkey."""
    return anna.add_passkey()


NO_KEYS = {
    "not on the curve": {1: 2, 3: -7, -1: 1, -2: bytes(31) + b"\1", -3: bytes(31) + b"\1"},
    "no curve": {1: 2, 3: -7, -2: b"x", -3: b"y"},
    "numbers": {1: 2, 3: -7, -1: 1, -2: 5, -3: 6},
    "unknown curve": {1: 2, 3: -7, -1: 99, -2: b"x" * 32, -3: b"y" * 32},
    "no algorithm": {1: 2, 3: -65535, -1: 1, -2: b"x" * 32, -3: b"y" * 32},
    "a list": [1, 2, 3],
    "short Ed25519": {1: 1, 3: -8, -1: 6, -2: b"x"},
    "empty": {},
}


@pytest.mark.parametrize("fault", NO_KEYS)
def test_a_key_that_is_none_is_not_taken(identity, anna, fault):
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    credential = Device().create(asked, public_key=NO_KEYS[fault])
    assert refused(anna, credential) == NOT_ACCEPTED


@pytest.mark.parametrize("attestation", [b"", b"\xff", cbor2.dumps([]), cbor2.dumps({"fmt": "x"})])
def test_an_attestation_that_is_none_is_not_taken(identity, anna, attestation):
    asked = anna.post(f"{MINE}/passkeys/options", STEP_UP).json
    credential = Device().create(asked)
    credential["response"]["attestationObject"] = encoded(attestation) or "A"
    assert refused(anna, credential) == NOT_ACCEPTED


@pytest.mark.parametrize("said", [b"x", b"[]", b"{}", b"\xff", b'{"challenge": 1}', b'{"a": NaN}'])
def test_what_no_browser_says_signs_nobody_in(identity, anna, device, said):
    credential = device.get(options(identity), clientDataJSON=encoded(said))
    assert failure(by_passkey(identity, credential)) == FAILED


@pytest.mark.parametrize("facts", [b"x", bytes(37), bytes(200)])
def test_what_no_authenticator_says_signs_nobody_in(identity, anna, device, facts):
    credential = device.get(options(identity), authenticatorData=encoded(facts))
    assert failure(by_passkey(identity, credential)) == FAILED
