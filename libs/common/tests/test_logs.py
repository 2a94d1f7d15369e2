"""What a log line may hold: what it may not hold does not get out, whoever writes it."""

import io
import json
import logging
from pathlib import Path

import pytest
import structlog

from common import logs
from common.logs import FIELDS, log

PERSON = "Anna Muster <anna@example.com>"


@pytest.fixture
def lines():
    """Function that returns the lines written so far."""
    stream = io.StringIO()
    structlog.contextvars.clear_contextvars()
    logs.configure("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.contextvars.clear_contextvars()
    logs.configure()


def fall():
    try:
        raise KeyError(PERSON)
    except KeyError as error:
        raise ValueError(f"no such person: {PERSON}") from error


def test_a_line_is_one_json_object_with_message_level_and_time(lines):
    log.info("event handled", subscription="shop.freeze_carts", outcome="ok", seconds=0.012)
    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "message": "event handled",
        "level": "info",
        "subscription": "shop.freeze_carts",
        "outcome": "ok",
        "seconds": 0.012,
    }


def test_a_field_that_is_not_on_the_list_is_named_and_its_value_does_not_get_out(lines):
    log.warning("mail refused", recipient=PERSON, status=550)
    (line,) = lines()
    assert line["dropped_fields"] == ["recipient"]
    assert line["status"] == 550
    assert PERSON not in json.dumps(line)


def test_a_field_bound_to_the_context_passes_the_same_list(lines):
    structlog.contextvars.bind_contextvars(service="shop", customer=PERSON)
    log.bind(label=PERSON).info("request answered")
    (line,) = lines()
    assert line["service"] == "shop"
    assert line["dropped_fields"] == ["customer", "label"]
    assert PERSON not in json.dumps(line)


@pytest.mark.parametrize("field", ["name", "email", "address", "body", "phone", "detail", "event"])
def test_no_listed_field_speaks_of_a_person(field):
    assert field not in FIELDS


def test_an_exception_gets_out_as_its_class_and_places_only(lines):
    try:
        fall()
    except ValueError as error:
        log.error("unexpected error", exc_info=error)
    (line,) = lines()
    assert line["error"] == "ValueError"
    assert line["stack"][-1].endswith(" fall")
    assert PERSON not in json.dumps(line)


def test_an_exception_that_is_being_handled_is_treated_the_same(lines):
    try:
        fall()
    except ValueError:
        log.exception("unexpected error")
    (line,) = lines()
    assert line["error"] == "ValueError"
    assert PERSON not in json.dumps(line)


def test_a_line_of_a_library_keeps_its_constant_part_alone(lines):
    logging.getLogger("somelib").warning("no answer from %s for %s", "smtp.example.com", PERSON)
    (line,) = lines()
    assert line["message"] == "no answer from %s for %s"
    assert (line["level"], line["logger"]) == ("warning", "somelib")
    assert "example.com" not in json.dumps(line)


def test_an_exception_of_a_library_keeps_its_class_alone(lines):
    try:
        fall()
    except ValueError:
        logging.getLogger("somelib").exception("failed")
    (line,) = lines()
    assert (line["error"], line["logger"]) == ("ValueError", "somelib")
    assert PERSON not in json.dumps(line)


def test_a_library_is_quiet_below_warning_and_we_below_the_level_set(lines):
    logging.getLogger("somelib").info("chatter")
    log.debug("detail")
    assert lines() == []


def test_a_value_that_json_does_not_know_does_not_stop_the_program(lines):
    log.info("odd", file=Path("/home/anna"))
    (line,) = lines()
    assert line["file"] == "PosixPath"
