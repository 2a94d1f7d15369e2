"""Every error is a problem (RFC 9457), says what to do, and tells nothing it should not."""

import json
import re

import psycopg
import pytest
import sqlalchemy as sa
from werkzeug.exceptions import HTTPException, TooManyRequests

from common import refusals
from common.refusals import IllegalTransition, Refusal
from common.web.problems import CONTENT_TYPE, STATUS
from sample import routes

PERSON = "Anna Muster"


def require_problem(answer, status, kind):
    """The answer is a problem of this status and type; return it."""
    assert (answer.status_code, answer.content_type) == (status, CONTENT_TYPE)
    body = json.loads(answer.get_data(as_text=True))
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "trace_id"}
    assert body["type"] == f"/problems/{kind}"
    assert body["status"] == status
    assert body["title"]
    assert re.fullmatch(r"[0-9a-f]{32}", body["trace_id"])
    assert answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return body


@pytest.fixture
def failing(shared, monkeypatch):
    """Function that lets GET /parcels raise, and returns the answer."""

    def answer(error, **headers):
        def raising():
            raise error

        monkeypatch.setattr(routes, "reading", raising)
        return shared.sign_in().get("/parcels", headers=headers)

    return answer


# ---------------------------------------------------------------------------- our own refusals


@pytest.mark.parametrize(
    ("refusal", "status"), STATUS.items(), ids=lambda each: getattr(each, "__name__", each)
)
def test_every_refusal_has_its_status_and_its_type_for_ever(failing, refusal, status):
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", refusal.__name__).lower()
    body = require_problem(failing(refusal("What to do.")), status, kind)
    assert body["detail"] == "What to do."


def test_every_kind_of_refusal_leads_to_a_status():
    kinds = [each for each in vars(refusals).values() if isinstance(each, type)]
    kinds = [each for each in kinds if issubclass(each, Refusal) and each is not Refusal]
    assert len(kinds) >= len(STATUS)
    for each in kinds:
        assert any(base in STATUS for base in each.__mro__), each
        assert len({each.title.en, each.title.nl, each.title.de}) > 1


def test_a_refusal_made_by_a_service_has_its_own_type_and_the_status_of_its_kind(failing):
    class SeatTaken(refusals.Conflict):
        title = refusals.Text("The seat is taken", "De plaats is bezet", "Der Platz ist vergeben")

    body = require_problem(failing(SeatTaken()), 409, "seat-taken")
    assert body["title"] == "The seat is taken"


@pytest.mark.parametrize(
    ("accepted", "title"),
    [
        ("nl", "Deze stap is nu niet mogelijk"),
        ("de-AT,de;q=0.9,en;q=0.5", "Dieser Schritt ist jetzt nicht möglich"),
        ("fr", "This step is not possible now"),
        ("", "This step is not possible now"),
        ("*", "This step is not possible now"),
        ("de;q=zero, ,;=,x-y-z", "This step is not possible now"),
    ],
)
def test_the_title_is_in_the_language_of_the_reader(failing, accepted, title):
    answer = failing(IllegalTransition(), **{"Accept-Language": accepted})
    assert require_problem(answer, 409, "illegal-transition")["title"] == title


def test_who_comes_too_often_is_told_when_to_come_again(failing):
    assert failing(refusals.TooMany("", retry_after=17)).headers["Retry-After"] == "17"
    assert failing(refusals.Unavailable()).headers["Retry-After"] == "5"


def test_invalid_fields_are_named_by_json_pointers(shared):
    answer = shared.sign_in().post("/parcels", {"weight": "much", "colour/s~": "red"})
    body = require_problem(answer, 422, "invalid")
    assert {each["pointer"] for each in body["errors"]} == {"/label", "/weight", "/colour~1s~0"}
    assert all(each["detail"] for each in body["errors"])
    assert "much" not in json.dumps(body)


# ------------------------------------------------------------------------ the framework's errors


def test_an_unknown_path_is_not_found(shared):
    for caller in (shared.anonymous(), shared.sign_in()):
        body = require_problem(caller.get("/nothing/here"), 404, "not-found")
        assert "/nothing/here" not in body["detail"]


def test_a_wrong_method_names_the_right_ones(shared):
    answer = shared.sign_in().call("DELETE", "/parcels")
    require_problem(answer, 405, "method-not-allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_a_body_that_is_too_large_is_refused_unread(shared):
    label = "x" * 1_000_001
    answer = shared.sign_in().post("/parcels", {"label": label, "weight": 1})
    require_problem(answer, 413, "request-entity-too-large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x"])
def test_another_kind_of_content_is_not_supported(shared, kind):
    body = {"label": "x", "weight": 1}
    answer = shared.sign_in().post("/parcels", data=json.dumps(body), content_type=kind)
    require_problem(answer, 415, "unsupported-content")


@pytest.mark.parametrize("error", [TooManyRequests(retry_after=9), TooManyRequests("Slowly")])
def test_an_error_of_the_framework_is_a_problem_too(failing, error):
    require_problem(failing(error), 429, "too-many-requests")


# --------------------------------------------------------------------------- what nobody expected


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(PERSON),
        KeyError(PERSON),
        ValueError(PERSON),
        AssertionError(PERSON),
        RecursionError(PERSON),
        UnicodeDecodeError("utf-8", PERSON.encode(), 0, 1, PERSON),
        sa.exc.IntegrityError(PERSON, {"name": PERSON}, Exception(PERSON)),
        sa.exc.NoResultFound(PERSON),
    ],
    ids=lambda each: type(each).__name__,
)
def test_an_unexpected_error_says_nothing_of_itself(failing, error):
    body = require_problem(failing(error), 500, "internal-server-error")
    assert body["detail"] == "The fault is ours and has been logged."
    assert PERSON not in json.dumps(body)
    assert type(error).__name__ not in json.dumps(body)


def test_a_database_out_of_reach_is_a_matter_of_waiting(failing):
    lost = sa.exc.OperationalError(PERSON, {}, psycopg.OperationalError("connection refused"))
    answer = failing(lost)
    body = require_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]
    assert PERSON not in json.dumps(body)


def test_an_error_while_nobody_is_signed_in_is_a_problem_too(shared, monkeypatch):
    def fall():
        raise RuntimeError(PERSON)

    monkeypatch.setattr(shared.runtime, "not_ready", fall)
    require_problem(shared.anonymous().get("/readyz"), 500, "internal-server-error")


FRAMEWORK = {
    each.code: each
    for each in HTTPException.__subclasses__()
    if each.code and each.__module__ == HTTPException.__module__  # others have their own, too
}


@pytest.mark.parametrize("code", sorted(code for code in FRAMEWORK if code >= 400))
def test_whatever_the_framework_raises_becomes_a_problem(failing, code):
    answer = failing(FRAMEWORK[code]())
    assert (answer.status_code, answer.content_type) == (code, CONTENT_TYPE)


# -------------------------------------------------------------------------------------- health


def test_health_touches_nothing_and_readiness_says_what_is_missing(shared, monkeypatch):
    assert shared.anonymous().get("/readyz").json == {"status": "ready"}
    monkeypatch.setattr(shared.runtime, "not_ready", lambda: "Migrations are missing.")
    body = require_problem(shared.anonymous().get("/readyz"), 503, "unavailable")
    assert body["detail"] == "Migrations are missing."
    assert shared.anonymous().get("/healthz").json == {"status": "ok"}


def test_a_service_without_its_migrations_names_the_command(sample):
    with sample.runtime.db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    body = require_problem(sample.anonymous().get("/readyz"), 503, "unavailable")
    assert body["detail"] == "Migrations are missing: run `python -m sample migrate`."


@pytest.mark.postgres
def test_who_asks_before_the_migrations_are_there_is_told_to_come_again(sample_on_postgres):
    caller = sample_on_postgres.sign_in()
    with sample_on_postgres.runtime.db.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE account_standing"))
    require_problem(caller.get("/parcels"), 500, "internal-server-error")
    with sample_on_postgres.runtime.db.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
    answer = caller.get("/parcels")
    require_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]
