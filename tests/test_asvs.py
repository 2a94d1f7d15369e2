"""docs/asvs.md is complete, and names tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAP = ROOT / "docs" / "asvs.md"
REQUIRED = {
    "6.1": "1.1 2.2 3.2",
    "6.2": "1.1 2.1 3.1 4.1 5.1 6.1 7.1 8.1 9.2 10.2 11.2 12.2",
    "6.3": "1.1 2.1 3.2 4.2 8.3",
    "6.4": "1.1 2.1 3.2 4.2",
    "6.5": "1.2 2.2 3.2 4.2 5.2",
    "6.6": "1.2 2.2 3.2",
    "6.8": "1.2 2.2 3.2 4.2",
    "7.1": "1.2 2.2 3.2",
    "7.2": "1.1 2.1 3.1 4.1",
    "7.3": "1.2 2.2",
    "7.4": "1.1 2.1 3.2 4.2 5.2",
    "7.5": "1.2 2.2",
    "7.6": "1.2 2.2",
    "8.1": "1.1 2.2",
    "8.2": "1.1 2.1 3.2",
    "8.3": "1.1 2.3 3.3",
    "8.4": "1.2",
    "9.1": "1.1 2.1 3.1",
    "9.2": "1.1 2.2 3.2 4.2",
}
"""Sections of ASVS 5.0.0 V6-V9: requirement.level, all of level 1 and 2 and three of level 3."""
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (\d) \| (.+?) \| (.*) \|$", re.MULTILINE)


def rows(text: str) -> list[tuple[str, str, str]]:
    """Id, level and what shows it, of every row of the map."""
    return [(found[1], found[2], found[4]) for found in ROW.finditer(text)]


def required() -> list[tuple[str, str]]:
    """Id and level of every requirement."""
    pairs = [
        (f"{section}.{each.split('.')[0]}", each.split(".")[1])
        for section, listed in REQUIRED.items()
        for each in listed.split()
    ]
    return sorted(pairs)


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Names of the test functions of a file."""
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def faults(text: str) -> list[str]:
    """What is wrong with a map: cells that show nothing, tests and sections that do not exist."""
    headings = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    found = []
    for number, _, shown in rows(text):
        for part in shown.split("<br>"):
            if part.startswith("does not apply: ") and len(part) > 30:
                continue
            if section := re.fullmatch(r'section "(.+)"', part):
                found += [] if section[1] in headings else [f"{number}: no section {section[1]}"]
            elif node := re.fullmatch(r"`([\w./-]+)::(\w+)`", part):
                known = node[2] in functions_of(ROOT / node[1])
                found += [] if known else [f"{number}: no test {node[1]}::{node[2]}"]
            else:
                found.append(f"{number}: {part!r} shows nothing")
    return found


def test_every_requirement_stands_in_the_map_once_with_its_level() -> None:
    assert sorted((number, level) for number, level, _ in rows(MAP.read_text())) == required()


def test_every_row_names_tests_that_exist_or_says_why_it_does_not_apply() -> None:
    assert faults(MAP.read_text()) == []


@pytest.mark.parametrize(
    "shown",
    [
        "`tests/test_asvs.py::test_that_nobody_wrote`",
        "`tests/test_that_nobody_wrote.py::test_it`",
        "",
        "yes",
        "does not apply: no",
        'section "That nobody wrote"',
    ],
)
def test_a_row_that_shows_nothing_is_found(shown: str) -> None:
    """Control: the check looks."""
    good = "`tests/test_asvs.py::test_a_row_that_shows_nothing_is_found`"
    row = "| 6.1.1 | 1 | something | {} |"
    assert faults(row.format(good)) == []
    assert len(faults(row.format(shown))) == 1


def test_password_fields_are_masked_and_open_to_paste_and_password_managers() -> None:
    pages = list((ROOT / "services" / "gateway" / "gateway" / "templates").glob("*.html"))
    fields = [
        field
        for page in pages
        for field in re.findall(r"<input[^>]*>", page.read_text())
        if "password" in field
    ]
    assert fields
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(new|current)-password"', field)
    assert [page.name for page in pages if re.search(r"<script|\bon\w+=", page.read_text())] == []
