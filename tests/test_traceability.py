"""Every promise of the privacy statement has code and a test, or stands in one list (S1 to S91)."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from docs.traceability import (
    NUMBERS,
    PROMISES,
    TO_COME,
    Mention,
    faults,
    mentions,
    numbers_in,
    of_product,
    of_tests,
    traceability_md,
)

from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.service import load_services

ROOT = Path(__file__).parents[1]
CITED = re.compile(r"\btest_\w+")
KEPT = [Mention(n, kind, "x") for n in NUMBERS if n not in TO_COME for kind in ("rule", "test")]


@cache
def found() -> tuple[Mention, ...]:
    return mentions(load_services(OWNERS_OF_PERSONAL_DATA))


def test_every_promise_has_code_and_a_test_or_is_named_as_to_come() -> None:
    assert list(faults(found())) == []


def test_the_promises_are_numbered_without_a_gap() -> None:
    assert [number for name in PROMISES for number in numbers_in(name)] == list(NUMBERS)
    assert TO_COME.keys() < set(NUMBERS)


@pytest.mark.parametrize("number", [4, 91])
def test_a_promise_without_code_or_without_a_test_is_noticed(number: int) -> None:
    assert list(faults(KEPT)) == []
    untested = [each for each in KEPT if each != Mention(number, "test", "x")]
    assert list(faults(untested)) == [f"S{number}: no test names it"]
    unkept = [each for each in KEPT if each != Mention(number, "rule", "x")]
    assert list(faults(unkept)) == [f"S{number}: no code names it"]


def test_an_excuse_ends_as_soon_as_code_names_the_promise() -> None:
    number = next(iter(TO_COME))
    stale = [*KEPT, Mention(number, "endpoint", "x")]
    assert list(faults(stale)) == [f"S{number}: is named in endpoint, and to come"]


def test_a_number_that_is_no_promise_is_noticed() -> None:
    unknown = [*KEPT, Mention(92, "test", "tests/test_x.py::test_x")]
    said = "S92: there is no such promise, but tests/test_x.py::test_x names it"
    assert list(faults(unknown)) == [said]


def test_a_mention_counts_for_what_encloses_it() -> None:
    rules = 'TABLE = {\n    (A, B): C,  # S7, S51\n}\n\ndef f():\n    """Say. Source: S26."""\n'
    assert set(of_product(Path("shop/rules.py"), rules)) == {
        Mention(7, "rule", "shop/rules.py: (A, B): C"),
        Mention(51, "rule", "shop/rules.py: (A, B): C"),
        Mention(26, "rule", "shop/rules.py: f"),
    }
    route = '@bp.post("/orders")\n@bp.response(201)\ndef order():\n    """Order (S67)."""\n'
    assert set(of_product(Path("shop/routes.py"), route)) == {
        Mention(67, "endpoint", "shop POST /orders")
    }
    tests = '"""About S3-S5."""\n\ndef test_it():\n    assert 1  # S26\n'
    assert set(of_tests(Path("tests/test_x.py"), tests)) == {
        *(Mention(number, "test", "tests/test_x.py") for number in (3, 4, 5)),
        Mention(26, "test", "tests/test_x.py::test_it"),
    }


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("S26", [26]),
        ("(S7, S51)", [7, 51]),
        ("S30-S34", [30, 31, 32, 33, 34]),
        ("S20-21", [20, 21]),
        ("key of the S3 store", []),
        ("x = 1  # noqa: S105 - no secret", []),
        ("RS256 and ES26", []),
    ],
)
def test_what_counts_as_naming_a_promise(text: str, numbers: list[int]) -> None:
    assert numbers_in(text) == numbers


def test_each_mention_stands_under_its_promise_and_under_its_place() -> None:
    text = traceability_md(load_services(OWNERS_OF_PERSONAL_DATA))
    assert text == traceability_md(load_services(OWNERS_OF_PERSONAL_DATA))
    there, back = text.split("## From the code")
    sections = dict(re.findall(r"^### S(\d+)\n(.*?)(?=^### |\Z)", there, re.M | re.S))
    rows = [line for line in back.splitlines() if line.startswith("| `")]
    named = {row.rsplit(" | ", 1)[0]: row for row in rows}
    for each in found():
        assert f"`{each.place}`" in sections[str(each.number)], each
        escaped = each.place.replace("|", "\\|")
        assert re.search(rf"\bS{each.number}\b", named[f"| `{escaped}`"]), each


def cited() -> list[tuple[str, str]]:
    """Tests that documents and the product name: where, and which."""
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    documents += [*(ROOT / "services").glob("*/README.md")]
    folders = [ROOT / "libs/common/common", *(ROOT / "services").glob("*/[a-z_]*/")]
    product = [path for each in folders if each.name != "tests" for path in each.rglob("*.py")]
    documents += [path for path in product if "testing" not in path.parts]
    return [
        (str(path.relative_to(ROOT)), name)
        for path in documents
        for name in CITED.findall(path.read_text())
    ]


@cache
def existing() -> frozenset[str]:
    """Names of all test files and tests."""
    paths = [path for each in ("libs", "services", "tests") for path in (ROOT / each).rglob("*.py")]
    names = {path.stem for path in paths}
    for path in paths:
        if path.stem.startswith("test_"):
            defined = ast.walk(ast.parse(path.read_text()))
            names |= {node.name for node in defined if isinstance(node, ast.FunctionDef)}
    return frozenset(names)


def test_every_test_that_is_cited_exists() -> None:
    assert len(cited()) > 20
    assert [each for each in cited() if each[1] not in existing()] == []
