"""flask-smorest with strict JSON."""

from __future__ import annotations

from typing import Any

import flask_smorest
import msgspec
from flask_smorest import Api
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, HTTPException

from common.refusals import UnsupportedContent
from common.web import problems


class _StrictParser(FlaskParser):
    """JSON by the book: no NaN, no lone surrogates, no endless numbers, no endless nesting."""

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
    """Routes of a service."""

    ARGUMENTS_PARSER = _StrictParser()


class PortalApi(Api):
    """OpenAPI 3.1 at /openapi.json; flask-smorest's own errors become problems too."""

    def handle_http_exception(self, error: HTTPException) -> Any:
        """Answer with problem+json."""
        return problems.http_problem(error)
