"""Errors as RFC 9457 problem+json, for every status; status codes stand only here."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, current_app, json
from sqlalchemy.exc import ProgrammingError
from werkzeug.exceptions import HTTPException, InternalServerError

from common.db import is_lost, is_passing
from common.logs import log
from common.refusals import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PreconditionMissing,
    Refusal,
    Stale,
    TooLarge,
    TooMany,
    Unavailable,
    UnsupportedContent,
)
from common.tracing import trace_id
from common.web.reader import reader_language

# fmt: off
STATUS: dict[type[Refusal], int] = {
    Invalid:             422,
    NotSignedIn:         401,
    NotAllowed:          403,
    NotFound:            404,
    Conflict:            409,
    Stale:               412,
    TooLarge:            413,
    UnsupportedContent:  415,
    PreconditionMissing: 428,
    TooMany:             429,
    Unavailable:         503,
}
# fmt: on
CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 5


def register(app: Flask) -> None:
    """Answer every error of an app with a problem."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, http_problem)
    app.register_error_handler(Exception, unexpected)


def refused(error: Refusal) -> Response:
    """A refusal of our own rules."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    title = type(error).title.say(reader_language())
    response = _problem(
        _slug(type(error).__name__), title, status, str(error), getattr(error, "errors", None)
    )
    if status in (429, 503):
        response.headers["Retry-After"] = str(error.retry_after or RETRY_SECONDS)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="portal"'
    return response


def http_problem(error: HTTPException) -> Response:
    """An error of the framework, validation included."""
    messages = (getattr(error, "data", None) or {}).get("messages")
    if messages is not None:
        return refused(Invalid("Some fields do not fit.", dict(_pointers(messages))))
    response = _problem(
        _slug(error.name), error.name, error.code or 500, error.description or "", None
    )
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def unexpected(error: Exception) -> Response:
    """Whatever nobody expected: 503 when trying again helps, else 500, without any detail."""
    if is_lost(error):
        log.warning("the database is out of reach", exc_info=error)
        return refused(Unavailable("The service cannot reach its database."))
    if isinstance(error, ProgrammingError) and (lacking := _lacking()):
        log.warning("asked before it is ready", reason=lacking)
        return refused(Unavailable("The service is not ready yet."))
    if is_passing(error):
        log.warning("two transactions were in each other's way", exc_info=error)
        return refused(Unavailable("Somebody else was changing the same."))
    log.error("unexpected error", exc_info=error)
    return http_problem(InternalServerError("The fault is ours and has been logged."))


def _lacking() -> str | None:
    """What the service waits for, where a statement named what the database does not have."""
    runtime = current_app.extensions.get("runtime")
    return runtime.not_ready() if runtime else None


def _problem(
    slug: str, title: str, status: int, detail: str, errors: dict[str, str] | None
) -> Response:
    body: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "trace_id": trace_id(),
    }
    if errors:
        body["errors"] = [{"pointer": at, "detail": text} for at, text in errors.items()]
    return Response(json.dumps(body), status, content_type=CONTENT_TYPE)


def _pointers(messages: Any, path: str = "") -> list[tuple[str, str]]:
    """Marshmallow's nested messages as JSON pointers; the place (json, query) is left out."""
    if isinstance(messages, dict):
        flat = []
        for key, inner in messages.items():
            skip = not path and key in ("json", "query", "form", "files", "headers")
            name = str(key).replace("~", "~0").replace("/", "~1")[:80]
            flat += _pointers(inner, path if skip or key == "_schema" else f"{path}/{name}")
        return flat
    texts = messages if isinstance(messages, list) else [messages]
    return [(path, " ".join(str(text) for text in texts))]


def _slug(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|\s+", "-", name).lower()
