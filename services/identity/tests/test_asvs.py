"""What ASVS asks of identity and no other test shows (docs/asvs.md)."""

import ast
from pathlib import Path

import sqlalchemy as sa

import common
import identity as product
from identity.models import Account, Base, Organisation

from .factories import PASSWORD
from .second_factors import by_password, somebody
from .surface import routes

SOURCES = [Path(each.__file__).parent for each in (common, product)]
LEAST_BYTES = 16
HINTS = ("hint", "question", "answer", "mother", "pet")


def test_a_new_database_has_no_account_and_no_organisation(identity):
    assert identity.rows(Account) == []
    assert identity.rows(Organisation) == []


def test_a_password_is_as_good_after_ten_years(identity):
    account = somebody(identity)
    identity.clock.advance("P10Y")
    answer = by_password(identity, account, PASSWORD)
    assert answer.status_code == 201
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "refresh_token"}


def test_no_route_takes_or_shows_a_hint_or_a_secret_question(identity):
    document = identity.app.test_client().get("/openapi.json").json
    fields = {
        name
        for schema in document["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    columns = {column.name for table in Base.metadata.sorted_tables for column in table.c}
    assert {"password", "email"} <= fields
    assert [each for each in fields | columns if set(each.split("_")) & set(HINTS)] == []
    assert [each for each in routes(identity.app) if any(one in each.path for one in HINTS)] == []


def weak_sources(text):
    """Uses of a random source that can be foretold, and secrets of fewer than 128 bits."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {each.name for each in node.names} | {getattr(node, "module", None)}
            if "random" in names:
                yield f"line {node.lineno}: random"
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if called.startswith("secrets.token_") and node.args:
            size = node.args[0]
            if isinstance(size, ast.Constant) and size.value < LEAST_BYTES:
                yield f"line {node.lineno}: {size.value} bytes"


def test_every_secret_comes_from_the_systems_random_source():
    files = [
        file
        for folder in SOURCES
        for file in folder.rglob("*.py")
        if "testing" not in file.relative_to(folder).parts
    ]
    assert any("secrets.token_urlsafe(32)" in file.read_text() for file in files)
    found = {file.name: list(weak_sources(file.read_text())) for file in files}
    assert {name: uses for name, uses in found.items() if uses} == {}


def test_a_source_that_can_be_foretold_is_found():
    """Control: the search looks."""
    assert list(weak_sources("import random")) == ["line 1: random"]
    assert list(weak_sources("from random import choice")) == ["line 1: random"]
    assert list(weak_sources("secrets.token_hex(8)")) == ["line 1: 8 bytes"]
    assert list(weak_sources("secrets.token_urlsafe(32)")) == []


def test_what_is_kept_of_secrets_is_not_readable_by_anybody():
    """Columns that hold a secret name nobody who reads it."""
    secret = [
        column
        for table in Base.metadata.sorted_tables
        for column in table.c
        if getattr(column.info.get("personal"), "category", None) == "secret"
    ]
    assert len(secret) > 3
    assert [str(each) for each in secret if each.info["personal"].readers != ()] == []
    assert all(isinstance(each.type, sa.String | sa.LargeBinary) for each in secret)
