"""Fields and schemas of requests and answers: strict in what they take."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
import pycountry
from babel import Locale
from marshmallow import fields, validate

from common.texts import LANGUAGES

_CONTROLS = r"\x00-\x1f\x7f-\x9f"
_CONTROLS_BUT_LINE_ENDS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_EDGE = rf"\s{_CONTROLS}"


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
    pattern = rf"^[^{_EDGE}]([^{_CONTROLS}]*[^{_EDGE}])?$"

    def __init__(self, longest: int = 200, *, shortest: int = 1, **kwargs: Any) -> None:
        extra = kwargs.pop("validate", [])
        own = [extra] if callable(extra) else list(extra)
        if not any(isinstance(each, validate.Regexp) for each in own):
            kwargs["metadata"] = {"pattern": self.pattern, **kwargs.get("metadata", {})}
        super().__init__(validate=[validate.Length(shortest, longest), *own], **kwargs)

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
    pattern = rf"^[^{_EDGE}]([^{_CONTROLS_BUT_LINE_ENDS}]*[^{_EDGE}])?$"

    def __init__(self, longest: int = 10_000, **kwargs: Any) -> None:
        super().__init__(longest, **kwargs)


_ATOM = r"[^\s\x00-\x1f\x7f-\x9f\"(),.:;<>@\[\\\]]+"
_LABEL = r"[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
ADDRESS = rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+[A-Za-z]([0-9A-Za-z-]{{0,61}}[0-9A-Za-z])$"
"""An address as mail servers take it; the document shows exactly what is checked."""


class Email(Line):
    """A mail address."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["metadata"] = {"format": "email", **kwargs.get("metadata", {})}
        valid = validate.Regexp(ADDRESS, error="Is not a valid address.")
        super().__init__(254, validate=valid, **kwargs)


COUNTRIES = tuple(sorted(country.alpha_2 for country in pycountry.countries))


class Country(fields.String):
    """A country by its two letters (ISO 3166-1)."""

    def __init__(self, **kwargs: Any) -> None:
        known = validate.OneOf(COUNTRIES, error="Not a country code of ISO 3166-1.")
        super().__init__(validate=known, **kwargs)

    def named(self, language: str) -> dict[str, str]:
        """Every country, as it is called in a language."""
        territories = Locale(language).territories
        return {country: territories[country] for country in COUNTRIES}


class Language(fields.String):
    """One of the portal's languages."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(LANGUAGES), **kwargs)

    def named(self, _: str) -> dict[str, str]:
        """Every language, as those who speak it call it."""
        return {each: str(Locale(each).get_display_name(each)) for each in LANGUAGES}


class Truth(fields.Boolean):
    """True or false, sent as such: neither 0 nor "yes"."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Count(fields.Integer):
    """A whole number within bounds, sent as a number."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(least, most), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool | str):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Instant(fields.AwareDateTime):
    """An instant: with an offset on the way in, in UTC with Z on the way out."""

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            return super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error


class Problem(Answer):
    """RFC 9457: what went wrong, and what to change."""

    type = fields.String(metadata={"format": "uri-reference"}, required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    trace_id = fields.String(required=True)
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))
