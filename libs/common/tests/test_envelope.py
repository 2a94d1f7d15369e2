"""Every event of the catalogue survives the wire; what is no event is told from what is unknown."""

import dataclasses
import json
import re
import types
import typing
from datetime import UTC, date, datetime
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.events.catalogue import (
    SERVICES,
    AccountBlocked,
    Code,
    Signature,
    events,
    kind_of,
)
from common.events.envelope import (
    CONTENT_TYPE,
    Envelope,
    Undecodable,
    UnknownSchema,
    decode,
    encode,
    encode_data,
)
from common.ids import uuid7

ESTATE = [each for each in events() if set(kind_of(each).owners) <= set(SERVICES)]
SMALL = {"min_value": -(2**63), "max_value": 2**63 - 1}


def values(hint):
    """Strategy for whatever a field of this type may hold."""
    if hint is Code:
        return st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,79}", fullmatch=True)
    if hint is Signature:
        return st.from_regex(r"[A-Za-z0-9_=-]{0,200}", fullmatch=True)
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values(part) for part in parts])
    if origin is tuple:
        return st.lists(values(parts[0]), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if dataclasses.is_dataclass(hint):
        fields = typing.get_type_hints(hint, include_extras=True)
        return st.builds(hint, **{name: values(inner) for name, inner in fields.items()})
    return {
        UUID: st.uuids(),
        bool: st.booleans(),
        int: st.integers(**SMALL),
        date: st.dates(date(1900, 1, 1)),
        datetime: st.datetimes(datetime(1900, 1, 1), timezones=st.just(UTC)),
        type(None): st.none(),
    }[hint]


def envelope_of(event, owner=None):
    kind = kind_of(type(event))
    owner = owner or kind.owners[0]
    return Envelope(
        id=uuid7(),
        source=f"/{owner}",
        type=kind.type(owner),
        subject=str(getattr(event, kind.subject)),
        time=datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC),
        dataschema=f"urn:portal:event:{kind.type(owner)}",
        sequence="7",
        correlationid="c",
        actor=f"service:{owner}",
        data=encode_data(event),
    )


@pytest.mark.parametrize("kind", ESTATE, ids=lambda kind: kind.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_an_event_comes_out_as_it_went_in(kind, data):
    event = data.draw(values(kind))
    for owner in kind_of(kind).owners:
        envelope = envelope_of(event, owner)
        read, again = decode(encode(envelope))
        assert again == event
        assert type(again) is kind
        assert dataclasses.replace(again) == event
        assert (read.id, read.type, read.order) == (envelope.id, envelope.type, 7)
        assert read.time == envelope.time


A_BLOCK = AccountBlocked(account_id=uuid7(), organisation_id=None, epoch=2)


def fields_of(event=A_BLOCK):
    return json.loads(encode(envelope_of(event)))


def changed(**fields):
    return json.dumps({**fields_of(), **fields}).encode()


def with_data(**fields):
    return changed(data={**fields_of()["data"], **fields})


def test_a_body_is_plain_cloud_events_json():
    fields = fields_of()
    assert fields["specversion"] == "1.0"
    assert fields["datacontenttype"] == "application/json"
    assert fields["time"] == "2026-03-02T09:00:00.000005Z"
    assert fields["data"] == {
        "account_id": str(A_BLOCK.account_id), "organisation_id": None, "epoch": 2,
        "restricted": False,
    }  # fmt: skip
    assert CONTENT_TYPE == "application/cloudevents+json"


def test_what_a_newer_owner_adds_is_passed_over():
    read, event = decode(with_data(added_later={"deep": [1]}))
    assert event == A_BLOCK
    _, event = decode(changed(anextension="x", another=None))
    assert event == A_BLOCK
    assert read.causationid is None


@pytest.mark.parametrize(
    "name", ["id", "source", "type", "subject", "time", "dataschema", "sequence",
             "correlationid", "actor", "data"]
)  # fmt: skip
def test_an_envelope_without_a_required_attribute_cannot_be_read(name):
    fields = fields_of()
    del fields[name]
    with pytest.raises(Undecodable):
        decode(json.dumps(fields).encode())


@pytest.mark.parametrize("name", ["account_id", "organisation_id", "epoch"])
def test_an_event_without_a_field_cannot_be_read(name):
    data = fields_of()["data"]
    del data[name]
    with pytest.raises(Undecodable, match=r"^data is not identity\.AccountBlocked\.v1$"):
        decode(changed(data=data))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"{" * 1000,
        changed(id="not a uuid"),
        changed(time="yesterday"),
        changed(time="2026-03-02T09:00:00"),
        changed(sequence="first"),
        changed(sequence=1),
        changed(sequence="9" * 5000),
        changed(type=None),
        changed(data=None),
        changed(data="text"),
        with_data(epoch="2"),
        with_data(epoch=2.5),
        with_data(account_id="Anna Muster"),
        encode(envelope_of(A_BLOCK))[:-1],
        encode(envelope_of(A_BLOCK)) + b"x",
        changed(x=1).replace(b'"x": 1', b'"x": ' + b"[" * 100_000 + b"]" * 100_000),
        with_data(x=1).replace(b'"x": 1', b'"x": ' + b"[" * 100_000 + b"]" * 100_000),
    ],
    ids=lambda body: re.sub(rb"\s+", b" ", body[:20]).decode(errors="replace"),
)
def test_what_is_no_event_is_undecodable_and_its_content_is_in_no_message(body):
    with pytest.raises(Undecodable) as caught:
        decode(body)
    assert str(caught.value) in ("no CloudEvent", "data is not identity.AccountBlocked.v1")


@pytest.mark.parametrize("wire_type", ["identity.AccountBlocked.v9", "shop.AccountBlocked.v1", ""])
def test_a_type_of_another_program_version_is_an_unknown_schema(wire_type):
    with pytest.raises(UnknownSchema, match=f"^{re.escape(wire_type)}$"):
        decode(changed(type=wire_type))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(body):
    with pytest.raises((Undecodable, UnknownSchema)):
        decode(body)
