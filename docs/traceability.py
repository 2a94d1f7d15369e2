"""From promise to code to test and back: who names S1 to S91, read from columns, code and tests.

A mention is `S26`, `S7, S51` or `S30-S34` in a docstring, a comment or a text; nothing is kept by
hand but what is still to come.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from common.db import CommonBase
from common.privacy.personal import personal_columns
from common.service import Service

ROOT = Path(__file__).parents[1]
PROMISES: dict[str, str] = yaml.safe_load((ROOT / "docs" / "promises.yaml").read_text())
ANALYSIS = "shop: analysis of the order process by consent"
ASSESSMENT = "training: performance assessment"
PHOTO = "training: photo by express consent"
OFFERS = "training: offers by consent"
TO_COME = {
    **dict.fromkeys((70, 71, 72, 73, 74, 75, 77), ANALYSIS),
    **dict.fromkeys((82, 83, 84, 85), ASSESSMENT),
    **dict.fromkeys((86, 87, 90), PHOTO),
    88: OFFERS,
}
"""Promises that no code keeps yet, with the subject of the issue that will; none other may lack."""
IN_PART = {
    53: "uploads: files are not scanned for viruses yet",
    68: "shop: nothing is advertised yet; identity tells who may be advertised to",
}
"""Promises that code keeps in part, and what is missing."""

KINDS = {
    "column": "columns",
    "endpoint": "endpoints",
    "event": "events",
    "handler": "handlers",
    "rule": "rules",
    "retention": "retention",
    "code": "other code",
    "test": "tests",
}
_PARTS = {"routes": "endpoint", "rules": "rule", "handlers": "handler", "retention": "retention"}
_MENTION = re.compile(r"\bS(\d{1,3})(?:[-–]S?(\d{1,3}))?\b")
_NOT_A_PROMISE = re.compile(r"noqa:.*|\bS3 (store|interface)|S3_\w+")
NUMBERS = tuple(range(1, 92))
_VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, order=True)
class Mention:
    """Something that names a promise. kind: a key of KINDS; place: what it is, and where."""

    number: int
    kind: str
    place: str


def mentions(services: Mapping[str, Service]) -> tuple[Mention, ...]:
    """Every mention in columns, product and tests, sorted."""
    found = {*_of_columns(services)}
    common = ROOT / "libs" / "common"
    folders = [service.folder / service.package for service in services.values()]
    for folder in (common / "common", *folders, ROOT / "services" / "gateway" / "gateway"):
        for path in folder.rglob("*.py"):
            found |= {*of_product(path.relative_to(folder.parent), path.read_text())}
    for folder in (common, *(service.folder for service in services.values()), ROOT):
        for path in (folder / "tests").rglob("test_*.py"):
            if path.name != "test_traceability.py":
                found |= {*of_tests(path.relative_to(ROOT), path.read_text())}
    return tuple(sorted(found))


def of_product(path: Path, source: str) -> Iterator[Mention]:
    """Mentions in one file of the product, by what the enclosing function is."""
    part = path.parts[1].removesuffix(".py")
    kind = "event" if path.stem == "catalogue" else _PARTS.get(part, "code")
    for numbers, scopes, text, code in _marked(source):
        if part == "models" and not text.startswith(('"""', "#")):
            continue  # what a column says is read from the column
        route = next((found for each in scopes if (found := _route(each))), None)
        place = f"{path.parts[0]} {route}" if route else _place(path, scopes, code)
        own_kind = "code" if kind == "endpoint" and not route else kind
        yield from (Mention(number, own_kind, place) for number in numbers)


def of_tests(path: Path, source: str) -> Iterator[Mention]:
    """Mentions in one file of tests; those outside of a test count for the file."""
    for numbers, scopes, _, _ in _marked(source):
        test = next((each.name for each in scopes if each.name.startswith("test_")), None)
        place = f"{path}::{test}" if test else f"{path}"
        yield from (Mention(number, "test", place) for number in numbers)


def faults(found: Iterable[Mention]) -> Iterator[str]:
    """Say what is wrong: promises that nothing keeps or proves, stale excuses, unknown numbers."""
    kinds = defaultdict(set)
    for each in found:
        kinds[each.number].add(each.kind)
        if each.number not in NUMBERS:
            yield f"S{each.number}: there is no such promise, but {each.place} names it"
    for number in NUMBERS:
        code, tested = kinds[number] - {"test"}, "test" in kinds[number]
        if number in TO_COME:
            if code or tested:
                yield f"S{number}: is named in {', '.join(sorted(kinds[number]))}, and to come"
            continue
        if not code:
            yield f"S{number}: no code names it"
        if not tested:
            yield f"S{number}: no test names it"


def traceability_md(services: Mapping[str, Service]) -> str:
    """Content of traceability.md."""
    found = mentions(services)
    lines = [
        "# Traceability",
        "",
        "From each promise of the privacy statement to what keeps and proves it, and back. "
        "Generated by `make docs` from the code; do not edit.",
        "",
        "## To come",
        "",
        *(f"* S{number}: {subject}" for number, subject in sorted(TO_COME.items())),
        *(f"* S{number}, in part: {missing}" for number, missing in sorted(IN_PART.items())),
        "",
        "## From the promise",
    ]
    for name, text in PROMISES.items():
        for number in numbers_in(name):
            lines += ["", f"### S{number}", "", text, "", *_by_kind(found, number)]
    lines += ["", "## From the code"]
    for kind, title in KINDS.items():
        lines += ["", f"### {title.capitalize()}", "", "| place | promises |", "| --- | --- |"]
        lines += _by_place(found, kind)
    return "\n".join(lines) + "\n"


def _by_kind(found: Iterable[Mention], number: int) -> Iterator[str]:
    of_number = [each for each in found if each.number == number]
    if number in TO_COME:
        yield f"* to come: {TO_COME[number]}"
    for kind, title in KINDS.items():
        places = [f"`{each.place}`" for each in of_number if each.kind == kind]
        if places:
            yield f"* {title}: {', '.join(places)}"


def _by_place(found: Iterable[Mention], kind: str) -> Iterator[str]:
    numbers = defaultdict(list)
    for each in found:
        if each.kind == kind:
            numbers[each.place].append(f"S{each.number}")
    for place, named in sorted(numbers.items()):
        yield f"| `{place.replace('|', chr(92) + '|')}` | {', '.join(named)} |"


def _of_columns(services: Mapping[str, Service]) -> Iterator[Mention]:
    bases = [("common", CommonBase)]
    bases += [(name, service.parts["models"].Base) for name, service in services.items()]
    for name, base in bases:
        for facts in personal_columns(base):
            place = f"{name} {facts.table}.{facts.column}"
            yield from (Mention(each, "column", place) for each in numbers_in(facts.source))
        for table in base.metadata.sorted_tables:
            for column in table.columns:
                told = numbers_in(column.info.get("technical", ""))
                place = f"{name} {table.name}.{column.name}"
                yield from (Mention(each, "column", place) for each in told)


def numbers_in(text: str) -> list[int]:
    """Numbers that a text names, ranges spelled out."""
    found = []
    for match in _MENTION.finditer(_NOT_A_PROMISE.sub("", text)):
        first, last = int(match[1]), int(match[2] or match[1])
        found += range(first, last + 1)
    return found


Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@cache
def _marked(source: str) -> tuple[tuple[list[int], list[Scope], str, str], ...]:
    """Comments and texts that name promises: numbers, what encloses them, text, code before it."""
    return tuple(_read(source)) if numbers_in(source) else ()


def _read(source: str) -> Iterator[tuple[list[int], list[Scope], str, str]]:
    scopes = [each for each in ast.walk(ast.parse(source)) if isinstance(each, Scope)]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in (tokenize.COMMENT, tokenize.STRING):
            continue
        if found := numbers_in(token.string):
            line, start = token.start
            around = [
                each for each in scopes if _first_line(each) <= line <= (each.end_lineno or 0)
            ]
            around.sort(key=_first_line, reverse=True)
            before = token.line[:start].strip() if token.type == tokenize.COMMENT else ""
            yield found, around, token.string, before


def _first_line(scope: Scope) -> int:
    return min([scope.lineno, *(each.lineno for each in scope.decorator_list)])


def _last_line(scope: Scope) -> int:
    return scope.end_lineno or scope.lineno


def _place(path: Path, scopes: list[Scope], code: str) -> str:
    """Where it is: the function or class, else the row of the table, else the file."""
    within = ".".join(each.name for each in reversed(scopes))
    row = " ".join(code.rstrip(",").split())
    return f"{path}: {within or row}" if within or row else f"{path}"


def _route(scope: Scope) -> str | None:
    """Method and path of a function that answers one, from its decorator."""
    for decorator in scope.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr=verb), args=[ast.Constant(value=str() as path)]):
                if verb in _VERBS:
                    return f"{verb.upper()} {path}"
    return None
