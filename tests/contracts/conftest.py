"""The examples of the wire, keys that everybody knows, and everything an estate publishes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, SERVICES, events, kind_of, types_of
from common.keys import generate
from common.messaging.brokers import Message
from tests.estate.scenario import RecordingBroker, a_scenario, a_settled_estate

EXAMPLES = Path(__file__).parent / "examples"
KINDS = {
    wire: kind
    for kind in events()
    if set(kind_of(kind).owners) <= set(SERVICES)  # tests of libs/common enter made-up ones
    for wire in types_of(kind)
}
"""Event class of every wire type of the estate."""


def example(wire_type: str) -> dict[str, Any]:
    """The committed example of a wire type."""
    return json.loads((EXAMPLES / f"{wire_type}.json").read_text())


def as_message(event: dict[str, Any]) -> Message:
    """An example as it comes out of a queue."""
    return Message(event["type"], json.dumps(event).encode(), event["id"])


def make_known_keys(folder: Path) -> None:
    """Private keys derived from a name: no secret, so that the examples' receipts can be signed."""
    folder.mkdir(parents=True)
    for owner in OWNERS_OF_PERSONAL_DATA:
        seed = hashlib.sha256(f"contract test of {owner}".encode()).digest()
        pem = Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (folder / f"{owner}.pem").write_bytes(pem)
    generate(folder, SERVICES)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Message]]:
    """All that six services publish while the whole scenario is played, in its order."""
    broker = RecordingBroker()
    with a_settled_estate(tmp_path_factory.mktemp("contracts"), broker) as portal:
        a_scenario(portal).play()
        yield broker.published
