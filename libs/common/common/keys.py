"""Keys: each service's own Ed25519 key, and everybody's public keys from one mounted JWKS file.

A signing key is current, then previous (what it signed still counts), then retired: tokens signed
by it are refused from then on. A retired key stays in the file, because erasure receipts that it
signed must verify for years; a receipt says little to a thief, and its chain shows a forged one.
To change a key: `rotate`, hand jwks.json to every service, restart the one whose key it is, wait
until its last tokens are over (5 minutes), `retire` the key of before.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PUBLIC = "jwks.json"
SECRET_BYTES = 32


class KeyMissing(Exception):
    """A key file is not where the setting says; the text is one sentence for the operator."""


class KeyInUse(Exception):
    """The key is the one its service signs with; it cannot be retired."""


class KeyState(StrEnum):
    """What a public key is still good for."""

    CURRENT = "current"
    PREVIOUS = "previous"
    RETIRED = "retired"


@dataclass(frozen=True)
class PublicKeys:
    """The JWKS file as it was read. stamp: another one means another file."""

    stamp: tuple[int, int]
    jwks: dict[str, Any]
    by_kid: dict[str, dict[str, str]]
    verifiers: dict[str, Any]

    def signer_of(self, kid: str) -> str | None:
        """Name the service whose public key has this id."""
        return self.by_kid.get(kid, {}).get("portal_service")

    def verify(self, kid: str, payload: bytes, signature: str) -> bool:
        """Whether the holder of kid, retired or not, signed exactly this payload."""
        key = self.verifiers.get(kid)
        if not isinstance(key, Ed25519PublicKey):
            return False
        try:
            decoded = base64.urlsafe_b64decode(signature + "==")
            key.verify(decoded, payload)
        except (InvalidSignature, ValueError):
            return False
        return _base64url(decoded) == signature  # of several spellings, the one it was signed in


class Keys:
    """One service's private key and the public keys of the estate.

    folder: `jwks.json` (public, all services), `<service>.pem` (private, this service's alone) and
    `<service>.secret` (of its digests, which outlive the signing key). A replaced `jwks.json` is
    read at its next use, the private files at the start alone.
    """

    def __init__(self, folder: Path, service: str) -> None:
        private, secret = folder / f"{service}.pem", folder / f"{service}.secret"
        self._file = folder / PUBLIC
        for file in (private, secret, self._file):
            if not file.exists():
                raise KeyMissing(
                    f"{file.name} is missing in PORTAL_KEYS_DIR; "
                    "`python -m common.keys FOLDER` makes a set of keys."
                )
        self.service = service
        self._private = _loaded(private)
        self._secret = secret.read_bytes()
        if len(self._secret) < SECRET_BYTES:
            raise KeyMissing(f"{secret.name} in PORTAL_KEYS_DIR is shorter than 32 bytes.")
        self._read = read_public(self._file)
        self.kid = _kid(service, self._private.public_key())

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys of the estate as a JSON Web Key Set."""
        return self._public().jwks

    def token(self, kind: str, claims: Mapping[str, Any]) -> str:
        """Sign claims as an EdDSA JWT. kind: what it is for, its `typ`."""
        header = {"kid": self.kid, "typ": kind}
        return jwt.encode(dict(claims), self._private, "EdDSA", headers=header)

    def signer_of(self, kid: str) -> str | None:
        """Name the service whose public key has this id."""
        return self._public().signer_of(kid)

    def public_key(self, kid: str) -> Any:
        """Public key whose tokens count; KeyError for a retired one, and when nobody has it."""
        public = self._public()
        if public.by_kid[kid].get("portal_state") == KeyState.RETIRED:
            raise KeyError(kid)
        return public.verifiers[kid]

    def sign(self, payload: bytes) -> str:
        """Detached signature, base64url."""
        return _base64url(self._private.sign(payload))

    def verify(self, kid: str, payload: bytes, signature: str) -> bool:
        """Whether the holder of kid, retired or not, signed exactly this payload."""
        return self._public().verify(kid, payload, signature)

    def digest(self, use: str, value: bytes) -> str:
        """Keyed digest, hex: the same value is recognised, and cannot be guessed back."""
        key = hmac.new(self._secret, use.encode(), hashlib.sha256).digest()
        return hmac.new(key, value, hashlib.sha256).hexdigest()

    def _public(self) -> PublicKeys:
        if _stamp(self._file) != self._read.stamp:
            self._read = read_public(self._file)
        return self._read


def generate(folder: Path, services: Iterable[str]) -> None:
    """Make the keys and secrets that are not there yet, and publish every service's public key."""
    folder.mkdir(parents=True, exist_ok=True)
    published = _published(folder)
    for service in services:
        private, secret = folder / f"{service}.pem", folder / f"{service}.secret"
        if not private.exists():
            _replace(private, _pem(Ed25519PrivateKey.generate()), 0o600)
        if not secret.exists():
            _replace(secret, secrets.token_bytes(SECRET_BYTES), 0o600)
        published = _with_current(published, service, _loaded(private).public_key())
    _publish(folder, published)


def rotate(folder: Path, service: str) -> str:
    """Give a service another signing key and return its id; what the one before signed counts on.

    The public key is there before the private one, so that whatever a crash leaves verifies.
    """
    private = folder / f"{service}.pem"
    if not private.exists():
        raise KeyMissing(f"{private.name} is missing in the folder.")
    made = Ed25519PrivateKey.generate()
    _publish(folder, _with_current(_published(folder), service, made.public_key()))
    _replace(private, _pem(made), 0o600)
    return _kid(service, made.public_key())


def retire(folder: Path, kid: str) -> None:
    """Let tokens signed by a key count no more; raises KeyInUse for one that is signed with."""
    published = _published(folder)
    for key in published:
        if key["kid"] == kid:
            break
    else:
        raise KeyMissing(f"There is no key {kid}.")
    private = folder / f"{key['portal_service']}.pem"
    held = private.exists() and _kid(key["portal_service"], _loaded(private).public_key()) == kid
    if held or key.get("portal_state") == KeyState.CURRENT:
        raise KeyInUse(f"{key['portal_service']} signs with {kid}; rotate it first.")
    key["portal_state"] = KeyState.RETIRED
    _publish(folder, published)


def states(folder: Path) -> list[tuple[str, str, str]]:
    """Service, id and state of every public key."""
    return [(key["portal_service"], key["kid"], key["portal_state"]) for key in _published(folder)]


def _with_current(
    published: list[dict[str, str]], service: str, key: Ed25519PublicKey
) -> list[dict[str, str]]:
    """The public keys, this one the current one of its service."""
    current = _jwk(service, key)
    others = [each for each in published if each["kid"] != current["kid"]]
    for each in others:
        if each["portal_service"] == service and each.get("portal_state") != KeyState.RETIRED:
            each["portal_state"] = KeyState.PREVIOUS
    return [*others, current]


def _published(folder: Path) -> list[dict[str, str]]:
    file = folder / PUBLIC
    keys: list[dict[str, str]] = json.loads(file.read_text())["keys"] if file.exists() else []
    return keys


def _publish(folder: Path, keys: list[dict[str, str]]) -> None:
    _replace(folder / PUBLIC, json.dumps({"keys": keys}, indent=1).encode(), 0o644)


def _replace(file: Path, content: bytes, mode: int) -> None:
    """Write a file at once: whoever reads it sees all of the old content or all of the new."""
    draft = file.with_name(f"{file.name}.draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def read_public(file: Path) -> PublicKeys:
    """Read a JWKS file of the estate's public keys."""
    stamp = _stamp(file)
    jwks: dict[str, Any] = json.loads(file.read_text())
    by_kid = {key["kid"]: key for key in jwks["keys"]}
    return PublicKeys(stamp, jwks, by_kid, {kid: jwt.PyJWK(by_kid[kid]).key for kid in by_kid})


def _stamp(file: Path) -> tuple[int, int]:
    facts = os.stat(file)
    return facts.st_ino, facts.st_mtime_ns


def _loaded(file: Path) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyMissing(f"{file.name} in PORTAL_KEYS_DIR is not an Ed25519 key.")
    return key


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _jwk(service: str, key: Ed25519PublicKey) -> dict[str, str]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _base64url(key.public_bytes_raw()),
        "kid": _kid(service, key),
        "alg": "EdDSA",
        "use": "sig",
        "portal_service": service,
        "portal_state": KeyState.CURRENT,
    }


def _kid(service: str, key: Ed25519PublicKey) -> str:
    return f"{service}-{hashlib.sha256(key.public_bytes_raw()).hexdigest()[:12]}"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def main() -> None:
    """Make a set of keys for every service of the catalogue in a folder, or change one of them."""
    import argparse

    from common.events.catalogue import SERVICES

    parser = argparse.ArgumentParser(prog="python -m common.keys", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="PORTAL_KEYS_DIR")
    acts = parser.add_subparsers(dest="act", metavar="rotate SERVICE | retire KID | status")
    acts.add_parser("rotate", help=rotate.__doc__).add_argument("service", choices=SERVICES)
    acts.add_parser("retire", help=retire.__doc__).add_argument("kid")
    acts.add_parser("status", help=states.__doc__)
    told = parser.parse_args()
    try:
        if told.act == "rotate":
            print(rotate(told.folder, told.service))
        elif told.act == "retire":
            retire(told.folder, told.kid)
        elif told.act == "status":
            print(*("\t".join(each) for each in states(told.folder)), sep="\n")
        else:
            generate(told.folder, SERVICES)
    except (KeyMissing, KeyInUse) as fault:
        parser.exit(1, f"{fault}\n")


if __name__ == "__main__":
    main()
