"""Secrets that must be read again, sealed at rest: AES-256-GCM under a key from the pepper.

A copy of the database alone opens nothing. Each seal is bound to what it is about, so that it does
not open when it is moved to another row; it says which pepper it was made under, and what was made
under an older one is sealed afresh when it is used.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from identity.settings import peppers

_NONCE = 12


@dataclass(frozen=True)
class Sealed:
    """A secret as it is kept. pepper_id: the pepper its key comes from."""

    text: str
    pepper_id: str


class Seals:
    """Seals and opens, with the peppers of the settings."""

    def __init__(self, runtime: Any) -> None:
        listed = peppers(runtime.settings.pepper)
        self._current = listed[0][0]
        self._keys = {name: _key(secret) for name, secret in listed}

    def seal(self, secret: str, about: str) -> Sealed:
        """Seal a secret under today's pepper. about: what it belongs to, needed to open it."""
        nonce = secrets.token_bytes(_NONCE)
        locked = self._keys[self._current].encrypt(nonce, secret.encode(), about.encode())
        return Sealed(base64.b64encode(nonce + locked).decode(), self._current)

    def open(self, sealed: Sealed, about: str) -> str:
        """The secret; raises KeyError for a pepper that is gone, InvalidTag for a changed seal."""
        raw = base64.b64decode(sealed.text)
        key = self._keys[sealed.pepper_id]
        return key.decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode()

    def is_outdated(self, sealed: Sealed) -> bool:
        """Whether a seal was made under another pepper than today's."""
        return sealed.pepper_id != self._current


def _key(pepper: str) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=None, info=b"identity: sealed secrets")
    return AESGCM(derived.derive(pepper.encode()))
