"""One service under test: given rows, when an event comes, what is published; and its HTTP side."""

from __future__ import annotations

import atexit
import copy
import dataclasses
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MethodType
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import httpx
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from common import keys, logs, migrations
from common.events.catalogue import SERVICES, kind_of
from common.events.envelope import Envelope, decode, encode, encode_data, schema_of
from common.ids import uuid7
from common.messaging.brokers import Disposition, Done, Message
from common.messaging.brokers.embedded import EmbeddedBroker
from common.messaging.outbox import OutboxRow
from common.service import Runtime, Service
from common.testing.clock import StandingClock
from common.web.access import Principal, Role, access_token, service_token
from common.web.standing import AccountStanding, Standing


class Harness:
    """A service on a database of its own, a clock that stands still and no broker between."""

    def __init__(
        self,
        service: Service,
        folder: Path,
        *,
        database_url: str | None = None,
        transports: Mapping[str, httpx.BaseTransport] | None = None,
        **settings: Any,
    ) -> None:
        logs.configure("info")
        shutil.copytree(_keys(service.name), folder / "keys", dirs_exist_ok=True)
        self.folder, self.clock = folder, StandingClock()
        self.service = service
        self.runtime = service.runtime(
            service.settings_class(
                **{
                    "profile": "development",
                    "broker_url": "embedded:",
                    "keys_dir": folder / "keys",
                    "database_url": database_url or f"sqlite:///{folder}/{service.name}.sqlite",
                    **settings,
                }
            ),
            clock=self.clock,
            broker=EmbeddedBroker(),
            transports={"identity": httpx.MockTransport(_nobody_answers), **(transports or {})},
        )
        if database_url is None:
            self._copy_migrated(Path(str(self.runtime.db.engine.url.database)))
        else:
            migrations.upgrade(self.runtime)
        self.app = _app_of(self.runtime)
        self._sequences: dict[str, int] = {}

    def _copy_migrated(self, file: Path) -> None:
        """Migrate once a session and copy the file: it takes longer than most tests."""
        template = _folder() / f"{self.service.package}.sqlite"
        if not template.exists():
            migrations.upgrade(self.runtime)
            with sqlite3.connect(file) as source, sqlite3.connect(template) as copy:
                source.backup(copy)
        else:
            self.runtime.db.close()
            shutil.copy(template, file)

    def given(self, row: Any) -> Any:
        """Store a row as it is."""
        with self.runtime.transaction(actor="test") as session:
            session.add(row)
        return row

    def when(self, event: Any, *, owner: str | None = None, times: int = 2) -> list[Disposition]:
        """Deliver an event to every subscription that asks for it, twice, as brokers may.

        Raises what the handler raised.
        """
        message = self.message(event, owner=owner)
        answers: list[Disposition] = []
        for subscription in self.service.subscriptions:
            if message.type not in subscription.types:
                continue
            for _ in range(times):
                answers += self._deliver(subscription, message)
        assert answers, f"{self.service.name} does not subscribe to {message.type}"
        return answers

    def message(
        self, event: Any, *, owner: str | None = None, sequence: int | None = None
    ) -> Message:
        """Put an event in an envelope, as its owner would send it."""
        kind = kind_of(type(event))
        owner = owner or kind.owners[0]
        subject = str(getattr(event, kind.subject))
        self._sequences[subject] = sequence or self._sequences.get(subject, 0) + 1
        envelope = Envelope(
            id=uuid7(),
            source=f"/{owner}",
            type=kind.type(owner),
            subject=subject,
            time=self.clock.now(),
            dataschema=schema_of(kind.type(owner)),
            sequence=str(self._sequences[subject]),
            correlationid=str(uuid7()),
            actor=f"service:{owner}",
            data=encode_data(event),
        )
        return Message(envelope.type, encode(envelope), str(envelope.id))

    def published(self, kind: type | None = None) -> list[Any]:
        """Events in the outbox, in order; of one class if given."""
        with self.runtime.reading() as session:
            rows = session.scalars(sa.select(OutboxRow).order_by(OutboxRow.id)).all()
        events = [decode(row.body)[1] for row in rows]
        return [each for each in events if kind is None or isinstance(each, kind)]

    def forget_published(self) -> None:
        """Empty the outbox."""
        with self.runtime.transaction() as session:
            session.execute(sa.delete(OutboxRow))

    def rows(self, model: Any, *where: Any) -> list[Any]:
        """Rows of a table, by primary key."""
        with self.runtime.reading() as session:
            order = sa.inspect(model).primary_key
            return list(session.scalars(sa.select(model).where(*where).order_by(*order)))

    def run_steps(self) -> int:
        """Run every step until none finds work; raises what a step raised."""
        total = 0
        while done := sum(each(self.runtime) for each in self.service.steps):
            total += done
        return total

    def sign_in(
        self,
        *roles: Role,
        organisation_id: UUID | None = None,
        account_id: UUID | None = None,
        country: str = "DE",
        known: bool = True,
    ) -> Caller:
        """Somebody with an active account and a valid token; known=False leaves no standing."""
        person = Principal(
            account_id=account_id or uuid7(),
            organisation_id=organisation_id or uuid7(),
            roles=frozenset(roles or (Role.MEMBER,)),
            country=country,
            epoch=1,
            session_id=str(uuid7()),
        )
        if known:
            self.given(
                AccountStanding(
                    account_id=person.account_id,
                    organisation_id=person.organisation_id,
                    state=Standing.ACTIVE,
                    epoch=1,
                    sequence=0,
                )
            )
        return Caller(self, person)

    def anonymous(self) -> Caller:
        """Somebody who is not signed in."""
        return Caller(self, None)

    def peer(self, name: str, scope: str) -> Caller:
        """Another service calling, with a token of its own for this scope."""
        caller = Caller(self, None)
        own = keys.Keys(self.folder / "keys", name)
        caller.token = service_token(own, self.service.name, scope, self.clock.now())
        return caller

    def _deliver(self, subscription: Any, message: Message) -> list[Disposition]:
        caught: list[Exception] = []

        def call(event: Any, session: Any) -> Any:
            try:
                return subscription.function(event, session)
            except Exception as error:
                caught.append(error)
                raise

        call.__name__ = subscription.function.__name__
        watched = dataclasses.replace(subscription, function=call)
        answers = self.runtime.consumer.handle(watched, [message])
        if caught:
            raise caught[0]
        assert all(isinstance(each, Done) for each in answers), answers
        return answers


@cache
def _folder() -> Path:
    """What all harnesses of this process copy from."""
    folder = Path(tempfile.mkdtemp(prefix="portal-harness-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _keys(service: str) -> Path:
    keys.generate(_folder() / f"keys-{service}", {*SERVICES, service})
    return _folder() / f"keys-{service}"


_APPS: WeakKeyDictionary[Service, dict[int | None, Flask]] = WeakKeyDictionary()
"""Applications to copy from, by the limit of their bodies."""


def _app_of(runtime: Runtime) -> Flask:
    """The web application of a runtime, copied from one made once a process for its service.

    Making it describes every route anew and takes longer than most tests.
    """
    body_limit = getattr(runtime.settings, "max_body_bytes", None)
    made = _APPS.setdefault(runtime.service, {})
    if body_limit not in made:
        made[body_limit] = runtime.service.create_app(runtime)
        made[body_limit].extensions["runtime"] = None
    pattern = made[body_limit]
    app, front = copy.copy(pattern), copy.copy(pattern.wsgi_app)
    front.app = MethodType(Flask.wsgi_app, app)  # type: ignore[attr-defined]
    app.wsgi_app = front  # type: ignore[method-assign]
    app.config = copy.copy(pattern.config)
    app.view_functions = dict(pattern.view_functions)
    app.extensions = {**pattern.extensions, "runtime": runtime}
    return app


class Caller:
    """A client of the service's HTTP side."""

    def __init__(self, harness: Harness, person: Principal | None) -> None:
        self._harness, self.person = harness, person
        self._client = harness.app.test_client()
        self.token: str | None = None
        if person is not None:
            identity = keys.Keys(harness.folder / "keys", "identity")
            self.token = access_token(identity, person, harness.clock.now())

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """GET."""
        return self.call("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        """POST, with a fresh Idempotency-Key unless headers give one."""
        headers = {"Idempotency-Key": str(uuid7()), **kwargs.pop("headers", {})}
        return self.call("POST", path, json=json, headers=headers, **kwargs)

    def change(self, method: str, path: str, version: int, json: Any = None) -> TestResponse:
        """Change something that was seen in this version."""
        return self.call(method, path, json=json, headers={"If-Match": f'"{version}"'})

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """Call with the token."""
        headers = dict(kwargs.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if kwargs.get("json", ...) is None:
            del kwargs["json"]
        return self._client.open(path, method=method, headers=headers, **kwargs)


def _nobody_answers(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("identity is not part of this test", request=request)


def pointers(answer: TestResponse) -> set[str]:
    """JSON pointers of the faults that a problem names."""
    errors: Iterable[Mapping[str, str]] = (answer.json or {}).get("errors", ())
    return {each["pointer"] for each in errors}
