"""The certificate of an erasure holds for whoever has the public keys; nothing in it may change."""

import copy
import json

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, TableErased
from common.ids import uuid7
from common.keys import Keys, generate, read_public
from common.messaging.portalctl import main
from common.privacy.certificates import Malformed, certify, merkle_root, verify
from common.web import Role
from identity.rules.states import State

from .factories import a_receipt, an_account, other_owners
from .test_erasures import answer_all, begin


@pytest.fixture
def request_(identity, customer):
    return begin(identity, identity.given(an_account(customer, State.DEACTIVATED)))


def given_certificate(identity, request):
    answer_all(identity, request)
    answer = identity.sign_in(Role.DPO).get(f"/erasures/{request.id}/certificate")
    assert answer.status_code == 200
    return answer.json


def public(identity):
    return read_public(identity.folder / "keys" / "jwks.json")


def faults(certificate, keys):
    return [each.what for each in verify(certificate, keys) if each.fault]


def told(identity, certificate, *more):
    file = identity.folder / "certificate.json"
    file.write_text(certificate if isinstance(certificate, str) else json.dumps(certificate))
    keys = str(identity.folder / "keys" / "jwks.json")
    environment = {"PORTAL_BROKER_URL": None}
    arguments = ["certificate", "verify", str(file), "--keys", keys, *more]
    return CliRunner(env=environment).invoke(main, arguments)


def test_a_certificate_holds_offline_with_the_public_keys_alone(identity, request_):  # S26
    certificate = given_certificate(identity, request_)
    assert [each["owner"] for each in certificate["receipts"]] == sorted(OWNERS_OF_PERSONAL_DATA)
    assert faults(certificate, public(identity)) == []
    done = told(identity, certificate)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines
    assert all(line.startswith("ok     ") for line in lines)


def test_there_is_none_before_every_owner_has_answered(identity, request_):
    dpo = identity.sign_in(Role.DPO)
    *others, last = other_owners()
    for owner in others:
        identity.when(a_receipt(identity, request_, owner), owner=owner)
    answer = dpo.get(f"/erasures/{request_.id}/certificate")
    assert answer.status_code == 409
    assert last in answer.json["detail"]


def test_it_holds_after_the_keys_were_rotated_and_retired(identity, request_):
    from common.keys import retire, rotate

    certificate = given_certificate(identity, request_)
    folder = identity.folder / "keys"
    rotate(folder, "identity")
    retire(folder, certificate["kid"])
    assert faults(certificate, public(identity)) == []


def test_nobody_else_s_keys_verify_it(identity, request_, tmp_path):
    certificate = given_certificate(identity, request_)
    generate(tmp_path / "others", OWNERS_OF_PERSONAL_DATA)
    others = read_public(tmp_path / "others" / "jwks.json")
    found = faults(certificate, others)
    assert "signed by identity" in found
    assert {f"{owner}: signed by {owner}" for owner in OWNERS_OF_PERSONAL_DATA} < set(found)


def test_a_receipt_that_another_owner_signed_does_not_count(identity, request_):
    certificate = given_certificate(identity, request_)
    own, other = certificate["receipts"][2:4]
    own["owner"], other["owner"] = other["owner"], own["owner"]
    assert f"{own['owner']}: signed by {own['owner']}" in faults(certificate, public(identity))


def test_an_owner_that_is_missing_is_found_even_when_identity_signed_without_it(identity, request_):
    certificate = given_certificate(identity, request_)
    receipts = {each.pop("owner"): each for each in certificate["receipts"]}
    del receipts["shop"]
    again = certify(
        Keys(identity.folder / "keys", "identity"),
        request_id=request_.id,
        account_id=request_.account_id,
        requested_at=request_.requested_at,
        completed_at=identity.clock.now(),
        receipts=receipts,
    )
    assert faults(again, public(identity)) == ["one receipt of every owner"]


def test_a_table_kept_without_a_reason_is_found(identity, request_):
    silent = (TableErased(table="orders", kept=1),)
    identity.when(a_receipt(identity, request_, "shop", tables=silent), owner="shop")
    answer_all(identity, request_)
    answer = identity.sign_in(Role.DPO).get(f"/erasures/{request_.id}/certificate")
    assert faults(answer.json, public(identity)) == ["shop: a reason for all that is kept"]


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"tables": (TableErased(table="rows", deleted=-1),)}, "a count is negative"),
        ({"tables": (TableErased(table="rows", deleted=1),) * 2}, "a table stands there twice"),
        ({"previous": "nonsense"}, "the hash of the receipt before is none"),
    ],
)
def test_what_cannot_be_so_is_found_though_its_owner_signed_it(identity, request_, facts, fault):
    identity.when(a_receipt(identity, request_, "shop", **facts), owner="shop")
    certificate = given_certificate(identity, request_)
    assert [each.fault for each in verify(certificate, public(identity)) if each.fault] == [fault]


@pytest.mark.parametrize(
    ("place", "value"),
    [("requested_at", "2026-03-02T09:00:00"), ("completed_at", "2026-03-02T09:00:00"),
     ("merkle_root", 10**20), ("receipts", [{"owner": []}])],
)  # fmt: skip
def test_a_value_of_another_kind_is_no_certificate(identity, request_, place, value):
    certificate = given_certificate(identity, request_)
    with pytest.raises(Malformed):
        verify({**certificate, place: value}, public(identity))


def test_a_count_that_no_receipt_can_sign_is_no_certificate(identity, request_):
    certificate = given_certificate(identity, request_)
    certificate["receipts"][0]["tables"][0]["kept"] = 10**20
    with pytest.raises(Malformed):
        verify(certificate, public(identity))


def places(part, way=()):
    """The way to every value of a document that is no list and no object."""
    if isinstance(part, dict | list):
        inside = part.items() if isinstance(part, dict) else enumerate(part)
        for name, value in inside:
            yield from places(value, (*way, name))
    else:
        yield way


def changed(value, number):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + number
    if isinstance(value, str) and value:
        at = number % len(value)
        return value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :]
    return "1"


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data(), st.integers(1, 200))
def test_whatever_is_changed_in_it_is_found(certified, data, number):
    certificate, keys = certified
    forged = copy.deepcopy(certificate)
    way = data.draw(st.sampled_from(list(places(certificate))))
    part = forged
    for name in way[:-1]:
        part = part[name]
    part[way[-1]] = changed(part[way[-1]], number)
    assert still_holds(forged, keys) == (forged == certificate)


@pytest.fixture
def certified(identity, request_):
    return given_certificate(identity, request_), public(identity)


def still_holds(certificate, keys):
    try:
        return faults(certificate, keys) == []
    except Malformed:
        return False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"kid": "a", "kid": "b"}', "no JSON"),
        ("[]", "no certificate"),
        ("{}", "no certificate"),
        ("7", "no certificate"),
    ],
)
def test_what_is_no_certificate_is_refused_in_one_sentence(identity, text, says):
    done = told(identity, text)
    assert done.exit_code == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_forged_one_is_named_and_the_command_fails(identity, request_):
    certificate = given_certificate(identity, request_)
    certificate["receipts"][0]["tables"][0]["kept"] = 41
    done = told(identity, certificate)
    assert done.exit_code == 1
    assert "FAULT  Merkle root" in done.stdout
    assert "do not trust" in done.stderr


def test_the_root_is_that_of_rfc_6962():  # the test vectors of Certificate Transparency
    leaves = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243")]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    }
    assert {count: merkle_root(leaves[:count]) for count in roots} == roots


def test_a_certificate_is_shown_in_words(identity, customer, tmp_path):
    certificate = {
        "request_id": str(uuid7()), "account_id": str(uuid7()),
        "requested_at": "2027-03-02T09:00:00Z", "completed_at": "2027-03-02T09:01:00Z",
        "receipts": [{
            "owner": "shop", "account_id": str(uuid7()), "request_id": str(uuid7()),
            "erased_at": "2027-03-02T09:00:30Z", "previous": "", "kid": "k", "signature": "s",
            "tables": [
                {"table": "orders", "deleted": 0, "nulled": 0, "pseudonymised": 0, "kept": 2,
                 "reason": "statutory-retention", "until": "2035-12-31"},
                {"table": "idempotency_keys", "deleted": 3, "nulled": 0, "pseudonymised": 0,
                 "kept": 0, "reason": None, "until": None},
            ],
            "holds": [], "residue": [{"place": "backups", "until": "2027-04-01"}],
        }],
        "merkle_root": "", "kid": "k", "signature": "s",
    }  # fmt: skip
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(certificate))
    shown = CliRunner().invoke(main, ["certificate", "show", str(file)])
    assert shown.exit_code == 0, shown.output
    for said in (
        "2 kept until 2035-12-31: The law says how long it must be kept",
        "3 deleted", "may lie in backups until 2027-04-01",
    ):  # fmt: skip
        assert said in shown.stdout
    file.write_text("{}")
    assert CliRunner().invoke(main, ["certificate", "show", str(file)]).exit_code == 1
