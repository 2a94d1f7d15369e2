"""Facts that travel between services: the catalogue, the envelope, the documents made of them."""

from common.events.catalogue import event, events, types_of
from common.events.envelope import Envelope, Undecodable, UnknownSchema, decode

__all__ = ["Envelope", "Undecodable", "UnknownSchema", "decode", "event", "events", "types_of"]
