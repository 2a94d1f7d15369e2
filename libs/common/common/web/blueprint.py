"""flask-smorest with strict JSON."""

from __future__ import annotations

import http
from typing import Any

import flask_smorest
import msgspec
from flask_smorest import Api
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, HTTPException

from common.refusals import UnsupportedContent
from common.web import problems
from common.web.schemas import Problem


class _StrictParser(FlaskParser):
    """JSON by the book: no NaN, no lone surrogates, no endless numbers, no endless nesting.

    A query is as strict as a body: a misspelt filter is an error, not a list of everything.
    """

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": None}

    def _raw_load_json(self, req: Any) -> Any:
        body = req.get_data(cache=True)
        if not body:
            return super()._raw_load_json(req)
        if not req.is_json:
            raise UnsupportedContent("Send application/json.")
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise BadRequest("The body is not valid JSON.") from error


class Blueprint(flask_smorest.Blueprint):
    """Routes of a service; who may call them and the headers they need are in the document too."""

    ARGUMENTS_PARSER = _StrictParser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(_document_access)

    def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
        """Register a route, and remember whether it is about one thing that has a version."""
        self._about_one_thing = "<" in rule
        super().add_url_rule(rule, *args, **options)

    def _store_endpoint_docs(self, endpoint: str, obj: Any, *args: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, *args, **options)
        for method, doc in self._docs[endpoint].items():
            if method != "parameters":
                doc["portal"] = {
                    "public": getattr(obj, "__access__", "") == "public",
                    "idempotent": getattr(obj, "__idempotent__", False),
                    "changes": method in ("put", "patch")
                    or (self._about_one_thing and method != "get"),
                }


def _document_access(doc: Any, doc_info: Any, **_: Any) -> Any:
    facts = doc_info["portal"]
    doc["security"] = [] if facts["public"] else [{"token": []}]
    headers = [_IDEMPOTENCY_KEY] if facts["idempotent"] else []
    if facts["changes"] and not facts["public"] and not facts["idempotent"]:
        headers.append(_IF_MATCH)
    doc["parameters"] = [*doc.get("parameters", []), *headers]
    return doc


_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "The same key and body get the stored answer.",
    "schema": {"type": "string", "pattern": "^[!-~]{8,100}$"},
}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "description": "ETag of what is changed, where it has one: 428 without, 412 when stale.",
    "schema": {"type": "string"},
}


class PortalApi(Api):
    """OpenAPI 3.1 at /openapi.json; flask-smorest's own errors become problems too."""

    ERROR_SCHEMA = Problem

    def handle_http_exception(self, error: HTTPException) -> Any:
        """Answer with problem+json."""
        return problems.http_problem(error)

    def _register_responses(self) -> None:
        """Document errors as what they are: flask-smorest would call them application/json."""
        names = {status.name: status.phrase for status in http.HTTPStatus}
        for name, phrase in {**names, "DEFAULT_ERROR": "What went wrong"}.items():
            content = {problems.CONTENT_TYPE: {"schema": Problem}}
            self.spec.components.response(
                name, {"description": phrase, "content": content}, lazy=True
            )
