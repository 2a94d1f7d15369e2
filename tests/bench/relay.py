"""Relay: events a second, confirmed by a quorum queue, against publishing without confirms."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import kombu
import sqlalchemy as sa

from common import keys, migrations
from common.events.catalogue import SERVICES, AccountActivated, types_of
from common.messaging import publish
from common.messaging.brokers.rabbit import RabbitBroker
from common.messaging.outbox import OutboxRow
from common.messaging.topology import EXCHANGE, Ladder
from common.service import load_services
from common.testing.servers import create_database

EVENTS, ROUNDS, AIM = 10_000, 7, 0.5
QUEUE = "bench.count"
[TYPE] = types_of(AccountActivated)


def run(folder: Path, postgres_url: str, rabbit_url: str) -> dict[str, Any]:
    """Alternate both ways of publishing the same bodies to the same queue."""
    keys.generate(folder / "keys", SERVICES)
    service = load_services(["identity"])["identity"]
    settings = service.settings_class(
        profile="development",
        broker_url=rabbit_url,
        keys_dir=folder / "keys",
        database_url=create_database(postgres_url, "bench_relay"),
    )
    broker = RabbitBroker(rabbit_url, Ladder.parse("PT5S"), {QUEUE: (TYPE,)})
    runtime = service.runtime(settings, broker=broker)
    migrations.upgrade(runtime)
    runtime.relay.send_all()
    broker.publish([])
    relayed, unconfirmed = [], []
    with kombu.Connection(rabbit_url) as connection:
        channel = connection.channel()
        for _ in range(ROUNDS):
            bodies = _fill(runtime)
            channel.queue_purge(QUEUE)
            unconfirmed.append(_publish_without_confirms(channel, bodies))
            channel.queue_purge(QUEUE)
            started = time.perf_counter()
            assert runtime.relay.send_all() == EVENTS
            relayed.append(EVENTS / (time.perf_counter() - started))
            assert channel.queue_declare(QUEUE, passive=True).message_count == EVENTS
    runtime.close()
    ratios = [ours / theirs for ours, theirs in zip(relayed, unconfirmed, strict=True)]
    return {
        "what": "relay: rows confirmed by a quorum queue, against publishing unconfirmed",
        "relay_per_second": round(median(relayed)),
        "unconfirmed_per_second": round(median(unconfirmed)),
        "ratios": [round(each, 2) for each in ratios],
        "measured": f"{median(relayed):,.0f}/s, ratio {median(ratios):.2f}",
        "aim": f"ratio at least {AIM}",
        "met": median(ratios) >= AIM,
    }


def _fill(runtime: Any) -> list[bytes]:
    """Put so many events in the outbox, made by publish() once and copied."""
    with runtime.transaction() as session:
        publish(session, AccountActivated(account_id=uuid4(), organisation_id=uuid4(), epoch=1))
        session.flush()
        row = session.scalars(sa.select(OutboxRow)).one()
        copies = [
            {
                "event_id": uuid4(), "type": row.type, "body": row.body, "attempts": 0,
                "next_try_at": row.next_try_at,
            }
            for _ in range(EVENTS - 1)
        ]  # fmt: skip
        session.execute(sa.insert(OutboxRow), copies)
        return [row.body] * EVENTS


def _publish_without_confirms(channel: Any, bodies: list[bytes]) -> float:
    """Events a second until the queue holds them all."""
    started = time.perf_counter()
    for body in bodies:
        message = channel.prepare_message(
            body,
            content_type="application/cloudevents+json",
            properties={"delivery_mode": 2, "message_id": str(uuid4()), "type": TYPE},
        )
        channel.basic_publish(message, exchange=EXCHANGE, routing_key=TYPE)
    while channel.queue_declare(QUEUE, passive=True).message_count < len(bodies):
        pass
    return len(bodies) / (time.perf_counter() - started)
