"""Keys: each service's own Ed25519 key, and everybody's public keys from one mounted JWKS file."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class KeyMissing(Exception):
    """A key file is not where the setting says; the text is one sentence for the operator."""


class Keys:
    """One service's private key and the public keys of the estate.

    folder: `jwks.json` (public, all services) and `<service>.pem` (private, this service's alone).
    """

    def __init__(self, folder: Path, service: str) -> None:
        private, public = folder / f"{service}.pem", folder / "jwks.json"
        for file in (private, public):
            if not file.exists():
                raise KeyMissing(
                    f"{file.name} is missing in PORTAL_KEYS_DIR; "
                    "`python -m common.keys FOLDER` makes a set of keys."
                )
        loaded = serialization.load_pem_private_key(private.read_bytes(), password=None)
        if not isinstance(loaded, Ed25519PrivateKey):
            raise KeyMissing(f"{private.name} in PORTAL_KEYS_DIR is not an Ed25519 key.")
        self.service = service
        self.jwks: dict[str, Any] = json.loads(public.read_text())
        self._private = loaded
        self._public = {key["kid"]: key for key in self.jwks["keys"]}
        self._verifiers = {kid: jwt.PyJWK(key).key for kid, key in self._public.items()}
        self.kid = _kid(service, loaded.public_key())

    def token(self, claims: Mapping[str, Any]) -> str:
        """Sign claims as an EdDSA JWT."""
        return jwt.encode(dict(claims), self._private, "EdDSA", headers={"kid": self.kid})

    def signer_of(self, kid: str) -> str | None:
        """Name the service whose public key has this id."""
        key = self._public.get(kid)
        return str(key["portal_service"]) if key else None

    def public_key(self, kid: str) -> Any:
        """Public key with this id; KeyError when nobody has it."""
        return self._verifiers[kid]

    def sign(self, payload: bytes) -> str:
        """Detached signature, base64url."""
        return _base64url(self._private.sign(payload))

    def verify(self, kid: str, payload: bytes, signature: str) -> bool:
        """Whether the holder of kid signed exactly this payload."""
        key = self._verifiers.get(kid)
        if not isinstance(key, Ed25519PublicKey):
            return False
        try:
            key.verify(base64.urlsafe_b64decode(signature + "=="), payload)
        except (InvalidSignature, ValueError):
            return False
        return True

    def digest(self, use: str, value: bytes) -> str:
        """Keyed digest, hex: the same value is recognised, and cannot be guessed back."""
        seed = self._private.private_bytes_raw()
        key = hmac.new(seed, use.encode(), hashlib.sha256).digest()
        return hmac.new(key, value, hashlib.sha256).hexdigest()


def generate(folder: Path, services: Iterable[str]) -> None:
    """Make the keys that are not there yet, and write the JWKS file of all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    published = []
    for service in services:
        file = folder / f"{service}.pem"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_bytes(
                Ed25519PrivateKey.generate().private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        published.append(_jwk(service, key.public_key()))
    (folder / "jwks.json").write_text(json.dumps({"keys": published}, indent=1))


def _jwk(service: str, key: Ed25519PublicKey) -> dict[str, str]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _base64url(key.public_bytes_raw()),
        "kid": _kid(service, key),
        "alg": "EdDSA",
        "use": "sig",
        "portal_service": service,
    }


def _kid(service: str, key: Ed25519PublicKey) -> str:
    return f"{service}-{hashlib.sha256(key.public_bytes_raw()).hexdigest()[:12]}"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def main() -> None:
    """Make a set of keys for every service of the catalogue in a folder."""
    import argparse

    from common.events.catalogue import SERVICES

    parser = argparse.ArgumentParser(prog="python -m common.keys", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="PORTAL_KEYS_DIR")
    generate(parser.parse_args().folder, SERVICES)


if __name__ == "__main__":
    main()
