"""Requests and answers of uploads."""

from __future__ import annotations

import re
from typing import Any

from flask_smorest.fields import Upload
from marshmallow import ValidationError, fields, validate
from werkzeug.datastructures import FileStorage

from common.web.schemas import Answer, Instant, Request
from uploads.rules import CURRENT_DECLARATION, MediaType, fault_of_name

_ESCAPED = re.compile(r'\\[\\"]')


class File(Upload):
    """A file with a name that can be kept as it is."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> FileStorage:
        if not isinstance(value, FileStorage):
            raise ValidationError("Must be a file.")
        name = value.filename or ""
        if "\\" in _ESCAPED.sub("", value.headers.get("Content-Disposition", "")):
            name = "\\"  # it had one, which werkzeug took for an escape and dropped
        if fault := fault_of_name(name):
            raise ValidationError(fault)
        return value


class NewDocument(Request):
    """A file, and the version of the rights declaration that its uploader has seen (S53, S56)."""

    file = File(required=True)
    declaration = fields.String(
        required=True,
        validate=validate.OneOf(
            [CURRENT_DECLARATION], error="Declare the current version of the rights declaration."
        ),
    )


class DocumentView(Answer):
    """A document as everybody of the organisation sees it (S54)."""

    id = fields.UUID()
    file_name = fields.String()
    media_type = fields.Enum(MediaType, by_value=True)
    size_bytes = fields.Integer()
    sha256 = fields.String()
    uploader_id = fields.UUID()
    uploaded_at = Instant()
    declaration_version = fields.String()
    declared_at = Instant()


class TextView(Answer):
    """One text in the languages of the portal."""

    en = fields.String()
    nl = fields.String()
    de = fields.String()


class DeclarationView(Answer):
    """What is declared with an upload, and who will see the file (S54, S56)."""

    version = fields.String()
    text = fields.Nested(TextView)
    visibility = fields.Nested(TextView)
