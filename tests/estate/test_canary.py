"""One person leaves a mark in every text; the marks are only where the person entered them.

Events, logs, metrics and problems carry ids only (REQUIREMENTS 5), and no service keeps what was
entered in another. The marks go through everything that can happen, also through what goes wrong:
requests that are refused, a handler that fails until its messages are parked, a fault of our own.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import importlib
import io
import json
import logging
import secrets
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pika
import prometheus_client
import pytest
import structlog

from common import logs
from common.db import CommonBase
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.messaging import topology
from common.messaging.brokers import rabbit
from common.service import Runtime
from common.testing.clock import RunningClock
from common.testing.servers import Server
from deploy.local import seed, wiring
from deploy.local.estate import Estate
from deploy.local.portal import Portal
from tests.estate.conftest import LADDER, URL, SettledEstate, in_this_process
from tests.estate.scenario import PLAIN, RecordingBroker, Scenario, a_scenario, a_settled_estate
from tests.estate.surface import stored

FAILING = "shop.hold_orders_of_blocked"
RUNGS = ",".join(LADDER.split(",")[:2])
TAP = "test.canary.tap"

_ENTERED = {
    ("identity",): (
        "local_part", "colleague_given", "colleague_family", "colleague_local_part", "company",
        "customer_number", "other_local_part", "corrected_given", "job_title", "own_phone",
        "agent",
    ),
    ("identity", "screening"): ("given", "family"),
    ("uploads",): ("file",),
    ("service-cases",): (
        "title", "description", "message", "case_contact", "case_local_part", "case_phone",
    ),
    ("shop",): (
        "order_contact", "order_local_part", "order_phone", "street", "postal_code", "city",
    ),
    ("training",): ("participant", "participant_local_part"),
    (): ("password", "next_password", "content", "cookie", "key", "wrong"),
}  # fmt: skip
OWNERS = {name: set(owners) for owners, names in _ENTERED.items() for name in names}
"""Services whose personal columns may hold a mark.

The name of the one person who gets on a list stands in screening too: the list says it, in its own
words. The colleague's name, which is compared all the same, does not (S16).
"""


# ------------------------------------------------------------------------------------- the marks


@dataclasses.dataclass(frozen=True)
class Marks:
    """What is entered, and what is looked for."""

    entered: Mapping[str, str]
    sought: Mapping[str, str]

    @classmethod
    def make(cls) -> Marks:
        """New marks for every text, that nothing else can be mistaken for."""
        letters = {name: f"zq{_random(string.ascii_lowercase)}" for name in OWNERS}
        digits = {name: _random(string.digits[1:]) for name in ("case_phone", "order_phone")}
        digits["own_phone"] = _random(string.digits[1:], 12)
        sought = {**letters, **digits, "postal_code": f"Z{_random(string.digits, 11)}"}
        entered = {
            **{name: text.capitalize() if name in PLAIN else text for name, text in sought.items()},
            **{name: f"+49 {text}" for name, text in digits.items()},
            "password": f"{sought['password']} horse",
            "next_password": f"{sought['next_password']} horse",
            "description": f"It began so:\n{sought['description']}",
            "street": f"{sought['street'].capitalize()} 1",
        }
        return cls(entered, sought)

    def found_in(self, text: str | bytes) -> set[str]:
        """Names of the marks in a text: as they are, digested, or in hex or base64."""
        folded = (text.encode() if isinstance(text, str) else text).lower()
        return {
            name
            for name, mark in self.sought.items()
            if any(form in folded for form in _forms(mark))
        }


def _random(alphabet: str, length: int = 14) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


@cache
def _forms(mark: str) -> tuple[bytes, ...]:
    """How a mark may look; base64 depends on where in three bytes it begins."""
    forms = [mark.lower().encode()]
    for raw in (mark.encode(), mark.capitalize().encode()):
        forms.append(raw.hex().encode())
        forms += [each(raw).hexdigest().encode() for each in (hashlib.sha256, hashlib.sha1)]
        for before in range(3):
            whole = base64.b64encode(b"\0" * before + raw)
            forms.append(whole[4 if before else 0 : -4].lower())
    return tuple(forms)


# ------------------------------------------------------------------- where marks are looked for


@dataclasses.dataclass
class Traces:
    """All that is kept or sent while the estate works, other than what people are answered."""

    lines: io.StringIO
    wire: list[tuple[str, bytes]]
    problems: list[tuple[str, bytes]] = dataclasses.field(default_factory=list)

    def hits(self, marks: Marks) -> list[str]:
        """Every mark in the messages, the logs, the metrics and the problems."""
        metrics = prometheus_client.generate_latest().decode()
        places = [
            *((f"message {where}", body) for where, body in self.wire),
            *(("log", line.encode()) for line in self.lines.getvalue().splitlines()),
            *(("metrics", line.encode()) for line in metrics.splitlines()),
            *((f"problem of {where}", body) for where, body in self.problems),
        ]
        return [
            f"{name} in {where}: {text!r}"
            for where, text in places
            for name in marks.found_in(text)
        ]

    def keep_problem(self, answer: httpx.Response) -> None:
        """Note the body of a refusal; a hook of the client."""
        if answer.status_code >= 400:
            asked = answer.request
            self.problems.append((f"{asked.method} {answer.status_code}", answer.read()))


def texts_in(runtime: Runtime) -> Iterator[tuple[str, str, bytes]]:
    """Every text, number of bytes and JSON in a service's database."""
    for table, column, value in stored(runtime):
        if isinstance(value, bytes | memoryview):
            yield table, column, bytes(value)
        elif isinstance(value, str | dict | list):
            yield table, column, json.dumps(value, ensure_ascii=False).encode()


def places(portal: Portal, marks: Marks) -> dict[str, set[tuple[str, str, str]]]:
    """Where in the databases each mark is: service, table, column."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    for service, runtime in portal.estate.runtimes.items():
        for table, column, text in texts_in(runtime):
            for name in marks.found_in(text):
                found.setdefault(name, set()).add((service, table, column))
    return found


def personal_columns(service: str) -> set[tuple[str, str, str]]:
    """Columns that declare to hold something about a person, the common tables' among them.

    The answers kept for Idempotency-Key are one: what was answered to a person, for a day.
    """
    models = importlib.import_module(f"{service.replace('-', '_')}.models")
    return {
        (service, table.name, column.name)
        for base in (models.Base, CommonBase)
        for table in base.metadata.sorted_tables
        for column in table.columns
        if "personal" in column.info
    }


def out_of_place(found: Mapping[str, set[tuple[str, str, str]]]) -> list[tuple[str, Any]]:
    """Marks in another service than the one they were entered in, or in an undeclared column."""
    allowed = {name: personal_columns(name) for name in OWNERS_OF_PERSONAL_DATA}
    return [
        (name, place)
        for name, where in found.items()
        for place in sorted(where)
        if place[0] not in OWNERS[name] or place not in allowed[place[0]]
    ]


# ------------------------------------------------------------------------------------ the estates


def fail(_: Any, __: Any) -> None:
    """Handle nothing; the error holds what no log line may repeat."""
    raise ValueError(fail.text)


class FailingEstate(SettledEstate):
    """One subscription fails, again and again, until its messages are parked."""

    def _watched(self, subscription: Any) -> Callable[[Any, Any], Any]:
        if subscription.name != FAILING:
            return super()._watched(subscription)
        return _named(subscription)


def _named(subscription: Any) -> Callable[[Any, Any], Any]:
    def call(event: Any, session: Any) -> None:
        fail(event, session)

    call.__name__ = subscription.function.__name__
    return call


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> Marks:
    """New marks; the failing handler knows all of them."""
    made = Marks.make()
    monkeypatch.setattr(fail, "text", " ".join(made.sought.values()), raising=False)
    return made


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged from here on, by our own code and by libraries."""
    stream, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure("debug", stream)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # operator commands would, again
    yield stream
    root.handlers[:], root.level = before
    structlog.reset_defaults()


@pytest.fixture
def embedded(tmp_path: Path, lines: io.StringIO) -> Iterator[tuple[Portal, Traces]]:
    """The estate on SQLite without a broker between, and its traces."""
    broker, ladder = RecordingBroker(), {"PORTAL_RETRY_LADDER": RUNGS}
    with a_settled_estate(tmp_path, broker, FailingEstate, **ladder) as portal:
        traces = Traces(lines, [])
        yield portal, traces
        assert broker.published


@pytest.fixture
def on_rabbit(
    tmp_path: Path,
    lines: io.StringIO,
    environment: Callable[[dict[str, str]], None],
    servers: Callable[[int], wiring.Servers],
    rabbit_server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Portal, Traces]]:
    """The estate on PostgreSQL and RabbitMQ, with another client listening to every message."""
    told = wiring.environment(tmp_path, servers(1), URL)
    environment({**told, "PORTAL_CLOCK_FILE": "", "PORTAL_RETRY_LADDER": RUNGS})
    traces = Traces(lines, [])
    send = rabbit._Sender.send

    def sent(self: Any, messages: Any) -> Any:
        """Retries and parked messages go from queue to queue, past every exchange."""
        traces.wire.extend(
            (f"{key} {headers}", f"{headers}".encode() + message.body)
            for _, key, message, headers in messages
        )
        return send(self, messages)

    monkeypatch.setattr(rabbit._Sender, "send", sent)
    clock, stop = RunningClock(), Event()
    estate = Estate(tmp_path, lambda _: None, clock)
    for runtime in estate.runtimes.values():
        runtime.subscriptions = tuple(
            dataclasses.replace(each, function=_named(each)) if each.name == FAILING else each
            for each in runtime.subscriptions
        )
    threads: list[Thread] = []
    with channel(rabbit_server) as tap:
        tap.exchange_declare(topology.EXCHANGE, "topic", durable=True)
        tap.queue_declare(TAP, durable=True)
        tap.queue_bind(TAP, topology.EXCHANGE, "#")
    try:
        threads += estate.start(stop)
        portal = in_this_process(estate, clock, clock.advance)
        portal.estate = estate
        seed.fill(portal, None)
        yield portal, traces
    finally:
        stop.set()
        for runtime in estate.runtimes.values():
            runtime.wake()
        for thread in threads:
            thread.join(timeout=10)
        estate.close()
        with channel(rabbit_server) as tap:
            tap.queue_delete(TAP)


# --------------------------------------------------------------------------------------- the play


@dataclasses.dataclass
class Canary(Scenario):
    """The scenario of somebody with marks."""

    marks: Marks = dataclasses.field(default_factory=Marks.make)

    def play(self) -> None:
        """All of it up to the erasure; the databases are looked at before it."""
        self.people_come()
        self.use_every_service()
        self.staff_and_customers_change_things()
        self.people_are_invited()
        self.a_colleague_has_second_thoughts()
        self.the_account_has_a_history()
        self.somebody_is_refused()
        self.send_what_is_refused()
        self.run_into_a_fault()
        self.a_new_list_names_the_person()
        self.a_review_clears_the_person()
        self.another_customer_leaves()

    def send_what_is_refused(self) -> None:
        """Marks in wrong fields, paths, queries and headers, signed in and not."""
        for who in (self.person, self.staff["support"], self.portal.anybody()):
            for service, app in self.portal.estate.apps.items():
                self._refused_everywhere(who, service, app)
        self._sign_in_in_vain()
        for content in (b"MZ", b"\x89PNG"):
            self._unwanted(self.person, "POST", "uploads", "documents",
                           files={"file": (self.marks.entered["file"] + ".exe", content)},
                           data={"declaration": self.marks.entered["wrong"]})  # fmt: skip

    def _refused_everywhere(self, who: Any, service: str, app: Any) -> None:
        every = " ".join(self.marks.sought.values())
        wrong = self.marks.sought["wrong"]
        document = app.test_client().get("/openapi.json").json
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if method not in ("get", "post", "put", "patch", "delete"):
                    continue
                if "{" not in path and "requestBody" not in operation and method != "get":
                    continue  # it would be done: there is nothing to be wrong in it
                body = dict.fromkeys(_fields(document, operation), every)
                url = path.lstrip("/").replace("{", "").replace("}", "")
                spoilt = "/".join(
                    wrong if part.startswith("{") else part for part in path.lstrip("/").split("/")
                )
                self._unwanted(who, method, service, url, json=body)
                self._unwanted(who, method, service, spoilt, json={**body, "surprise": every})
                self._unwanted(
                    who, method, service, spoilt, content=every,
                    headers={"Content-Type": f"text/{wrong}", "If-Match": f'"{wrong}"'},
                )  # fmt: skip
                self._unwanted(
                    who, method, service, url, content=b'{"' + every.encode(),
                    params={"cursor": wrong, "limit": wrong, "state": wrong, "q": every},
                    headers={"Content-Type": "application/json", "If-Match": '"1"'},
                )  # fmt: skip
        self._unwanted(who, "GET", service, wrong, params={"q": every})
        self._unwanted(who, wrong.upper(), service, "healthz")
        self._unwanted(
            who,
            "GET",
            service,
            "healthz",
            headers={"Host": f"{wrong}.example", "traceparent": wrong},
        )

    def _sign_in_in_vain(self) -> None:
        wrong, person = self.marks.entered["wrong"], self.portal.anybody()
        for email, password in (
            (self.person.email, f"{wrong} horse"),
            (f"{wrong}@customer.example", self.person.password),
            (wrong, wrong),
        ):
            body = {"email": email, "password": password}
            self._unwanted(person, "POST", "identity", "sessions", json=body)
        token = {"token": self.marks.sought["wrong"] * 2}
        self._unwanted(person, "POST", "identity", "registrations/confirmation", json=token)
        token["password"] = self.marks.entered["password"]
        self._unwanted(person, "POST", "identity", "passwords", json=token)
        stolen = self.portal.anybody()
        stolen.token = self.marks.sought["wrong"]
        self._unwanted(stolen, "GET", "shop", "orders")

    def run_into_a_fault(self) -> None:
        """A route raises what nobody foresaw, with marks in the error's text; the answer is 500."""
        views = self.portal.estate.apps["shop"].view_functions
        view, views["shop.place_order"] = views["shop.place_order"], self._burst
        try:
            body = {"contact": {"name": self.marks.entered["order_contact"]}}
            answer = self.person.send("POST", "shop", "orders", 500, json=body)
        finally:
            views["shop.place_order"] = view
        assert answer.headers["Content-Type"] == "application/problem+json"

    def _burst(self, **_: Any) -> None:
        raise LookupError(" ".join(self.marks.sought.values()))

    def _unwanted(self, who: Any, method: str, service: str, path: str, **sent: Any) -> None:
        """Send it; whatever is answered, it is no fault of ours."""
        answer = who.send(method.upper(), service, path, None, **sent)
        assert answer.status_code < 500, (method, service, path, answer.text)


def _fields(document: Mapping[str, Any], operation: Mapping[str, Any]) -> list[str]:
    """Names of the fields of a JSON body."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return list(schema.get("properties", ()))


def prepare(portal: Portal, traces: Traces, marks: Marks) -> Canary:
    """The canary, who names itself in the headers of every request too."""

    def add_marks(request: httpx.Request) -> None:
        request.headers["User-Agent"] = f"Browser/{marks.entered['agent']}"
        request.headers["Idempotency-Key"] += marks.sought["key"]
        request.headers["Cookie"] = f"who={marks.sought['cookie']}"
        request.headers["X-Forwarded-For"] = marks.sought["cookie"]

    portal.client.event_hooks = {"request": [add_marks], "response": [traces.keep_problem]}
    scenario = a_scenario(portal, {**PLAIN, **marks.entered})
    return Canary(portal, scenario.say, scenario.list_file, texts=scenario.texts, marks=marks)


def parked(runtime: Runtime) -> int:
    """How many messages of the failing subscription are parked in a service's own database."""
    return sum(1 for table, column, _ in texts_in(runtime) if (table, column) == PARKED_BODY)


PARKED_BODY = ("parked_messages", "body")


def check(canary: Canary, traces: Traces) -> None:
    """Every mark is where it was entered, and nowhere else."""
    marks, portal = canary.marks, canary.portal
    found = places(portal, marks)
    assert out_of_place(found) == []
    missing = {
        name
        for name, owners in OWNERS.items()
        if owners - {where[0] for where in found.get(name, ())}
    }
    assert missing == set(), "a mark that was never stored proves nothing"
    objects = [
        file.read_bytes() for file in (portal.folder / "objects").rglob("*") if file.is_file()
    ]
    assert any("content" in marks.found_in(each) for each in objects)
    assert traces.wire
    assert traces.problems
    assert traces.hits(marks) == []


def check_erasure(canary: Canary) -> None:
    """A year later nothing in identity and screening says who the person was."""
    canary.the_account_is_closed()
    canary.a_year_later_everything_is_erased()
    found = places(canary.portal, canary.marks)
    assert out_of_place(found) == []
    left = {name: found.get(name, set()) for name in ("given", "family", "local_part")}
    assert left == {"given": set(), "family": set(), "local_part": set()}
    assert found["order_contact"] == {("shop", "orders", "contact_name")}


def test_nothing_that_was_entered_gets_out_of_its_service_embedded(
    embedded: tuple[Portal, Traces], marks: Marks, capfd: pytest.CaptureFixture[str]
) -> None:
    portal, traces = embedded
    canary = prepare(portal, traces, marks)
    canary.play()
    portal.settle()
    traces.wire += [(each.type, each.body) for each in portal.estate.broker.published]
    assert parked(portal.estate.runtimes["shop"])
    assert '"outcome":"parked"' in traces.lines.getvalue()
    check(canary, traces)
    check_erasure(canary)
    portal.settle()
    traces.wire += [(each.type, each.body) for each in portal.estate.broker.published]
    assert traces.hits(marks) == []
    assert [marks.found_in(text) for text in capfd.readouterr()] == [set(), set()]


@pytest.mark.rabbit
@pytest.mark.postgres
def test_nothing_that_was_entered_gets_out_of_its_service_on_rabbitmq_and_postgresql(
    on_rabbit: tuple[Portal, Traces],
    marks: Marks,
    rabbit_server: Server,
    capfd: pytest.CaptureFixture[str],
) -> None:
    portal, traces = on_rabbit
    canary = prepare(portal, traces, marks)
    canary.play()
    check(canary, traces)
    check_erasure(canary)
    queue = topology.parked_queue(FAILING)
    portal.until(lambda: waiting(rabbit_server, queue))
    names = [each.name for each in topology.queues(topology.estate(), topology.Ladder.parse(RUNGS))]
    taken = {name: messages_of(rabbit_server, name) for name in [*names, TAP]}
    assert taken[queue]
    assert len(taken[TAP]) > 100, "the other client has heard everything"
    traces.wire += [(name, each) for name, messages in taken.items() for each in messages]
    assert any(".retry." in where for where, _ in traces.wire)
    assert traces.hits(marks) == []
    assert [marks.found_in(text) for text in capfd.readouterr()] == [set(), set()]


@contextmanager
def channel(server: Server) -> Iterator[Any]:
    """RabbitMQ through a client that shares no code with ours."""
    with pika.BlockingConnection(pika.URLParameters(server.url)) as connection:
        yield connection.channel()


def waiting(server: Server, queue: str) -> int:
    """How many messages are in a queue."""
    with channel(server) as here:
        return int(here.queue_declare(queue, passive=True).method.message_count)


def messages_of(server: Server, queue: str) -> list[bytes]:
    """Take all messages out of a queue: their properties, headers and bodies."""
    found = []
    with channel(server) as here:
        while (got := here.basic_get(queue, auto_ack=True))[0] is not None:
            found.append(f"{got[0]} {got[1]}".encode() + (got[2] or b""))
    return found


# ------------------------------------------------------------------------------ negative controls


def test_a_mark_in_an_allowed_field_of_a_log_line_is_found(
    lines: io.StringIO, marks: Marks
) -> None:
    traces = Traces(lines, [])
    logs.log.info("request answered", route="/orders", status=200)
    assert traces.hits(marks) == []
    logs.log.info("request answered", route=f"/orders/{marks.entered['family']}", status=200)
    assert ["family" in each for each in traces.hits(marks)] == [True]


def test_a_mark_in_a_message_a_problem_and_a_metric_is_found(marks: Marks) -> None:
    wire = [("shop.OrderPlaced.v1", f'{{"actor": "{marks.entered["given"]}"}}'.encode())]
    problems = [("GET 404", marks.sought["wrong"].upper().encode())]
    counter = prometheus_client.Counter("test_canary", "For this test", ["who"])
    counter.labels(marks.sought["city"]).inc()
    try:
        hits = Traces(io.StringIO(), wire, problems).hits(marks)
        assert {each.split()[0] for each in hits} == {"given", "wrong", "city"}
    finally:
        prometheus_client.REGISTRY.unregister(counter)


@pytest.mark.parametrize(
    "disguise",
    [
        str.upper,
        lambda mark: mark.encode().hex(),
        lambda mark: base64.b64encode(f"x{mark}".encode()).decode(),
        lambda mark: base64.urlsafe_b64encode(f"xy{mark} z".encode()).decode(),
        lambda mark: hashlib.sha256(mark.encode()).hexdigest(),
    ],
    ids=["capitals", "hex", "base64", "base64 for URLs", "a digest without a key"],
)
def test_a_mark_in_disguise_is_found(disguise: Callable[[str], str], marks: Marks) -> None:
    assert marks.found_in(f"before {disguise(marks.sought['family'])} after") == {"family"}


def test_a_mark_in_another_service_or_in_an_undeclared_column_is_out_of_place() -> None:
    there = {"title": {("service-cases", "cases", "title")}}
    assert out_of_place(there) == []
    for place in (("shop", "orders", "contact_name"), ("service-cases", "machines", "product")):
        assert out_of_place({"title": {place}}) == [("title", place)]
    assert out_of_place({"password": {("identity", "accounts", "password_hash")}})
