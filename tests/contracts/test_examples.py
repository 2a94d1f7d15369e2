"""One example of every message: complete, decodable by its class, valid by the published schema."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from common.events.catalogue import kind_of
from common.events.envelope import Undecodable, decode, encode, encode_data, schema_of
from common.keys import Keys
from common.privacy.erasure import is_genuine
from tests.contracts.conftest import EXAMPLES, KINDS, as_message, example, make_known_keys

ASYNCAPI = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"


@pytest.fixture(scope="module")
def published_schema() -> Registry:
    """docs/asyncapi.yaml, as others read it."""
    document = Resource.from_contents(
        yaml.safe_load(ASYNCAPI.read_text()), default_specification=DRAFT202012
    )
    return Registry().with_resource("urn:asyncapi", document)


def faults(event: dict[str, Any], published_schema: Registry) -> list[str]:
    """What the published schema of its type says against an event."""
    payload = f"urn:asyncapi#/components/messages/{event['type']}/payload"
    validator = jsonschema.Draft202012Validator(
        {"$ref": payload},
        registry=published_schema,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    return [f"{each.json_path}: {each.message}" for each in validator.iter_errors(event)]


def test_there_is_one_example_of_every_wire_type_and_none_beside() -> None:
    assert sorted(path.stem for path in EXAMPLES.iterdir()) == sorted(KINDS)


@pytest.mark.parametrize("wire_type", KINDS)
def test_an_example_is_decoded_to_its_class_and_encoded_again_the_same(wire_type: str) -> None:
    written = example(wire_type)
    envelope, event = decode(as_message(written).body)
    assert type(event) is KINDS[wire_type]
    assert json.loads(encode(envelope)) == written
    assert json.loads(bytes(encode_data(event))) == written["data"]


@pytest.mark.parametrize("wire_type", KINDS)
def test_the_data_of_an_example_are_the_fields_of_its_class_in_their_order(wire_type: str) -> None:
    fields = [field.name for field in dataclasses.fields(KINDS[wire_type])]
    assert list(example(wire_type)["data"]) == fields


@pytest.mark.parametrize("wire_type", KINDS)
def test_an_example_says_who_sends_it_and_what_it_is_about(wire_type: str) -> None:
    event, kind = example(wire_type), kind_of(KINDS[wire_type])
    owner = wire_type.split(".", 1)[0]
    assert owner in kind.owners
    assert event["type"] == wire_type
    assert event["source"] == f"/{owner}"
    assert event["subject"] == event["data"][kind.subject]
    assert event["dataschema"] == schema_of(wire_type)


@pytest.mark.parametrize("wire_type", KINDS)
def test_an_example_is_valid_by_the_published_schema(
    wire_type: str, published_schema: Registry
) -> None:
    assert faults(example(wire_type), published_schema) == []


def damaged(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The event without its subject, and without and with another kind of each of its data.

    What came to an event later has a default: messages from before are still understood.
    """
    required = {
        field.name
        for field in dataclasses.fields(KINDS[event["type"]])
        if field.default is dataclasses.MISSING
    }
    for missing in ("subject", "actor"):
        yield {name: value for name, value in event.items() if name != missing}
    for name in event["data"]:
        other = deepcopy(event)
        other["data"][name] = {"not": "this"}
        yield other
        if name in required:
            without = deepcopy(event)
            del without["data"][name]
            yield without


@pytest.mark.parametrize("wire_type", KINDS)
def test_a_damaged_example_is_neither_valid_nor_decoded(
    wire_type: str, published_schema: Registry
) -> None:
    for event in damaged(example(wire_type)):
        assert faults(event, published_schema)
        with pytest.raises(Undecodable):
            decode(as_message(event).body)


@pytest.mark.parametrize("wire_type", [each for each in KINDS if "PersonalDataErased" in each])
def test_the_receipt_of_an_example_is_signed_with_the_known_key(
    wire_type: str, tmp_path: Path
) -> None:
    owner = wire_type.split(".", 1)[0]
    make_known_keys(tmp_path / "keys")
    _, receipt = decode(as_message(example(wire_type)).body)
    assert is_genuine(Keys(tmp_path / "keys", owner), owner, receipt)
