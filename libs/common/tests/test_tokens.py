"""Tokens that speak for themselves: what they must say to count (ASVS V9)."""

import base64
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from common.keys import Keys, retire, rotate
from common.web.access import PERSONS, SERVICES, Role

A_MINUTE = 60


@pytest.fixture
def member(sample):
    """A signed-in member whose token a test may replace."""
    return sample.sign_in(Role.MEMBER)


def identity_keys(harness):
    return Keys(harness.folder / "keys", "identity")


def claims_of(caller, **changes):
    return {**jwt.decode(caller.token, options={"verify_signature": False}), **changes}


def signed(harness, caller, header=None, service="identity", **changes):
    """The caller's token with other claims or another header, signed by the service's own key."""
    keys = Keys(harness.folder / "keys", service)
    full = {"alg": "EdDSA", "typ": PERSONS, "kid": keys.kid, **(header or {})}
    said = {name: value for name, value in full.items() if value is not None}
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=")
        for each in (said, claims_of(caller, **changes))
    ]
    return ".".join([*parts, keys.sign(".".join(parts).encode())])


def test_a_token_rebuilt_by_these_tests_counts(sample, member):
    member.token = signed(sample, member)
    assert member.get("/parcels").status_code == 200


@pytest.mark.parametrize("kind", [SERVICES, "JWT", "application/at+jwt", "AT+JWT", "", 7, None])
def test_a_persons_token_says_that_it_is_one(sample, member, kind):
    member.token = signed(sample, member, {"typ": kind})
    assert member.get("/parcels").status_code == 401


@pytest.mark.parametrize("kind", [PERSONS, "JWT", None])
def test_a_services_token_says_that_it_is_one(sample, kind):
    shop = sample.peer("shop", "weights:read")
    shop.token = signed(sample, shop, {"typ": kind}, service="shop")
    assert shop.get("/internal/weights").status_code == 401
    shop.token = signed(sample, shop, {"typ": SERVICES}, service="shop")
    assert shop.get("/internal/weights").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/key.pem"},
        {"x5c": ["MIIB"]},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"b64": True},
        {"cty": "JWT"},
        {"zip": "DEF"},
    ],
    ids=str,
)
def test_a_token_that_says_where_its_key_is_does_not_count(sample, member, header):
    member.token = signed(sample, member, header)
    assert member.get("/parcels").status_code == 401


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("form", ["raw", "pem", "jwk"])
def test_a_public_key_is_no_shared_secret(sample, member, algorithm, form):
    keys = identity_keys(sample)
    public = keys.public_key(keys.kid)
    secret = {
        "raw": public.public_bytes_raw(),
        "pem": public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        "jwk": json.dumps(keys.jwks["keys"][0]).encode(),
    }[form]
    head = {"alg": algorithm, "typ": PERSONS, "kid": keys.kid}
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=")
        for each in (head, claims_of(member))
    ]
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[algorithm]
    made = hmac.digest(secret, ".".join(parts).encode(), digest)
    mac = base64.urlsafe_b64encode(made).decode().rstrip("=")
    member.token = ".".join([*parts, mac])
    assert member.get("/parcels").status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "ES256", "RS256", "EdDSA "])
def test_a_token_of_another_algorithm_does_not_count_even_when_signed(sample, member, algorithm):
    member.token = signed(sample, member, {"alg": algorithm})
    assert member.get("/parcels").status_code == 401


@pytest.mark.parametrize(
    "audience", ["identity", "sample", "", "portal ", ["portal"], ["portal", "shop"], [], None]
)
def test_a_persons_token_is_for_the_portal_and_nothing_else(sample, member, audience):
    member.token = signed(sample, member, aud=audience)
    assert member.get("/parcels").status_code == 401


def test_a_token_counts_from_the_instant_it_names(sample, member):
    begins = int(sample.clock.now().timestamp()) + A_MINUTE
    member.token = signed(sample, member, nbf=begins)
    assert member.get("/parcels").status_code == 401
    sample.clock.advance("PT1M")
    assert member.get("/parcels").status_code == 200


def test_the_machines_own_clock_decides_nothing(sample, member):
    assert abs(sample.clock.now().timestamp() - time.time()) > A_MINUTE
    begins = int(sample.clock.now().timestamp())
    member.token = signed(sample, member, nbf=begins, iat=begins, exp=begins + A_MINUTE)
    assert member.get("/parcels").status_code == 200


def test_tokens_of_a_changed_key_count_until_it_is_retired(sample, member):
    before = identity_keys(sample).kid
    rotate(sample.folder / "keys", "identity")
    assert member.get("/parcels").status_code == 200
    fresh = sample.sign_in(Role.MEMBER)
    assert jwt.get_unverified_header(fresh.token)["kid"] != before
    assert fresh.get("/parcels").status_code == 200
    retire(sample.folder / "keys", before)
    assert member.get("/parcels").status_code == 401
    assert fresh.get("/parcels").status_code == 200
