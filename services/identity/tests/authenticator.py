"""A passkey device in software (ES256), as a browser speaks for it; it can be told to misbehave."""

import base64
import hashlib
import json
import secrets

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40
ORIGIN = "http://localhost:8080"


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """One passkey. origin, rp_id and verified say where it is used and whether its owner proved it.

    counter: how often it was used, None for a device that does not count.
    """

    def __init__(self, *, origin=ORIGIN, rp_id=None, verified=True, counter=0):
        self.origin, self.rp_id, self.verified, self.counter = origin, rp_id, verified, counter
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.user_handle = None

    def create(self, options, **changed):
        """Answer of navigator.credentials.create()."""
        self.user_handle = options["user"]["id"]
        rp_id = self.rp_id or options["rp"]["id"]
        credential = (
            bytes(16)
            + len(self.credential_id).to_bytes(2)
            + self.credential_id
            + cbor2.dumps(changed.get("public_key", self._public_key()))
        )
        facts = self._facts(rp_id, HAS_CREDENTIAL) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": facts})
        said = self._said("webauthn.create", options)
        response = {"clientDataJSON": encoded(said), "attestationObject": encoded(attestation)}
        return self._credential({**response, "transports": ["internal"]})

    def get(self, options, **changed):
        """Answer of navigator.credentials.get()."""
        said = self._said("webauthn.get", options)
        facts = self._facts(self.rp_id or options["rpId"], 0)
        signature = self.key.sign(facts + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": encoded(said),
            "authenticatorData": encoded(facts),
            "signature": encoded(signature),
            "userHandle": self.user_handle,
        }
        return self._credential({**response, **changed})

    def _credential(self, response):
        return {
            "id": encoded(self.credential_id),
            "rawId": encoded(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }

    def _said(self, kind, options):
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps({**said, "crossOrigin": False}).encode()

    def _facts(self, rp_id, flags):
        if self.counter is not None:
            self.counter += 1
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        counted = (self.counter or 0).to_bytes(4)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + counted

    def _public_key(self):
        point = self.key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
