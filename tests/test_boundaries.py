"""The "only" and "no" of the style guide, checked on the code itself; each check has a control.

A check is a function from a parsed module to the faults in it. Every check is also given source
that breaks its rule, since a check that finds nothing anywhere proves nothing.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.db import CommonBase
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA, SERVICES
from common.privacy.personal import (
    CONSENT,
    CONTRACT,
    about,
    declared,
    personal,
    technical,
    undeclared,
    unruled,
)
from common.privacy.rulebook import all_records, all_rules
from common.service import load_services

ROOT = Path(__file__).parents[1]
PACKAGES = {name: name.replace("-", "_") for name in SERVICES}
FILES = (
    "__init__", "__main__", "app", "settings", "models", "schemas", "rules", "queries", "routes",
    "handlers", "retention",
)  # fmt: skip
"""What each of the six services has, under these names; `jobs` where there is other work."""


@dataclass(frozen=True)
class Module:
    """One file of the product. name: dotted, as it is imported; part: the file it counts as."""

    name: str
    tree: ast.Module
    path: Path = Path("control.py")

    @property
    def package(self) -> str:
        """First part of the name: `common` or a service's package."""
        return self.name.split(".")[0]

    @property
    def part(self) -> str:
        """Second part: what stands in rules/states.py are rules."""
        return self.name.split(".")[1] if "." in self.name else ""


def product() -> list[Module]:
    """Every module that is installed: libs/common and the services, without their tests."""
    folders = [ROOT / "libs/common/common"]
    folders += [ROOT / "services" / name / package for name, package in PACKAGES.items()]
    return [_read(path, folder.parent) for folder in folders for path in folder.rglob("*.py")]


def everything() -> list[Module]:
    """The product, and all that tests, deploys, documents and migrates it."""
    around = [*(ROOT / "libs").rglob("*.py"), *(ROOT / "services").rglob("*.py")]
    around += [path for each in ("deploy", "docs", "tests") for path in (ROOT / each).rglob("*.py")]
    known = {module.path for module in PRODUCT}
    return PRODUCT + [_read(path, ROOT) for path in around if path not in known]


def _read(path: Path, above: Path) -> Module:
    parts = path.relative_to(above).with_suffix("").parts
    name = ".".join(part for part in parts if part != "__init__")
    return Module(name, ast.parse(path.read_text(), str(path)), path)


PRODUCT = product()
EVERYTHING = everything()

# ----------------------------------------------------------------------------- reading modules


def imports(module: Module) -> Iterator[tuple[str, str | None]]:
    """What a module imports, wherever in it: (module, name), the name None for the whole."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + str(node.module or ""), None


def dotted(node: ast.AST) -> str:
    """An attribute as it is written: `datetime.datetime.now`; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function, nested ones and methods too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def decorators(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Names of what a function is decorated with."""
    calls = (each.func if isinstance(each, ast.Call) else each for each in function.decorator_list)
    return {dotted(each) for each in calls}


def is_within(module: Module, *names: str) -> bool:
    """Whether a module is one of these or in one of these packages."""
    return any(module.name == name or module.name.startswith(f"{name}.") for name in names)


# --------------------------------------------------------------------------------- time, settings

CLOCK = re.compile(r"(^|\.)((datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|localtime))$")


def asks_the_machine_for_the_time(module: Module) -> Iterator[str]:
    """Time is injected: only common.clock asks what time it is."""
    if module.name == "common.clock":
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and CLOCK.search(dotted(node.func)):
            yield f"{node.lineno}: {dotted(node.func)}()"
    for source, name in imports(module):
        if (source, name) in {("time", "time"), ("time", "time_ns"), ("time", "localtime")}:
            yield f"from {source} import {name}"


def reads_the_environment(module: Module) -> Iterator[str]:
    """Settings are declared: only common.settings reads os.environ (and the test servers)."""
    if module.name == "common.settings" or is_within(module, "common.testing"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in ("os.environ", "os.getenv"):
            yield f"{node.lineno}: {dotted(node)}"
    yield from (
        f"from os import {name}"
        for source, name in imports(module)
        if source == "os" and name in ("environ", "getenv", "environb")
    )


# ---------------------------------------------------------------------------------------- imports


def imports_kombu(module: Module) -> Iterator[str]:
    """Only common.messaging.brokers speaks through kombu; the test servers knock with it."""
    if not is_within(module, "common.messaging.brokers", "common.testing"):
        yield from (source for source, _ in imports(module) if source.split(".")[0] == "kombu")


def imports_pika(module: Module) -> Iterator[str]:
    """Pika is the operator's hand: portalctl, and nothing else of the product."""
    if not is_within(module, "common.messaging.portalctl"):
        yield from (source for source, _ in imports(module) if source.split(".")[0] == "pika")


def imports_another_service(module: Module) -> Iterator[str]:
    """A service imports common and itself; common imports no service and no test support."""
    others = set(PACKAGES.values()) - {module.package}
    yield from (source for source, _ in imports(module) if source.split(".")[0] in others)
    if not is_within(module, "common.testing"):
        yield from (source for source, _ in imports(module) if source.startswith("common.testing"))


PURE_COMMON: dict[str, set[str] | None] = {
    "common.refusals": None,
    "common.texts": None,
    "common.events.catalogue": None,
    "common.clock": {"duration", "seconds"},
    "common.privacy.deadlines": None,
    "common.web": {"may", "may_change", "Reach", "Role"},
    "common.web.access": {"may", "may_change", "Reach", "Role", "STAFF_ROLES", "Action"},
    "common.web.standing": {"Standing"},
}
"""What rules may use of common: names that decide something and touch nothing; None: all."""
PURE_LIBRARIES = {
    "isoduration", "email_validator", "rapidfuzz", "anyascii", "pyotp", "zxcvbn",
}  # fmt: skip
"""Libraries that compute from their arguments alone."""
IMPURE_STANDARD = {"os", "time", "random", "secrets", "socket", "subprocess", "logging"}


def rules_touch_something(module: Module) -> Iterator[str]:
    """Rules import the standard library, pure common code and pure modules of their own service."""
    if module.part != "rules" or module.package not in PACKAGES.values():
        return
    yield from _impure(module, {module.name})


def _impure(module: Module, seen: set[str]) -> Iterator[str]:
    for source, name in imports(module):
        top = source.split(".")[0]
        if top == module.package:
            own = _own(source, name)
            if own is not None and own.name not in seen:
                seen.add(own.name)
                yield from (f"{own.name} -> {fault}" for fault in _impure(own, seen))
        elif top == "common":
            allowed = PURE_COMMON.get(source, set())
            if allowed is not None and name not in allowed:
                yield f"{source}.{name}"
        elif top not in (sys.stdlib_module_names - IMPURE_STANDARD) | PURE_LIBRARIES:
            yield source


def _own(source: str, name: str | None) -> Module | None:
    """Module of the same service behind `from source import name`."""
    by_name = {module.name: module for module in PRODUCT}
    return by_name.get(f"{source}.{name}") or by_name.get(source)


# --------------------------------------------------------------------------------------- handlers


def handlers_do_more_than_handle(module: Module) -> Iterator[str]:
    """Handlers have no try, log nothing and call nobody over HTTP."""
    if module.part != "handlers" or module.package not in PACKAGES.values():
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Try | ast.TryStar):
            yield f"{node.lineno}: try"
    forbidden = {"logging", "structlog", "common.logs", "httpx", "requests", "urllib", "flask"}
    forbidden |= {"common.web.peers", "print"}
    for source, name in imports(module):
        if {source, source.split(".")[0], f"{source}.{name}"} & forbidden:
            yield source
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "peer":
            yield f"{node.lineno}: peers"
        if isinstance(node, ast.Call) and dotted(node.func) == "print":
            yield f"{node.lineno}: print"


def subscriptions_are_too_long(module: Module) -> Iterator[str]:
    """Every @on function has 3 to 15 lines, its docstring among them."""
    for function in functions(module):
        if "on" in decorators(function):
            lines = int(function.end_lineno or 0) - function.lineno + 1
            if not 3 <= lines <= 15:
                yield f"{function.name}: {lines} lines"


def subscriptions_elsewhere(module: Module) -> Iterator[str]:
    """What reacts to an event stands in handlers.py."""
    if module.part != "handlers" or module.package not in PACKAGES.values():
        yield from (each.name for each in functions(module) if "on" in decorators(each))


def routes_know_the_broker(module: Module) -> Iterator[str]:
    """Routes publish; brokers, relay and consumer are behind the outbox."""
    if module.part == "routes":
        inner = ("brokers", "relay", "consumer", "inbox", "topology")
        for source, _ in imports(module):
            if source.startswith(tuple(f"common.messaging.{each}" for each in inner)):
                yield source


# ----------------------------------------------------------------------------- docstrings and names

ROUTES = {"bp.get", "bp.post", "bp.put", "bp.patch", "bp.delete", "bp.route"}


def routes_without_docstring(module: Module) -> Iterator[str]:
    """The docstring of a route is its text in the OpenAPI document."""
    for function in functions(module):
        if decorators(function) & ROUTES and not ast.get_docstring(function):
            yield function.name


def public_without_docstring(module: Module) -> Iterator[str]:
    """Modules, and public classes, functions and methods say what they are for."""
    if not ast.get_docstring(module.tree):
        yield "the module"
    if not is_within(module, "common.migrations.versions"):  # upgrade and downgrade, every time
        yield from _undocumented(module.tree.body, "")


def _undocumented(body: Iterable[ast.stmt], within: str) -> Iterator[str]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield f"{within}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(node.body, f"{within}{node.name}.")


FORBIDDEN_WORDS = {
    "manager", "managers", "helper", "helpers", "util", "utils", "utility", "utilities",
    "processor", "processors", "info", "item", "items", "misc", "do", "my", "data", "object", "new",
}  # fmt: skip
WORDS_OF_THE_TRADE = {
    "PersonalDataErased": "personal data is what the law calls it",
    "data": "what a parser of the standard library calls on the target of its XML",
    "encode_data": "`data` is the field of a CloudEvent",
}


def names_say_nothing(module: Module) -> Iterator[str]:
    """No name of a module, class or function holds a word that fits everything.

    `New…` in schemas is the request that makes something; test support makes new databases.
    """
    defined = [node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    names = [module.name.rsplit(".", 1)[-1], *(each.name for each in defined)]
    names += [each.name for each in functions(module)]
    for name in names:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
        if module.part == "testing" or (module.part == "schemas" and name.startswith("New")):
            words.discard("new")
        if words & FORBIDDEN_WORDS and name not in WORDS_OF_THE_TRADE:
            yield name


# ------------------------------------------------------------------------------------------ tests

Check = Callable[[Module], Iterator[str]]

# fmt: off
CHECKS: list[tuple[Check, str, str]] = [
    (asks_the_machine_for_the_time,  "shop.rules",    "def f():\n    return datetime.now()"),
    (asks_the_machine_for_the_time,  "shop.models",   "x = datetime.datetime.utcnow()"),
    (asks_the_machine_for_the_time,  "shop.jobs",     "x = date.today()"),
    (asks_the_machine_for_the_time,  "common.ids",    "import time\nx = time.time()"),
    (asks_the_machine_for_the_time,  "common.ids",    "from time import time"),
    (reads_the_environment,          "shop.settings", "import os\nx = os.environ['A']"),
    (reads_the_environment,          "shop.settings", "import os\nx = os.getenv('A')"),
    (reads_the_environment,          "common.keys",   "from os import environ"),
    (imports_kombu,                  "shop.handlers", "import kombu"),
    (imports_kombu,                  "common.messaging.relay", "from kombu.pools import x"),
    (imports_pika,                   "common.messaging.brokers.rabbit", "import pika"),
    (imports_another_service,        "shop.queries",  "from training.models import Booking"),
    (imports_another_service,        "common.db",     "import identity.models"),
    (imports_another_service,        "shop.app",      "from common.testing import harness"),
    (rules_touch_something,          "shop.rules",    "import sqlalchemy as sa"),
    (rules_touch_something,          "shop.rules",    "from common.messaging import publish"),
    (rules_touch_something,          "shop.rules",    "from common.clock import now"),
    (rules_touch_something,          "shop.rules",    "from common.web import authorise"),
    (rules_touch_something,          "shop.rules",    "from shop.models import Order"),
    (rules_touch_something,          "shop.rules",    "import os"),
    (rules_touch_something,          "identity.rules.states", "from flask import request"),
    (handlers_do_more_than_handle,   "shop.handlers", "try:\n    x\nexcept E:\n    y"),
    (handlers_do_more_than_handle,   "shop.handlers", "from common.logs import log"),
    (handlers_do_more_than_handle,   "shop.handlers", "import logging"),
    (handlers_do_more_than_handle,   "shop.handlers", "import httpx"),
    (handlers_do_more_than_handle,   "shop.handlers", "def f(s):\n    s.info['r'].peer('x')"),
    (subscriptions_are_too_long,     "shop.handlers", "@on(A)\ndef f(e, s):\n" + "    x\n" * 15),
    (subscriptions_are_too_long,     "shop.handlers", "@on(A)\ndef f(e, s): ..."),
    (subscriptions_elsewhere,        "shop.jobs",     "@on(A)\ndef f(e, s):\n    pass"),
    (routes_know_the_broker,         "shop.routes",   "from common.messaging.brokers import x"),
    (routes_without_docstring,       "shop.routes",   "@bp.get('/x')\ndef f():\n    return 1"),
    (public_without_docstring,       "shop.queries",  "'''Reads.'''\ndef f():\n    return 1"),
    (public_without_docstring,       "shop.queries",  "'''Reads.'''\nclass A:\n    '''A.'''\n"
                                                      "    def f(self):\n        return 1"),
    (public_without_docstring,       "shop.queries",  "x = 1"),
    (names_say_nothing,              "shop.utils",    ""),
    (names_say_nothing,              "shop.queries",  "class OrderManager: ..."),
    (names_say_nothing,              "shop.queries",  "def order_helper(): ..."),
    (names_say_nothing,              "shop.queries",  "def new_order(): ..."),
    (names_say_nothing,              "shop.queries",  "def _misc(): ..."),
]
# fmt: on
OF_THE_PRODUCT = list(dict.fromkeys(check for check, _, _ in CHECKS))


@pytest.mark.parametrize("check", OF_THE_PRODUCT, ids=lambda check: check.__name__)
def test_no_module_of_the_product(check: Check) -> None:
    faults = [f"{module.name}: {fault}" for module in PRODUCT for fault in check(module)]
    assert faults == [], check.__doc__


@pytest.mark.parametrize(
    ("check", "name", "source"),
    CHECKS,
    ids=[f"{each[0].__name__}-{n}" for n, each in enumerate(CHECKS)],
)
def test_the_check_catches(check: Check, name: str, source: str) -> None:
    assert list(check(Module(name, ast.parse(source))))


def test_the_checks_let_good_code_pass() -> None:
    source = '"""Good."""\nfrom common.web import may\nfrom shop.rules import total\n'
    for name in ("shop.rules", "shop.handlers", "shop.routes"):
        module = Module(name, ast.parse(source))
        assert [fault for check in OF_THE_PRODUCT for fault in check(module)] == []


def test_kombu_and_pika_are_used_outside_the_product_by_tests_alone() -> None:
    users = {
        str(module.path.relative_to(ROOT))
        for module in EVERYTHING
        for source, _ in imports(module)
        if source.split(".")[0] in ("kombu", "pika")
    }
    in_the_product = {
        "libs/common/common/messaging/brokers/rabbit.py",
        "libs/common/common/messaging/portalctl.py",
        "libs/common/common/testing/server.py",
    }
    assert in_the_product <= users
    elsewhere = {each for each in users - in_the_product if "tests" not in Path(each).parts}
    assert elsewhere == set()


def test_the_environment_is_read_outside_the_product_by_deploy_and_tests_alone() -> None:
    known = {module.path for module in PRODUCT}
    readers = {
        module.path.relative_to(ROOT)
        for module in EVERYTHING
        if module.path not in known and list(reads_the_environment(module))
    }
    assert {each for each in readers if not {"deploy", "tests"} & set(each.parts)} == set()


@pytest.mark.parametrize("name", OWNERS_OF_PERSONAL_DATA)
def test_the_same_question_is_answered_in_the_same_file_of_every_service(name: str) -> None:
    assert missing_files(ROOT / "services" / name / PACKAGES[name]) == []


def missing_files(folder: Path) -> list[str]:
    """Files of the common set that a service lacks, as a file or as a package."""
    there = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    return [name for name in FILES if name not in there]


def test_a_service_without_rules_is_noticed(tmp_path: Path) -> None:
    for name in FILES:
        if name != "rules":
            (tmp_path / f"{name}.py").touch()
    assert missing_files(tmp_path) == ["rules"]


@pytest.mark.parametrize("name", SERVICES)
def test_importing_a_service_has_no_effect_but_its_parts(name: str) -> None:
    """app.py lists the parts: assignments and imports, nothing that runs."""
    (app,) = (each for each in PRODUCT if each.name == f"{PACKAGES[name]}.app")
    allowed = ast.Import | ast.ImportFrom | ast.Assign | ast.Expr | ast.FunctionDef
    assert [node for node in app.tree.body if not isinstance(node, allowed)] == []
    (package,) = (each for each in PRODUCT if each.name == PACKAGES[name])
    assert [type(node) for node in package.tree.body] == [ast.Expr], "one sentence, no import"


def test_migrations_import_no_code_of_the_application() -> None:
    for module in EVERYTHING:
        if "versions" in module.path.parts and "migrations" in module.path.parts:
            sources = {source.split(".")[0] for source, _ in imports(module)}
            assert not sources & set(PACKAGES.values()), module.path


# ------------------------------------------------------------------------------- declared columns


def bases() -> dict[str, type[DeclarativeBase]]:
    """The Base of every service, and that of the tables all of them have."""
    load_services(OWNERS_OF_PERSONAL_DATA)
    own = {
        name: importlib.import_module(f"{PACKAGES[name]}.models").Base
        for name in OWNERS_OF_PERSONAL_DATA
    }
    return {"common": CommonBase, **own}


@pytest.mark.parametrize("name", ["common", *OWNERS_OF_PERSONAL_DATA])
def test_every_column_says_what_it_holds_about_a_person(name: str) -> None:
    base = bases()[name]
    assert base.metadata.sorted_tables
    assert list(undeclared(base.metadata, declared(base))) == []


@pytest.mark.parametrize("name", OWNERS_OF_PERSONAL_DATA)
def test_every_retention_class_that_a_table_names_has_a_rule(name: str) -> None:
    service = load_services(OWNERS_OF_PERSONAL_DATA)[name]
    ruled = {rule.record_class for rule in all_rules(service)}
    tables = {**declared(CommonBase), **declared(bases()[name])}
    assert list(unruled(tables, ruled)) == []


ENDED_BY_EVENTS = {"invitation"}
"""Classes whose rows go in the instant that ends them, by a worker's step."""


@pytest.mark.parametrize("name", OWNERS_OF_PERSONAL_DATA)
def test_every_class_with_a_period_is_swept_or_ended_by_an_event(name: str) -> None:
    service = load_services(OWNERS_OF_PERSONAL_DATA)[name]
    timed = {rule.record_class for rule in all_rules(service) if rule.period}
    swept = {records.record_class for records in all_records(service)}
    assert timed - swept == timed & ENDED_BY_EVENTS
    assert swept <= timed


def test_no_two_services_have_a_retention_class_of_one_name() -> None:
    services = load_services(OWNERS_OF_PERSONAL_DATA).values()
    named = [{each.keep for each in declared(s.parts["models"].Base).values()} for s in services]
    assert sum(map(len, named)) == len(set().union(*named))


def test_a_column_that_says_nothing_and_a_table_without_facts_are_noticed() -> None:
    class Base(DeclarativeBase):
        """Tables of this test."""

    class Forgotten(Base):
        """A table nobody thought about."""

        __tablename__ = "forgotten"

        id: Mapped[int] = mapped_column(primary_key=True, info=technical("key"))
        street: Mapped[str] = mapped_column(sa.String(10), info=personal("contact"))
        city: Mapped[str] = mapped_column(sa.String(10))

    assert list(undeclared(Base.metadata, declared(Base))) == [
        "forgotten: has personal columns and no __personal__",
        "forgotten.city: states neither personal() nor technical()",
    ]


def test_what_is_kept_agreed_to_or_used_without_saying_why_is_noticed() -> None:
    class Base(DeclarativeBase):
        """Tables of this test."""

    class Vague(Base):
        """A table that says too little."""

        __tablename__ = "vague"
        __personal__ = about("id", purpose="identify", basis=CONTRACT, keep="nothing", source="S4")

        id: Mapped[int] = mapped_column(primary_key=True, info=personal("pseudonym"))
        kept: Mapped[str] = mapped_column(info=personal("contact", erasure="keep"))
        agreed: Mapped[str] = mapped_column(info=personal("contact", basis=CONSENT))
        spied: Mapped[str] = mapped_column(info=personal("usage", purpose="profile"))

    assert list(undeclared(Base.metadata, declared(Base))) == [
        "vague.kept: is kept when its person is erased, and does not say why (because=)",
        "vague.agreed: rests on a consent and names no purpose of the ledger (consent=)",
        "vague.spied: there is no purpose profile in common.privacy.purposes",
    ]
    assert list(unruled(declared(Base), {"account"})) == [
        "vague: there is no retention rule for nothing"
    ]
