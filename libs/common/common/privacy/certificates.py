"""The certificate of an erasure: every owner's signed receipt under one signed Merkle root.

It is JSON that stands for itself: who has it and the estate's public keys (jwks.json) can verify it
without asking anybody.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import rfc8785

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, PersonalDataErased
from common.keys import Keys, PublicKeys
from common.privacy.erasure import is_genuine

ISSUER = "identity"
_PREVIOUS = re.compile(r"([0-9a-f]{64})?")
_LEAF, _NODE = b"\x00", b"\x01"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. fault: what is wrong; empty where nothing is."""

    what: str
    fault: str = ""


def certify(
    keys: Keys,
    *,
    request_id: UUID,
    account_id: UUID,
    requested_at: datetime,
    completed_at: datetime,
    receipts: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Sign a certificate. receipts: by owner, the fields of the events as they came."""
    unsigned: dict[str, Any] = {
        "request_id": str(request_id),
        "account_id": str(account_id),
        "requested_at": requested_at.isoformat(),
        "completed_at": completed_at.isoformat(),
        "receipts": [{"owner": owner, **receipts[owner]} for owner in sorted(receipts)],
    }
    unsigned["merkle_root"] = merkle_root([_leaf(each) for each in unsigned["receipts"]])
    signed = {**unsigned, "kid": keys.kid}
    return {**signed, "signature": keys.sign(rfc8785.dumps(signed))}


def verify(certificate: Any, keys: PublicKeys) -> list[Check]:
    """Look at everything that a certificate claims; raises Malformed for what is none."""
    try:
        read = msgspec.convert(certificate, _Certificate)
        receipts = {each["owner"]: _receipt(each) for each in read.receipts}
        return list(_checks(read, receipts, certificate, keys))
    except (msgspec.ValidationError, rfc8785.CanonicalizationError, KeyError, TypeError) as error:
        raise Malformed("This is no certificate of an erasure.") from error


@dataclass(frozen=True)
class Said:
    """What a certificate says, by owner; whether it is true is for `verify`."""

    request_id: UUID
    account_id: UUID
    requested_at: datetime
    completed_at: datetime
    receipts: Mapping[str, PersonalDataErased]


def read(certificate: Any) -> Said:
    """Read a certificate; raises Malformed for what is none."""
    try:
        found = msgspec.convert(certificate, _Certificate)
        receipts = {each["owner"]: _receipt(each) for each in found.receipts}
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise Malformed("This is no certificate of an erasure.") from error
    times = (found.requested_at, found.completed_at)
    return Said(found.request_id, found.account_id, *times, receipts)


class Malformed(Exception):
    """What should be a certificate has not its shape."""


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Root over the leaves in their order, hex, as RFC 6962 section 2.1 says."""
    return _root([hashlib.sha256(_LEAF + leaf).digest() for leaf in leaves]).hex()


_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class _Certificate(msgspec.Struct, forbid_unknown_fields=True):
    request_id: UUID
    account_id: UUID
    requested_at: _Instant
    completed_at: _Instant
    receipts: list[dict[str, Any]]
    merkle_root: str
    kid: str
    signature: str


def _checks(
    read: _Certificate,
    receipts: Mapping[str, PersonalDataErased],
    certificate: Mapping[str, Any],
    keys: PublicKeys,
) -> Iterator[Check]:
    missing = sorted(set(OWNERS_OF_PERSONAL_DATA) ^ set(receipts))
    once = len(receipts) == len(read.receipts)
    named = ", ".join(missing) if missing else "" if once else "one of them twice"
    yield Check("one receipt of every owner", named)
    for owner, receipt in receipts.items():
        about = (receipt.request_id, receipt.account_id) == (read.request_id, read.account_id)
        yield Check(f"{owner}: about this request", "" if about else "about another one")
        genuine = is_genuine(keys, owner, receipt)
        yield Check(f"{owner}: signed by {owner}", "" if genuine else "the signature is wrong")
        in_time = read.requested_at.replace(microsecond=0) <= receipt.erased_at <= read.completed_at
        yield Check(f"{owner}: erased in time", "" if in_time else "outside the request's time")
        yield Check(f"{owner}: counts and chain are sound", _unsound(receipt))
        reasons = all(each.reason for each in receipt.tables if each.kept)
        yield Check(f"{owner}: a reason for all that is kept", "" if reasons else "one is missing")
    root = merkle_root([_leaf(each) for each in read.receipts])
    yield Check("Merkle root", "" if root == read.merkle_root else "is not that of the receipts")
    signed = {name: value for name, value in certificate.items() if name != "signature"}
    genuine = keys.signer_of(read.kid) == ISSUER and keys.verify(
        read.kid, rfc8785.dumps(signed), read.signature
    )
    yield Check(f"signed by {ISSUER}", "" if genuine else "the signature is wrong")


def _unsound(receipt: PersonalDataErased) -> str:
    """What cannot be so in a receipt, whoever signed it."""
    counts = [
        count
        for each in receipt.tables
        for count in (each.deleted, each.nulled, each.pseudonymised, each.kept)
    ]
    if any(count < 0 for count in counts):
        return "a count is negative"
    said = [(each.table, each.reason) for each in receipt.tables]
    if len(said) > len(set(said)):
        return "a table stands there twice"
    if not _PREVIOUS.fullmatch(receipt.previous):
        return "the hash of the receipt before is none"
    return ""


def _receipt(fields: Mapping[str, Any]) -> PersonalDataErased:
    event = {name: value for name, value in fields.items() if name != "owner"}
    receipt = msgspec.convert(event, PersonalDataErased)
    said = msgspec.json.decode(msgspec.json.encode(receipt))
    if {name: said[name] for name in event} != event:
        raise KeyError("a field that no receipt has")
    return receipt


def _leaf(receipt: Mapping[str, Any]) -> bytes:
    return rfc8785.dumps(dict(receipt))


def _root(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(_NODE + _root(hashes[:split]) + _root(hashes[split:])).digest()
