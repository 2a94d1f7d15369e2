"""The catalogue refuses what could hold personal data, and knows who may publish what."""

import dataclasses
import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest

from common.events import catalogue
from common.events.catalogue import (
    FORBIDDEN,
    OWNERS_OF_PERSONAL_DATA,
    SERVICES,
    Code,
    PersonalDataErased,
    Signature,
    class_of,
    event,
    events,
    kind_of,
    types_of,
)
from common.events.envelope import encode_data

ESTATE = [each for each in events() if set(kind_of(each).owners) <= set(SERVICES)]


def enter(**fields):
    """Try to enter an event with these fields beside its subject."""
    made = type("Tried", (), {"__annotations__": {"thing_id": UUID, **fields}, "__doc__": "Tried."})
    before = events()
    try:
        event(owner="shop", subject="thing_id")(made)
    finally:
        assert events() == before, "a refused class was entered"
        assert class_of("shop.Tried.v1") is None


@pytest.mark.parametrize("word", sorted(FORBIDDEN))
def test_a_field_whose_name_speaks_of_a_person_is_refused(word):
    with pytest.raises(TypeError, match=f"Tried.customer_{word} could hold personal data"):
        enter(**{f"customer_{word}": UUID})


@pytest.mark.parametrize(
    "hint",
    [
        str,
        str | None,
        tuple[str, ...],
        tuple[UUID, str],
        list[str],
        bytes,
        dict,
        dict[str, int],
        Any,
        object,
        float,
        Decimal,
        Annotated[str, msgspec.Meta(pattern=".*")],
        Annotated[str, msgspec.Meta(max_length=20)],
    ],
    ids=str,
)
def test_a_field_that_could_hold_any_text_is_refused(hint):
    with pytest.raises(TypeError, match=r"Tried\.reason is free text"):
        enter(reason=hint)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WithName:
    family_name: Code


@dataclasses.dataclass(frozen=True, kw_only=True)
class WithText:
    remark: str


@pytest.mark.parametrize("inner", [WithName, WithText, tuple[WithName, ...], WithText | None])
def test_a_field_within_a_field_is_looked_at_too(inner):
    with pytest.raises(TypeError, match=r"family_name could hold|remark is free text"):
        enter(lines=inner)


@pytest.mark.parametrize("value", ["Anna Muster", "Müller", "a b", "x" * 81, "", "a\nb", "<b>"])
def test_a_code_is_too_narrow_for_what_people_write(value):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, Code)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("Anna Muster", Signature)


def test_every_event_says_what_is_now_true_about_its_subject():
    for each in ESTATE:
        fields = {field.name for field in dataclasses.fields(each)}
        assert kind_of(each).subject in fields, each
        assert re.fullmatch(r"[A-Z].+\.", each.__doc__.strip().splitlines()[0]), each


def test_wire_types_are_owner_name_and_version_and_lead_back_to_the_class():
    seen = set()
    for each in ESTATE:
        for owner, wire_type in zip(kind_of(each).owners, types_of(each), strict=True):
            assert wire_type == f"{owner}.{each.__name__}.v{kind_of(each).version}"
            assert class_of(wire_type) is each
            assert wire_type not in seen
            seen.add(wire_type)
    assert class_of("identity.Nothing.v1") is None


def test_every_owner_of_personal_data_publishes_its_own_receipt():
    assert types_of(PersonalDataErased) == tuple(
        f"{owner}.PersonalDataErased.v1" for owner in OWNERS_OF_PERSONAL_DATA
    )
    assert "gateway" not in OWNERS_OF_PERSONAL_DATA


def test_what_is_no_event_is_in_no_catalogue():
    with pytest.raises(AttributeError):
        kind_of(WithName)


def test_an_event_cannot_be_changed_once_it_was_said():
    said = catalogue.OrganisationRegistered(organisation_id=UUID(int=1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        said.organisation_id = UUID(int=2)


def test_no_encoded_event_of_the_estate_can_hold_an_address():
    """Whatever text a field takes is a Code or a Signature, and a name with a blank is neither."""
    for each in ESTATE:
        hints = [str(field.type) for field in dataclasses.fields(each)]
        assert not any(re.search(r"\bstr\b", hint) for hint in hints), each
    erased = catalogue.TableErased(table="orders", kept=1, reason="statutory")
    assert b'"reason":"statutory"' in bytes(encode_data(erased))


def test_a_time_in_an_event_is_an_instant():
    hints = dataclasses.fields(PersonalDataErased)
    assert [each.name for each in hints if each.type in (datetime, "datetime")] == ["erased_at"]
