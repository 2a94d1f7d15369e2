"""Pages for people who follow a mailed link, and the way through to the services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from flask import Blueprint, Response, current_app, render_template, request
from markdown_it import MarkdownIt
from markupsafe import Markup

from common.refusals import NotFound, Unavailable
from common.tracing import traceparent
from common.web import reader_language
from common.web.schemas import Country
from gateway.texts import PAGES

HERE = Path(__file__).parent
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "server", "date",
})  # fmt: skip
"""Headers that belong to one connection."""
OURS = frozenset({
    "host", "content-length", "traceparent", "x-forwarded-for", "x-forwarded-host",
    "x-forwarded-proto", "x-forwarded-prefix",
})  # fmt: skip
"""Headers of a request that only the gateway may say."""

ENTERED = ("given_name", "family_name", "country")
"""What an invited person enters beside the password; shown again when something does not fit."""

MARKDOWN = MarkdownIt("commonmark", {"html": False})
"""What notices are written in; tags in them are text."""

bp = Blueprint("gateway", __name__)


@bp.get("/")
def start() -> str:
    """Say what is here."""
    return _page("start.html", services=sorted(current_app.extensions["upstreams"]))


@bp.get("/confirm")
def ask_to_confirm() -> str:
    """Show a button: a link that mail scanners open must not confirm anything."""
    return _page("form.html", page="confirm", token=request.args.get("token", ""))


@bp.post("/confirm")
def confirm() -> tuple[str, int]:
    """Confirm the address of a registration."""
    return _send("confirm", "/registrations/confirmation", {"token": request.form["token"]})


@bp.get("/address")
def ask_to_take_address() -> str:
    """Show a button: a link that mail scanners open must not change an address."""
    return _page("form.html", page="address", token=request.args.get("token", ""))


@bp.post("/address")
def take_address() -> tuple[str, int]:
    """Take the new address of an account."""
    return _send("address", "/accounts/address-confirmation", {"token": request.form["token"]})


@bp.get("/objection/<token>")
def ask_for_objection(token: str) -> str:
    """Show a button: a link that mail scanners open must not object for anybody."""
    return _page("form.html", page="objection", token=token)


@bp.post("/objection/<token>")
def raise_objection(token: str) -> tuple[str, int]:
    """Object to advertising; mail programs do it with one click on the mailed URL (RFC 8058)."""
    return _send("objection", "/advertising-objections", {"token": token})


@bp.get("/request")
def ask_to_follow() -> str:
    """Show a button: a link that mail scanners open must not confirm a request."""
    return _page("form.html", page="request", token=request.args.get("token", ""))


@bp.post("/request")
def follow() -> tuple[str, int]:
    """Show how a request for a right stands, to who was mailed the link (S2)."""
    return _send("request", "/rights-requests/follow", {"token": request.form["token"]})


@bp.get("/password")
def ask_for_password() -> str:
    """Ask for a new password."""
    return _page("form.html", page="password", token=request.args.get("token", ""))


@bp.post("/password")
def set_password() -> tuple[str, int]:
    """Set the password with the mailed token."""
    sent = {"token": request.form["token"], "password": request.form["password"]}
    return _send("password", "/passwords", sent)


@bp.get("/invitation")
def ask_to_accept() -> str:
    """Ask the invited person for what an account needs."""
    return _page("form.html", page="invitation", token=request.args.get("token", ""), entered={})


@bp.post("/invitation")
def accept() -> tuple[str, int]:
    """Open the account that somebody was invited to."""
    sent = {name: request.form.get(name, "") for name in ("token", *ENTERED, "password")}
    return _send("invitation", "/invitations/acceptance", {**sent, "language": reader_language()})


@bp.get("/privacy")
def show_notice() -> tuple[str, int]:
    """Show the privacy notice, of any version, or the one in force for a country (S1)."""
    version = quote(request.args.get("version", "current"), safe="")
    asked = {"country": request.args["country"]} if "country" in request.args else {}
    answer = _ask_identity("GET", f"/notices/{version}", params=asked)
    if answer.is_client_error:
        raise NotFound()
    if answer.is_error:
        raise Unavailable("identity cannot tell.")
    notice = answer.json()
    text = Markup(MARKDOWN.render(notice["text"]))  # noqa: S704 - tags in it are escaped
    return _page("privacy.html", notice=notice, text=text), 200


@bp.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
def readyz() -> dict[str, str]:
    """The gateway needs nothing of its own to be ready."""
    return {"status": "ready"}


@bp.route("/api/<service>/", defaults={"path": ""}, methods=METHODS)
@bp.route("/api/<service>/<path:path>", methods=METHODS)
def hand_on(service: str, path: str) -> Response:
    """Hand a request to a service, and its answer back, both as streams."""
    if service not in current_app.extensions["upstreams"] or not _is_for_people(path):
        raise NotFound()
    client: httpx.Client = current_app.extensions["upstreams"][service]
    asked = client.build_request(
        request.method,
        f"/{path}",
        params=request.query_string or None,
        headers=_forwarded(service),
        content=_body(),
    )
    answer = _sent(client, service, asked)
    headers = [(k, v) for k, v in answer.headers.multi_items() if k.lower() not in HOP_BY_HOP]
    response = Response(_chunks(answer), answer.status_code, headers)
    response.call_on_close(answer.close)
    return response


def _is_for_people(path: str) -> bool:
    """Whether a path leads to no route between services, not even around a corner (`./`, `../`)."""
    parts = [part for part in path.split("/") if part]
    return parts[:1] != ["internal"] and not {".", ".."} & set(parts)


def _forwarded(service: str) -> list[tuple[str, str]]:
    kept = [(k, v) for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP | OURS]
    kept += [
        ("X-Forwarded-For", request.remote_addr or ""),
        ("X-Forwarded-Host", request.host),
        ("X-Forwarded-Proto", request.scheme),
        ("X-Forwarded-Prefix", f"/api/{service}"),
    ]
    if (context := traceparent()) is not None:
        kept.append(("traceparent", context))
    if request.content_length is not None:
        kept.append(("Content-Length", str(request.content_length)))
    return kept


def _body() -> Iterator[bytes] | None:
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return None
    return iter(lambda: request.stream.read(65536), b"")


def _sent(client: httpx.Client, service: str, asked: httpx.Request) -> httpx.Response:
    try:
        return client.send(asked, stream=True)
    except httpx.HTTPError as error:
        raise Unavailable(f"{service} does not answer.") from error


def _chunks(answer: httpx.Response) -> Iterator[bytes]:
    yield from answer.iter_raw()


def _ask_identity(method: str, path: str, **sent: Any) -> httpx.Response:
    """What identity answers, in the reader's language."""
    client: httpx.Client = current_app.extensions["upstreams"]["identity"]
    headers = {
        "Accept-Language": reader_language(),
        "X-Forwarded-For": request.remote_addr or "",
    }
    answer = _sent(client, "identity", client.build_request(method, path, headers=headers, **sent))
    answer.read()
    return answer


def _page(template: str, **values: Any) -> str:
    language = reader_language()
    texts = {name: text.say(language) for name, text in PAGES.items()}
    countries = _countries(language) if values.get("page") == "invitation" else ()
    return render_template(template, language=language, texts=texts, countries=countries, **values)


def _countries(language: str) -> list[tuple[str, str]]:
    """Codes and names of countries, by name."""
    return sorted(Country().named(language).items(), key=lambda each: each[1])


def _send(page: str, path: str, body: dict[str, str]) -> tuple[str, int]:
    """Send what a form holds to identity and show how it went, in the reader's language."""
    answer = _ask_identity("POST", path, json=body)
    if answer.is_success:
        told = answer.json() if answer.content else None
        return _page("done.html", page=page, told=told), 200
    problem = answer.json()
    notes = [each["detail"] for each in problem.get("errors", ())] or [problem.get("detail", "")]
    entered = {name: body.get(name, "") for name in ENTERED}
    shown = {"token": body["token"], "entered": entered, "title": problem["title"], "notes": notes}
    return _page("form.html", page=page, **shown), answer.status_code
