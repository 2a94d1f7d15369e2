"""Fields and schemas of requests and answers: strict in what they take."""

from __future__ import annotations

import unicodedata
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate


class Request(ma.Schema):
    """What is sent to us: an unknown field is an error."""

    class Meta:
        """Options of marshmallow."""

        unknown = ma.RAISE


class Answer(ma.Schema):
    """What we answer."""


class Line(fields.String):
    """One line of text of 1 to `longest` characters, kept exactly as it was sent.

    Control characters, lone surrogates and blank edges are refused, never mended in silence.
    """

    default_error_messages = {
        "control": "Must not contain control characters.",
        "unicode": "Is not valid Unicode text.",
        "blank": "Must not be empty or begin or end with a blank.",
    }
    permitted_controls = ""

    def __init__(self, longest: int = 200, *, shortest: int = 1, **kwargs: Any) -> None:
        extra = kwargs.pop("validate", [])
        checks = [validate.Length(shortest, longest), *([extra] if callable(extra) else extra)]
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        for character in text or "":
            category = unicodedata.category(character)
            if category == "Cs":
                raise self.make_error("unicode")
            if category == "Cc" and character not in self.permitted_controls:
                raise self.make_error("control")
        if text is not None and text != text.strip():
            raise self.make_error("blank")
        return text


class Paragraphs(Line):
    """Text of several lines; line ends and tabs are part of it."""

    permitted_controls = "\n\r\t"

    def __init__(self, longest: int = 10_000, **kwargs: Any) -> None:
        super().__init__(longest, **kwargs)


class Count(fields.Integer):
    """A whole number within bounds, sent as a number."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool | float | str):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Money(Answer):
    """An amount: decimal text and currency."""

    amount = fields.Decimal(as_string=True, required=True)
    currency = fields.String(required=True)
