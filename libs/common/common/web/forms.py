"""What people are told about the fields of a form, from the schema that checks them (S5, S59)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate
from sqlalchemy.orm import InstrumentedAttribute

from common.privacy.personal import About, facts_of
from common.privacy.purposes import PURPOSES
from common.texts import Text
from common.web.schemas import Answer, Country, Language, Paragraphs

KINDS = ("text", "paragraphs", "email", "password", "choice", "uuid", "list")


def asked(
    column: InstrumentedAttribute[Any],
    label: Text,
    *,
    free_text: bool = False,
    names: Mapping[Any, Text] | None = None,
) -> dict[str, Any]:
    """Metadata of a field that people fill in: its label, and the facts of the column it goes to.

    The facts of a personal column stand in OpenAPI, too, as `x-personal-data`; any other column
    shares its table's purpose and retention. free_text: people may write whatever they like.
    names: how the values of an enum are called.
    """
    shared: About = column.class_.__personal__
    own = facts_of(column.property.columns[0], shared)
    told = {
        "label": label,
        "free_text": free_text,
        "names": names,
        "purpose": shared.purpose,
        "retention": shared.keep,
    }
    if own is None:
        return told
    facts = {
        "category": own.category.value,
        "purpose": own.purpose,
        "basis": own.basis.value,
        "retention": own.keep,
    }
    return {**told, "x-personal-data": facts}


def described(form: ma.Schema, kept: Mapping[str, Text], language: str) -> list[dict[str, Any]]:
    """Each field of a form as people are told of it, those of a list by their path.

    kept: what is said of each retention rule that a column names.
    Source: S5 (what is needed is marked; purpose, basis and retention of each field).
    """
    told = []
    for name, field in form.fields.items():
        told.append({"name": name, **_described(field, kept, language)})
        if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
            parts = described(field.inner.schema, kept, language)
            told += [{**part, "name": f"{name}.{part['name']}"} for part in parts]
    return told


def _described(field: fields.Field[Any], kept: Mapping[str, Text], language: str) -> dict[str, Any]:
    told = field.metadata
    facts = {"category": None, "basis": None, **told, **told.get("x-personal-data", {})}
    length = next((each for each in field.validators if isinstance(each, validate.Length)), None)
    named = _named(field, language)
    return {
        "label": facts["label"].say(language),
        "required": field.required,
        "kind": "choice" if named else _kind(field),
        "shortest": length.min if length else None,
        "longest": length.max if length else None,
        "options": [{"value": value, "label": label} for value, label in named.items()],
        "free_text": facts["free_text"],
        "category": facts["category"],
        "purpose": PURPOSES[facts["purpose"]].say(language),
        "basis": facts["basis"],
        "retention": kept[facts["retention"]].say(language),
    }


def _named(field: fields.Field[Any], language: str) -> dict[str, str]:
    """Values of a closed set and how each is called; nothing where there is no such set."""
    if isinstance(field, Country | Language):
        return field.named(language)
    if isinstance(field, fields.Enum):
        return {each.value: field.metadata["names"][each].say(language) for each in field.enum}
    return {}


def _kind(field: fields.Field[Any]) -> str:
    for kind, name in ((fields.List, "list"), (fields.UUID, "uuid"), (Paragraphs, "paragraphs")):
        if isinstance(field, kind):
            return name
    text: str = field.metadata.get("format", "text")
    return text


class Option(Answer):
    """One of the values a field takes."""

    value = fields.String()
    label = fields.String()


class FieldView(Answer):
    """What people are told about a field before they fill it in, in their language.

    shortest, longest: characters of a text, entries of a list. category, basis: null where a field
    says nothing about a person.
    """

    name = fields.String()
    label = fields.String()
    required = fields.Boolean()
    kind = fields.String(validate=validate.OneOf(KINDS))
    shortest = fields.Integer(allow_none=True)
    longest = fields.Integer(allow_none=True)
    options = fields.List(fields.Nested(Option))
    free_text = fields.Boolean()
    category = fields.String(allow_none=True)
    purpose = fields.String()
    basis = fields.String(allow_none=True)
    retention = fields.String()


class FormView(Answer):
    """The fields of a form."""

    fields_ = fields.List(fields.Nested(FieldView), data_key="fields")
