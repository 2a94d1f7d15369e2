"""The gateway: what it hands on, what it keeps back, and its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask, Response, jsonify, request
from flask.testing import FlaskClient

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.settings import SettingsError, check
from gateway.app import create_app
from gateway.settings import Settings

UPSTREAMS = ",".join(f"{name}=http://{name}.test" for name in OWNERS_OF_PERSONAL_DATA)


def service() -> Flask:
    """A service that says what it was asked."""
    app = Flask("shop")

    @app.route("/echo/<path:rest>", methods=["GET", "POST", "PATCH", "DELETE"])
    def echo(rest: str) -> Any:
        return jsonify(
            path=rest,
            query=request.query_string.decode(),
            body=request.get_data().decode(),
            prefix=request.headers.get("X-Forwarded-Prefix"),
            forwarded_for=request.headers.get("X-Forwarded-For"),
            authorization=request.headers.get("Authorization"),
        )

    @app.get("/teapot")
    def teapot() -> Response:
        return Response("short and stout", 418, {"ETag": '"7"', "Content-Length": "15"})

    @app.post("/registrations/confirmation")
    def confirm() -> Any:
        if request.json == {"token": "good"}:
            return {"state": "screening"}
        return {"title": "This link is not valid any more", "detail": "Ask for a new one."}, 404

    @app.post("/advertising-objections")
    def objected() -> Any:
        return ("", 204) if request.json == {"token": "good"} else ({"title": "No"}, 404)

    @app.post("/rights-requests/follow")
    def followed() -> Any:
        if request.json != {"token": "good"}:
            return {"title": "This link is not valid any more", "detail": "A newer one."}, 404
        return {
            "state": "refused", "due_on": "2026-04-02", "extended_because": None,
            "refused_because": "We hold no data about you.", "reply": "<b>Sorry</b>",
        }  # fmt: skip

    @app.get("/notices/<version>")
    def notice(version: str) -> Any:
        if version not in ("current", "2026-01-01"):
            return {"title": "Not found"}, 404
        here = request.args.get("country", "*")
        return {
            "version": version,
            "text": f"# Notice for {here}\n\n<script>x</script> and *more*",
            "responsible": {
                "operator": "Lathes Ltd", "address": "1 Road", "email": "a@b", "dpo_email": "d@b",
            },
        }  # fmt: skip

    @app.post("/invitations/acceptance")
    def accept() -> Any:
        if request.json["password"] == "good":
            return jsonify(request.json)
        fault = {"pointer": "/password", "detail": "Too easy to guess."}
        return {"title": "Please correct the marked fields", "errors": [fault]}, 422

    return app


@pytest.fixture
def client() -> Callable[..., FlaskClient]:
    def make(proxies: int = 0, **transports: httpx.BaseTransport) -> FlaskClient:
        reached = {name: httpx.WSGITransport(app=service()) for name in OWNERS_OF_PERSONAL_DATA}
        settings = Settings(upstreams=UPSTREAMS, profile="development", proxies=proxies)
        return create_app(settings, {**reached, **transports}).test_client()

    return make


def test_a_request_reaches_its_service_with_query_body_and_token(client):
    answer = (
        client()
        .post("/api/shop/echo/a%20b?x=1&x=2", data="hello", headers={"Authorization": "Bearer t"})
        .json
    )
    assert answer["path"] == "a b"
    assert answer["query"] == "x=1&x=2"
    assert answer["body"] == "hello"
    assert answer["authorization"] == "Bearer t"
    assert answer["prefix"] == "/api/shop"


def test_the_caller_cannot_say_where_a_request_comes_from(client):
    forged = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Prefix": "/evil"}
    answer = client().get("/api/shop/echo/x", headers=forged).json
    assert answer["forwarded_for"] == "127.0.0.1"
    assert answer["prefix"] == "/api/shop"


def test_what_a_trusted_proxy_adds_is_believed_and_nothing_before_it(client):
    passed_on = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    answer = client(proxies=1).get("/api/shop/echo/x", headers=passed_on).json
    assert answer["forwarded_for"] == "203.0.113.9"


def test_status_headers_and_body_come_back_as_they_were(client):
    answer = client().get("/api/shop/teapot")
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (
        418, b"short and stout", '"7"',
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/shop/internal/names", "/api/nobody/x", "/nowhere"])
def test_what_is_not_for_people_is_not_found(client, path):
    answer = client().get(path)
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_a_service_that_is_away_is_a_503_with_retry_after(client):
    away = httpx.HTTPTransport()

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    away.handle_request = refuse  # type: ignore[method-assign]
    answer = client(shop=away).get("/api/shop/orders")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["type"] == "/problems/unavailable"


def test_a_mailed_link_confirms_nothing_until_the_button_is_pressed(client):
    page = client().get("/confirm?token=good")
    assert page.status_code == 200
    assert 'value="good"' in page.text
    assert "Thank you" in client().post("/confirm", data={"token": "good"}).text


def test_a_link_that_is_used_up_says_so_on_the_page(client):
    page = client().post("/confirm", data={"token": "old"})
    assert page.status_code == 404
    assert "This link is not valid any more" in page.text


def test_one_objects_to_advertising_with_a_button_or_by_the_mail_programs_one_click(client):
    assert "<button>No advertising, please</button>" in client().get("/objection/good").text
    assert "it counts from now on" in client().post("/objection/good", data={"token": "good"}).text
    one_click = {"List-Unsubscribe": "One-Click"}
    assert client().post("/objection/good", data=one_click).status_code == 200
    assert client().post("/objection/bad", data=one_click).status_code == 404


def test_who_has_no_account_follows_a_request_on_a_page(client):
    assert "<button>Your request</button>" in client().get("/request?token=good").text
    shown = client().post("/request", data={"token": "good"}).text
    for said in ("refused", "We hold no data about you.", "&lt;b&gt;Sorry&lt;/b&gt;"):
        assert said in shown
    assert client().post("/request", data={"token": "old"}).status_code == 404


def test_an_invited_person_opens_the_account_on_a_page(client):
    page = client().get("/invitation?token=good", headers={"Accept-Language": "nl"})
    assert "Open uw account" in page.text
    assert '<option value="NL">Nederland</option>' in page.text
    entered = {"token": "good", "given_name": "Ada", "family_name": "B", "country": "NL"}
    refused = client().post("/invitation", data={**entered, "password": "much too short"})
    assert refused.status_code == 422
    assert "Too easy to guess." in refused.text
    assert 'value="Ada"' in refused.text
    assert '<option value="NL" selected>' in refused.text
    assert "much too short" not in refused.text
    assert "Thank you" in client().post("/invitation", data={**entered, "password": "good"}).text


@pytest.mark.parametrize(("language", "title"), [("nl", "Klantportaal"), ("de-AT", "Kundenportal")])
def test_pages_speak_the_readers_language(client, language, title):
    page = client().get("/", headers={"Accept-Language": language})
    assert title in page.text


def test_a_token_in_a_link_is_escaped_on_the_page(client):
    page = client().get("/confirm", query_string={"token": '"><script>x</script>'})
    assert "<script>" not in page.text


@pytest.mark.parametrize("query", ["", "?version=2026-01-01"])
def test_the_privacy_notice_is_a_page_and_tags_in_it_are_text(client, query):
    page = client().get(f"/privacy{query}")
    assert "<h1>Notice for *</h1>" in page.text
    assert "<em>more</em>" in page.text
    assert "<script>" not in page.text
    assert "Lathes Ltd, 1 Road, a@b" in page.text


def test_the_privacy_notice_of_a_country_is_asked_for_and_an_unknown_version_is_not_found(client):
    assert "Notice for CH" in client().get("/privacy?country=CH").text
    assert client().get("/privacy?version=1999-01-01").status_code == 404
    assert client().get("/privacy?version=../contact").status_code == 404


def test_a_start_without_all_services_is_refused():
    with pytest.raises(SettingsError, match="GATEWAY_UPSTREAMS"):
        check(Settings(upstreams="shop=http://shop.test"), "gateway")
