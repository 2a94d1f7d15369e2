"""Uploaded forms: multipart only, files and fields together, each given once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from flask import Request
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import CombinedMultiDict

from common import web
from common.refusals import Invalid, UnsupportedContent
from uploads.rules import HEAD_BYTES

PARTS_AT_MOST = 10
_CHUNK_BYTES = 1 << 20


class _FormParser(FlaskParser):
    """Reads a form whose files werkzeug has put, as they came in, into temporary files."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "files": RAISE,
        "query": RAISE,
    }

    def load_files(self, req: Request, schema: Schema) -> Any:
        """Fields and files of a multipart form; another body would be read into memory whole."""
        if req.mimetype != "multipart/form-data":
            raise UnsupportedContent("Send multipart/form-data.")
        req.max_form_parts = PARTS_AT_MOST
        parts: CombinedMultiDict[str, Any] = CombinedMultiDict([req.form, req.files])
        twice = [str(name) for name, values in parts.lists() if len(values) > 1]
        if twice:
            known = {f"/{name}": "Give this once." for name in twice if name in schema.fields}
            raise Invalid("Give every part of the form once.", known)
        return self._makeproxy(parts, schema)


class Blueprint(web.Blueprint):
    """Routes that take forms."""

    ARGUMENTS_PARSER = _FormParser()  # type: ignore[assignment]


@dataclass(frozen=True)
class Measured:
    """What a pass over a file's content tells."""

    head: bytes
    size_bytes: int
    sha256: str


def measure(content: BinaryIO) -> Measured:
    """Read content once, a chunk at a time, and go back to its beginning."""
    digest, size_bytes = hashlib.sha256(), 0
    head = content.read(HEAD_BYTES)
    chunk = head
    while chunk:
        digest.update(chunk)
        size_bytes += len(chunk)
        chunk = content.read(_CHUNK_BYTES)
    content.seek(0)
    return Measured(head, size_bytes, digest.hexdigest())
