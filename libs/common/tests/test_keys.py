import json
import stat

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from common import keys
from common.keys import KeyMissing, Keys, generate


@pytest.fixture
def folder(tmp_path):
    generate(tmp_path / "keys", ["identity", "shop"])
    return tmp_path / "keys"


def test_what_one_signs_everybody_can_verify(folder):
    shop, identity = Keys(folder, "shop"), Keys(folder, "identity")
    signature = shop.sign(b"receipt")
    assert identity.verify(shop.kid, b"receipt", signature)
    assert identity.signer_of(shop.kid) == "shop"


@pytest.mark.parametrize("change", [b"Receipt", b"receipt ", b""])
def test_a_changed_payload_does_not_verify(folder, change):
    shop = Keys(folder, "shop")
    assert not shop.verify(shop.kid, change, shop.sign(b"receipt"))


def test_a_signature_of_somebody_else_does_not_verify(folder):
    shop, identity = Keys(folder, "shop"), Keys(folder, "identity")
    assert not identity.verify(shop.kid, b"receipt", identity.sign(b"receipt"))


@pytest.mark.parametrize("signature", ["", "x", "%%%", "AAAA", "é", "A" * 500])
def test_what_is_no_signature_does_not_verify(folder, signature):
    shop = Keys(folder, "shop")
    assert not shop.verify(shop.kid, b"receipt", signature)


def test_an_unknown_key_signs_nothing(folder):
    shop = Keys(folder, "shop")
    assert shop.signer_of("shop-000000000000") is None
    assert not shop.verify("shop-000000000000", b"receipt", shop.sign(b"receipt"))
    with pytest.raises(KeyError):
        shop.public_key("shop-000000000000")


def test_a_token_names_its_key_and_its_algorithm(folder):
    shop = Keys(folder, "shop")
    token = shop.token({"iss": "shop"})
    assert jwt.get_unverified_header(token) == {
        "alg": "EdDSA", "kid": shop.kid, "typ": "JWT"
    }  # fmt: skip
    claims = jwt.decode(token, shop.public_key(shop.kid), algorithms=["EdDSA"])
    assert claims == {"iss": "shop"}


def test_keys_that_are_there_are_kept_and_new_services_are_added(folder):
    before = {each.name: each.read_bytes() for each in folder.glob("*.pem")}
    signature = Keys(folder, "shop").sign(b"receipt")
    generate(folder, ["identity", "shop", "training"])
    assert {name: (folder / name).read_bytes() for name in before} == before
    training = Keys(folder, "training")
    assert training.verify(Keys(folder, "shop").kid, b"receipt", signature)


def test_private_keys_are_for_their_owner_only_and_not_in_the_public_file(folder):
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.glob("*.pem")} == {0o600}
    public = json.loads((folder / "jwks.json").read_text())["keys"]
    assert [each["portal_service"] for each in public] == ["identity", "shop"]
    assert all("d" not in each for each in public)


@pytest.mark.parametrize("missing", ["shop.pem", "jwks.json"])
def test_a_missing_file_is_one_sentence_that_names_it(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(KeyMissing, match=rf"^{missing} is missing in PORTAL_KEYS_DIR; .*FOLDER"):
        Keys(folder, "shop")


def test_a_key_of_another_kind_is_refused(folder):
    other = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "shop.pem").write_bytes(other)
    with pytest.raises(KeyMissing, match=r"shop\.pem in PORTAL_KEYS_DIR is not an Ed25519 key"):
        Keys(folder, "shop")


def test_a_digest_recognises_a_value_for_one_use_of_one_service(folder):
    shop, identity = Keys(folder, "shop"), Keys(folder, "identity")
    digest = shop.digest("mail", b"anna@example.com")
    assert digest == Keys(folder, "shop").digest("mail", b"anna@example.com")
    others = {
        shop.digest("mail", b"anna@example.org"),
        shop.digest("name", b"anna@example.com"),
        identity.digest("mail", b"anna@example.com"),
    }
    assert digest not in others
    assert len(others) == 3


def test_the_command_makes_a_set_of_keys_for_every_service(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["keys", str(tmp_path)])
    keys.main()
    assert Keys(tmp_path, "service-cases").signer_of(Keys(tmp_path, "gateway").kid) == "gateway"
