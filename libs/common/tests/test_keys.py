import json
import stat

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from common import keys
from common.keys import KeyInUse, KeyMissing, Keys, generate, retire, rotate, states


@pytest.fixture
def folder(tmp_path):
    generate(tmp_path / "keys", ["identity", "shop"])
    return tmp_path / "keys"


def private_files(folder):
    files = [*folder.glob("*.pem"), *folder.glob("*.secret")]
    assert files
    return files


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
    token = shop.token("svc+jwt", {"iss": "shop"})
    assert jwt.get_unverified_header(token) == {
        "alg": "EdDSA", "kid": shop.kid, "typ": "svc+jwt"
    }  # fmt: skip
    claims = jwt.decode(token, shop.public_key(shop.kid), algorithms=["EdDSA"])
    assert claims == {"iss": "shop"}


def test_keys_that_are_there_are_kept_and_new_services_are_added(folder):
    before = {each.name: each.read_bytes() for each in private_files(folder)}
    signature = Keys(folder, "shop").sign(b"receipt")
    generate(folder, ["identity", "shop", "training"])
    assert {name: (folder / name).read_bytes() for name in before} == before
    training = Keys(folder, "training")
    assert training.verify(Keys(folder, "shop").kid, b"receipt", signature)


def test_private_keys_are_for_their_owner_only_and_not_in_the_public_file(folder):
    rotate(folder, "shop")
    assert {stat.S_IMODE(each.stat().st_mode) for each in private_files(folder)} == {0o600}
    public = json.loads((folder / "jwks.json").read_text())["keys"]
    assert [each["portal_service"] for each in public] == ["identity", "shop", "shop"]
    assert all("d" not in each for each in public)


@pytest.mark.parametrize("missing", ["shop.pem", "shop.secret", "jwks.json"])
def test_a_missing_file_is_one_sentence_that_names_it(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(KeyMissing, match=rf"^{missing} is missing in PORTAL_KEYS_DIR; .*FOLDER"):
        Keys(folder, "shop")


def test_a_secret_that_is_cut_short_is_refused(folder):
    (folder / "shop.secret").write_bytes(b"short")
    with pytest.raises(KeyMissing, match=r"shop\.secret in PORTAL_KEYS_DIR is shorter"):
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


# --------------------------------------------------------------------------- other keys


def test_what_was_signed_before_a_rotation_verifies_after_it_and_what_comes_is_signed_anew(folder):
    shop = Keys(folder, "shop")
    signature = shop.sign(b"receipt")
    kid = rotate(folder, "shop")
    again, identity = Keys(folder, "shop"), Keys(folder, "identity")
    assert (again.kid, shop.kid == kid) == (kid, False)
    assert identity.verify(shop.kid, b"receipt", signature)
    assert identity.verify(kid, b"receipt", again.sign(b"receipt"))
    assert {identity.signer_of(each) for each in (shop.kid, kid)} == {"shop"}
    assert identity.public_key(shop.kid)
    assert identity.public_key(kid)


def test_a_running_service_knows_a_new_key_without_a_restart(folder):
    identity = Keys(folder, "identity")
    kid = rotate(folder, "shop")
    assert identity.verify(kid, b"receipt", Keys(folder, "shop").sign(b"receipt"))
    assert kid in {each["kid"] for each in identity.jwks["keys"]}


def test_control_what_was_read_before_a_rotation_does_not_know_the_new_key(folder):
    identity = Keys(folder, "identity")
    before = identity._read
    kid = rotate(folder, "shop")
    assert kid not in before.by_kid


def test_the_public_file_is_read_when_it_was_replaced_and_not_else(folder):
    identity = Keys(folder, "identity")
    read = identity._read
    identity.public_key(identity.kid)
    assert identity._read is read
    rotate(folder, "shop")
    identity.public_key(identity.kid)
    assert identity._read is not read


def test_of_a_retired_key_receipts_verify_and_tokens_do_not_count(folder):
    identity, shop = Keys(folder, "identity"), Keys(folder, "shop")
    signature = shop.sign(b"receipt")
    rotate(folder, "shop")
    assert identity.public_key(shop.kid)
    retire(folder, shop.kid)
    with pytest.raises(KeyError):
        identity.public_key(shop.kid)
    assert identity.verify(shop.kid, b"receipt", signature)
    assert identity.signer_of(shop.kid) == "shop"


def test_the_key_that_is_signed_with_is_not_retired(folder):
    kid = Keys(folder, "shop").kid
    with pytest.raises(KeyInUse, match="rotate it first"):
        retire(folder, kid)
    with pytest.raises(KeyMissing, match="no key shop-0"):
        retire(folder, "shop-0")
    assert Keys(folder, "identity").public_key(kid)


def test_a_retired_key_stays_retired_when_keys_are_made_or_changed(folder):
    first = Keys(folder, "shop").kid
    second = rotate(folder, "shop")
    retire(folder, first)
    third = rotate(folder, "shop")
    generate(folder, ["identity", "shop"])
    assert [(kid, state) for service, kid, state in states(folder) if service == "shop"] == [
        (first, "retired"), (second, "previous"), (third, "current")
    ]  # fmt: skip


def test_a_rotation_that_was_cut_off_leaves_the_old_key_good_and_not_to_be_retired(
    folder, monkeypatch
):
    kid, replace = Keys(folder, "shop").kid, keys._replace

    def cut_off(file, *content):
        if file.suffix == ".pem":
            raise OSError("no space left")
        replace(file, *content)

    monkeypatch.setattr(keys, "_replace", cut_off)
    with pytest.raises(OSError, match="no space"):
        rotate(folder, "shop")
    monkeypatch.undo()
    shop = Keys(folder, "shop")
    assert shop.kid == kid
    assert Keys(folder, "identity").public_key(kid)
    with pytest.raises(KeyInUse):
        retire(folder, kid)
    generate(folder, ["shop"])
    assert ("shop", kid, "current") in states(folder)


def test_nobody_reads_half_a_file(folder):
    before = (folder / "jwks.json").open()
    rotate(folder, "shop")
    assert len(json.load(before)["keys"]) == 2
    assert len(json.loads((folder / "jwks.json").read_text())["keys"]) == 3
    assert not list(folder.glob("*.draft"))


def test_digests_outlive_the_signing_key(folder):
    digest = Keys(folder, "shop").digest("name", b"Anna Muster")
    rotate(folder, "shop")
    assert Keys(folder, "shop").digest("name", b"Anna Muster") == digest


def test_control_digests_change_with_the_secret(folder):
    digest = Keys(folder, "shop").digest("name", b"Anna Muster")
    (folder / "shop.secret").unlink()
    generate(folder, ["shop"])
    assert Keys(folder, "shop").digest("name", b"Anna Muster") != digest


# ----------------------------------------------------------------------------- the command


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Function that runs the command for a folder and returns what it printed."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["keys", str(tmp_path), *arguments])
        keys.main()
        return capsys.readouterr().out

    return run


def test_the_command_makes_a_set_of_keys_for_every_service(tmp_path, command):
    command()
    assert Keys(tmp_path, "service-cases").signer_of(Keys(tmp_path, "gateway").kid) == "gateway"


def test_the_command_changes_and_retires_a_key_and_tells_of_all(tmp_path, command):
    command()
    before = Keys(tmp_path, "shop").kid
    now = command("rotate", "shop").strip()
    command("retire", before)
    told = [line.split("\t") for line in command("status").splitlines()]
    assert ["shop", before, "retired"] in told
    assert ["shop", now, "current"] in told


def test_what_the_command_does_not_do_is_one_sentence_and_exit_code_1(tmp_path, command, capsys):
    command()
    with pytest.raises(SystemExit) as stopped:
        command("retire", Keys(tmp_path, "shop").kid)
    assert stopped.value.code == 1
    assert capsys.readouterr().err.endswith("rotate it first.\n")
