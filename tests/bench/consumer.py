"""Consumer: events a second with inbox and one-row handler, against plain SQL."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import psycopg

from common import keys, migrations
from common.events.catalogue import SERVICES, AccountActivated, types_of
from common.events.envelope import Envelope, encode, encode_data
from common.ids import uuid7
from common.messaging.brokers import Message
from common.messaging.brokers.rabbit import RabbitBroker
from common.messaging.topology import BATCH, Ladder
from common.service import load_services
from common.testing.servers import create_database

EVENTS, ROUNDS, AIM = 5_000, 7, 0.5
[TYPE] = types_of(AccountActivated)
QUEUE = "shop.keep_standing"


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Alternate: the same inbox and standing rows, consumed from RabbitMQ and by plain SQL."""
    keys.generate(folder / "keys", SERVICES)
    service = load_services(["shop"])["shop"]
    settings = service.settings_class(
        profile="development",
        broker_url=rabbit_url,
        keys_dir=folder / "keys",
        database_url=create_database(postgres_url, "bench_consumer"),
    )
    topology = {each.name: each.types for each in service.subscriptions}
    broker = RabbitBroker(rabbit_url, Ladder.parse("PT5S"), topology)
    runtime = service.runtime(settings, broker=broker)
    migrations.upgrade(runtime)
    broker.subscribe(runtime, runtime.consumer.handle)
    consumed, plain = [], []
    with psycopg.connect(settings.database_url) as connection:
        for _ in range(ROUNDS):
            plain.append(_plain_sql(connection, [uuid4() for _ in range(EVENTS)]))
            _clear(connection)
            broker.publish([_message(uuid4()) for _ in range(EVENTS)])
            consumed.append(_consume(runtime, connection))
            _clear(connection)
    runtime.close()
    ratios = [ours / theirs for ours, theirs in zip(consumed, plain, strict=True)]
    return {
        "what": "consumer: inbox and a one-row handler, against plain SQL, 50 a commit",
        "consumed_per_second": round(median(consumed)),
        "plain_per_second": round(median(plain)),
        "ratios": [round(each, 2) for each in ratios],
        "measured": f"{median(consumed):,.0f}/s, ratio {median(ratios):.2f}",
        "aim": f"ratio at least {AIM}",
        "met": median(ratios) >= AIM,
    }


def _message(account_id: UUID) -> Message:
    event = AccountActivated(account_id=account_id, organisation_id=uuid4(), epoch=1)
    envelope = Envelope(
        id=uuid7(),
        source="/identity",
        type=TYPE,
        subject=str(account_id),
        time="2026-01-01T00:00:00Z",  # type: ignore[arg-type]
        dataschema=f"/events/{TYPE}.json",
        sequence="1",
        correlationid=str(uuid7()),
        actor="service:identity",
        data=encode_data(event),
    )
    return Message(TYPE, encode(envelope), str(envelope.id))


def _consume(runtime: Any, connection: psycopg.Connection[Any]) -> float:
    stop = threading.Event()
    worker = threading.Thread(target=runtime.broker.consume, args=(stop,))
    worker.start()
    first = _wait_for(connection, 1)
    last = _wait_for(connection, EVENTS)
    stop.set()
    worker.join()
    return EVENTS / (last - first)


def _wait_for(connection: psycopg.Connection[Any], rows: int) -> float:
    while True:
        with connection.transaction():
            found = connection.execute("SELECT count(*) FROM account_standing").fetchone()
        if found is not None and found[0] >= rows:
            return time.perf_counter()
        time.sleep(0.005)


def _plain_sql(connection: psycopg.Connection[Any], accounts: list[UUID]) -> float:
    started = time.perf_counter()
    for start in range(0, len(accounts), BATCH):
        with connection.transaction():
            for account in accounts[start : start + BATCH]:
                connection.execute("INSERT INTO inbox VALUES (%s, %s, now())", (QUEUE, uuid4()))
                connection.execute(
                    "INSERT INTO account_standing VALUES (%s, %s, 'active', 1, 1)"
                    " ON CONFLICT (account_id) DO UPDATE SET sequence = 1"
                    " WHERE account_standing.sequence < 1",
                    (account, uuid4()),
                )
    return len(accounts) / (time.perf_counter() - started)


def _clear(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction():
        connection.execute("TRUNCATE inbox, account_standing")
