"""The app factory: request id, sign-in, errors, health, one log line and one metric a request."""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from uuid import UUID

import structlog
from flask import Flask, Response, current_app, g, request
from flask_swagger_ui import get_swaggerui_blueprint
from opentelemetry.trace import SpanKind
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix

from common.ids import uuid7
from common.logs import log
from common.messaging.outbox import Cause
from common.metrics import REQUESTS
from common.privacy.audit import write_shown
from common.refusals import AccountNotActive, Unavailable
from common.tracing import answered, span, trace_id
from common.web import problems
from common.web.access import Principal, person_behind, public, require_standing, service_behind
from common.web.blueprint import PortalApi
from common.web.standing import AccountStanding, Standing

MAX_BODY = 1_000_000
SCOPE_STANDING = "standing:read"


def create_app(runtime: Any, *shared: ModuleType) -> Flask:
    """Make the web application of a service from the routes module of its parts.

    shared: modules with routes and a policy that every service has.
    """
    app = Flask(runtime.name, static_folder=None)
    app.config.update(
        API_TITLE=f"Portal: {runtime.name}",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=getattr(runtime.settings, "max_body_bytes", MAX_BODY),
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["runtime"] = runtime
    app.extensions["policy"] = ChainMap(
        getattr(runtime.parts["rules"], "POLICY", {}), *(each.POLICY for each in shared)
    )
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    observe(app)
    app.before_request(_sign_in)
    api = PortalApi(app, spec_kwargs={"components": {"securitySchemes": _SCHEMES}})
    api.register_blueprint(runtime.parts["routes"].bp)
    for each in shared:
        api.register_blueprint(each.bp)
    docs = get_swaggerui_blueprint("/docs", "../openapi.json", config={"validatorUrl": None})
    app.register_blueprint(docs, url_prefix="/docs")
    _add_health(app)
    problems.register(app)
    return app


def observe(app: Flask) -> None:
    """Give every request an id, a span, a log line, a metric and safe headers."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_end)


_SCHEMES = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
_CONTENT_POLICY = "default-src 'self'; frame-ancestors 'none'; form-action 'self'"
_DOCUMENTATION = ("api-docs.", "swagger_ui.")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def runtime() -> Any:
    """Runtime of the service that is answering."""
    return current_app.extensions["runtime"]


def principal() -> Principal:
    """Who is signed in."""
    person: Principal = g.principal
    return person


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work of this request; part of the surrounding one where there is one."""
    if "session" in g:
        yield g.session
        return
    here = runtime()
    with here.db.transaction(runtime=here, cause=g.cause) as session:
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """Reads of this request; writes nothing but, at the end, whose rows they were (S12, S24)."""
    here = runtime()
    with here.db.reading(runtime=here, cause=g.cause) as session:
        yield session
        write_shown(session)


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = str(uuid7())
    route = str(request.url_rule or "unknown")
    g.span = span(
        f"{_method()} {route}",
        request.headers.get("traceparent"),
        SpanKind.SERVER,
        {"http.request.method": _method(), "http.route": route},
    )
    g.span.__enter__()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        service=current_app.name, request_id=g.request_id, trace_id=trace_id()
    )


def _sign_in() -> None:
    """Deny by default: a route is public, internal, or for people whose account is active."""
    g.cause = Cause("anonymous", g.request_id)
    g.policy = current_app.extensions["policy"]
    if request.endpoint is None or request.endpoint.startswith(_DOCUMENTATION):
        return
    here = runtime()
    view = current_app.view_functions[request.endpoint]
    access = getattr(view, "__access__", "people")
    if access == "public":
        return
    if access.startswith("internal:"):
        caller = service_behind(here.keys, access.removeprefix("internal:"), here.clock.now())
        g.cause = Cause(f"service:{caller}", g.request_id)
        return
    person = person_behind(here.keys, here.clock.now())
    with here.db.reading(runtime=here) as session:
        require_standing(session, person, _ask_identity, spared=hasattr(view, "__spared__"))
    g.principal = person
    g.cause = Cause(str(person.account_id), g.request_id)


def _ask_identity(_: Session, account_id: UUID) -> AccountStanding:
    """Standing of an account no event has told us of; fails closed."""
    here = runtime()
    if here.name == "identity":
        raise AccountNotActive("This account is unknown.")
    answer = here.peer("identity").call("GET", f"/internal/standing/{account_id}", SCOPE_STANDING)
    if answer is None:
        raise AccountNotActive("This account is unknown.")
    return AccountStanding(
        account_id=account_id,
        organisation_id=UUID(answer["organisation_id"]) if answer["organisation_id"] else None,
        state=Standing(answer["state"]),
        epoch=answer["epoch"],
        sequence=0,
    )


def _finish(response: Response) -> Response:
    row = g.get("authorised")
    if row is not None and response.is_sequence and response.status_code < 300:
        version = getattr(row, "version", None)
        if version is not None:
            response.set_etag(str(version))
    response.headers["X-Request-Id"] = g.get("request_id", "")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    if not (request.endpoint or "").startswith(_DOCUMENTATION):
        response.headers.setdefault("Content-Security-Policy", _CONTENT_POLICY)
    route = str(request.url_rule) if request.url_rule else "unknown"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    labels = (current_app.name, route, _method(), str(response.status_code))
    answered(response.status_code)
    REQUESTS.labels(*labels).observe(seconds)
    log.info(
        "request answered",
        route=route,
        method=_method(),
        status=response.status_code,
        seconds=round(seconds, 4),
    )
    return response


def _method() -> str:
    """Method of the request; a caller may make one up, and metrics and logs must not repeat it."""
    return request.method if request.method in _METHODS else "other"


def _end(_: BaseException | None) -> None:
    if (entered := g.pop("span", None)) is not None:
        entered.__exit__(None, None, None)
    structlog.contextvars.clear_contextvars()


def _add_health(app: Flask) -> None:
    @app.get("/healthz")
    @public
    def healthz() -> dict[str, str]:
        """Say that the process answers; touches nothing."""
        return {"status": "ok"}

    @app.get("/readyz")
    @public
    def readyz() -> dict[str, str]:
        """Say whether database and migrations are there."""
        missing = runtime().not_ready()
        if missing:
            raise Unavailable(missing)
        return {"status": "ready"}
