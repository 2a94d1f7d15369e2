"""CloudEvents 1.0 in JSON: how an event looks on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from common.events.catalogue import class_of

CONTENT_TYPE = "application/cloudevents+json"


class Undecodable(Exception):
    """The body is no CloudEvent, or its data is not what its type says."""


class UnknownSchema(Exception):
    """The type stands in no entry of the catalogue this program was built with."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event with what is needed to route, order and trace it.

    sequence: counts the owner's events about this subject, from 1. actor: account id, or
    `service:<name>` when no person did it.
    """

    specversion: str = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    datacontenttype: str = "application/json"
    dataschema: str
    sequence: str
    sequencetype: str = "Integer"
    correlationid: str
    causationid: str | None = None
    traceparent: str | None = None
    actor: str
    data: msgspec.Raw

    @property
    def order(self) -> int:
        """Sequence as a number."""
        return int(self.sequence)


_ENVELOPES = msgspec.json.Decoder(Envelope)
_ENCODER = msgspec.json.Encoder()


def schema_of(wire_type: str) -> str:
    """Absolute URI of a type's schema, as CloudEvents wants it: the type says the version."""
    return f"urn:portal:event:{wire_type}"


def encode(envelope: Envelope) -> bytes:
    """Body of the message."""
    return _ENCODER.encode(envelope)


def encode_data(event: Any) -> msgspec.Raw:
    """An event's own fields."""
    return msgspec.Raw(_ENCODER.encode(event))


def decode(body: bytes) -> tuple[Envelope, Any]:
    """Envelope and event of a message body; fields we do not know are passed over.

    Raises Undecodable or UnknownSchema: trying again cannot help.
    """
    try:
        envelope = _ENVELOPES.decode(body)
        envelope.order  # noqa: B018 - a sequence that is no number is undecodable here and now
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Undecodable("no CloudEvent") from error
    event_class = class_of(envelope.type)
    if event_class is None:
        raise UnknownSchema(envelope.type)
    try:
        return envelope, msgspec.json.decode(envelope.data, type=event_class)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Undecodable(f"data is not {envelope.type}") from error
