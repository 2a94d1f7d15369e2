"""Who reads the answer."""

from __future__ import annotations

from flask import request

from common.texts import language_of


def reader_language() -> str:
    """The portal's language that the reader of this answer likes best."""
    return language_of([tag for tag, _ in request.accept_languages])
