"""The only way out: `publish` writes a row in the caller's transaction, the relay sends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.orm import Mapped, Session, mapped_column

from common.db import CommonBase, insert_for
from common.events.catalogue import kind_of
from common.events.envelope import Envelope, encode, encode_data, schema_of
from common.ids import uuid7
from common.privacy.personal import technical
from common.tracing import traceparent

CHANNEL = "portal_outbox"


class NotTheOwner(Exception):
    """A service tried to publish an event that another one owns."""


@dataclass(frozen=True)
class Cause:
    """Who did it, and what it follows from."""

    actor: str
    correlation_id: str
    causation_id: str | None = None


class OutboxRow(CommonBase):
    """An event that is decided and not yet confirmed by the broker."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        info=technical("order of sending"),
    )
    event_id: Mapped[UUID] = mapped_column(info=technical("CloudEvents id"))
    type: Mapped[str] = mapped_column(sa.String(120), info=technical("routing key"))
    body: Mapped[bytes] = mapped_column(info=technical("envelope with ids only"))
    attempts: Mapped[int] = mapped_column(default=0, info=technical("times it was refused"))
    next_try_at: Mapped[datetime] = mapped_column(info=technical("not before this"))


class SubjectSequence(CommonBase):
    """How many events this service has published about a subject."""

    __tablename__ = "subject_sequences"

    subject: Mapped[str] = mapped_column(
        sa.String(120), primary_key=True, info=technical("opaque id of what events are about")
    )
    sequence: Mapped[int] = mapped_column(info=technical("of the latest event"))


def publish(session: Session, event: Any) -> None:
    """Say a fact to the estate, if and only if the caller's transaction commits.

    Locks the subject's sequence until the end of the transaction, so that the order of sequence
    numbers is the order of the outbox. Raises NotTheOwner for another service's event.
    """
    runtime = session.info["runtime"]
    kind = kind_of(type(event))
    if runtime.name not in kind.owners:
        raise NotTheOwner(f"{runtime.name} does not own {kind.name}")
    subject = str(getattr(event, kind.subject))
    cause: Cause = session.info["cause"]
    at = runtime.clock.now()
    wire_type = kind.type(runtime.name)
    envelope = Envelope(
        id=uuid7(),
        source=f"/{runtime.name}",
        type=wire_type,
        subject=subject,
        time=at,
        dataschema=schema_of(wire_type),
        sequence=str(_next_sequence(session, subject)),
        correlationid=cause.correlation_id,
        causationid=cause.causation_id,
        traceparent=traceparent(),
        actor=cause.actor,
        data=encode_data(event),
    )
    session.add(
        OutboxRow(
            event_id=envelope.id, type=wire_type, body=encode(envelope), attempts=0, next_try_at=at
        )
    )
    wake_worker(session)


def wake_worker(session: Session) -> None:
    """Tell the worker, once this transaction commits, that one of its steps has work."""
    session.info["published"] = True


def _next_sequence(session: Session, subject: str) -> int:
    session.flush()
    connection = session.connection()
    counted = connection.execute(_counting(connection.dialect.name), {"subject": subject})
    return int(counted.scalar_one())


@cache
def _counting(dialect: str) -> Any:
    return (
        insert_for(dialect, SubjectSequence.__table__)
        .values(subject=sa.bindparam("subject"), sequence=1)
        .on_conflict_do_update(
            index_elements=[SubjectSequence.subject],
            set_={"sequence": SubjectSequence.sequence + 1},
        )
        .returning(SubjectSequence.sequence)
    )


@sa_event.listens_for(Session, "before_commit")
def _notify_other_processes(session: Session) -> None:
    if session.info.get("published") and session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"NOTIFY {CHANNEL}"))


@sa_event.listens_for(Session, "after_commit")
def _wake_this_process(session: Session) -> None:
    if session.info.pop("published", False):
        session.info["runtime"].wake()
