"""What the owners really publish has the structure of the committed examples."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from common.events.catalogue import SERVICES
from common.events.envelope import decode
from common.messaging.brokers import Message
from tests.contracts.conftest import KINDS, example

FORMS = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "instant": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"),
    "day": re.compile(r"\d{4}-\d\d-\d\d"),
    "number": re.compile(r"\d+"),
}
WORDS = {"text", *FORMS}


def structure(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every place in a message with the kind of what stands there; lists by their elements."""
    if isinstance(value, dict):
        yield path, "object"
        for name, inner in value.items():
            yield from structure(inner, f"{path}/{name}")
    elif isinstance(value, list):
        yield path, "list"
        for inner in value:
            yield from structure(inner, f"{path}[]")
    elif isinstance(value, str):
        yield path, next((kind for kind, form in FORMS.items() if form.fullmatch(value)), "text")
    else:
        yield path, type(value).__name__


def differences(message: dict[str, Any], model: dict[str, Any]) -> list[str]:
    """Where a message has another structure than the example.

    Where the example has a word, any other will do. Null may stand for a value and a value for
    null where the class permits both, which decoding has checked.
    """
    found, expected = set(structure(message)), set(structure(model))
    places = {path for path, _ in expected}
    faults = [f"{path} is missing" for path in places - {path for path, _ in found}]
    for path, kind in found:
        known = {each for place, each in expected if place == path}
        if not known:
            faults.append(f"{path} is not in the example")
        elif not (kind in known | {"NoneType"} or (kind in WORDS and _is_open(path, known))):
            faults.append(f"{path} is {kind} instead of {' or '.join(sorted(known))}")
    return sorted(faults)


def _is_open(path: str, known: set[str]) -> bool:
    """Whether the example tells no more than that a word, or nothing, stands in a place."""
    return bool(known & {"text", "NoneType"}) or path == "/actor"


def test_every_owner_publishes_every_event_it_owns(published: list[Message]) -> None:
    assert {each.type for each in published} == set(KINDS)


@pytest.mark.parametrize("wire_type", KINDS)
def test_what_is_published_has_the_structure_of_the_example(
    published: list[Message], wire_type: str
) -> None:
    model = example(wire_type)
    for each in published:
        if each.type != wire_type:
            continue
        envelope, _ = decode(each.body)
        assert envelope.source == f"/{wire_type.split('.', 1)[0]}"
        message = json.loads(each.body)
        assert list(message) == list(model)
        assert differences(message, model) == []


def test_a_published_id_is_used_once_and_sequences_have_no_gap(published: list[Message]) -> None:
    envelopes = [
        decode(each.body)[0] for each in {each.event_id: each for each in published}.values()
    ]
    assert max(Counter(each.id for each in envelopes).values()) == 1
    counted: dict[tuple[str, str], list[int]] = {}
    for each in envelopes:
        counted.setdefault((each.source, each.subject), []).append(each.order)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in counted.values())


def test_who_did_it_is_an_account_a_service_the_operator_or_nobody_known(
    published: list[Message],
) -> None:
    actors = {decode(each.body)[0].actor for each in published}
    others = {each for each in actors if not FORMS["uuid"].fullmatch(each)}
    assert others <= {f"service:{name}" for name in SERVICES} | {"operator", "anonymous"}
    assert others < actors


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"account_id": 7}},
        {"data": {"epoch": "2"}},
        {"data": {"reason": "misuse"}},
        {"subject": "somebody"},
        {"time": "yesterday"},
        {"sequence": "first"},
        {"name": "Anna"},
    ],
    ids=str,
)
def test_another_structure_is_noticed(change: dict[str, Any]) -> None:
    model = example("identity.AccountBlocked.v1")
    data = {**model["data"], **change.get("data", {})}
    assert differences({**model, **change, "data": data}, model)
    assert differences({**model, "data": {"epoch": 1}}, model)
    assert differences(model, model) == []
