"""Databases: one engine a service, the same models on PostgreSQL and SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine, make_url
from sqlalchemy.orm import DeclarativeBase, Session

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database, refused when naive."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store in UTC; a naive time has no meaning and raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is no instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read as UTC, also from SQLite, which keeps no zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


TYPES: dict[Any, Any] = {
    datetime: UtcDateTime,
    UUID: sa.Uuid,
    dict: sa.JSON,
    list: sa.JSON,
    Enum: sa.Enum(
        Enum, native_enum=False, length=40, values_callable=lambda kind: [m.value for m in kind]
    ),
}
"""What a Python type is in every database: `type_annotation_map` of each Base."""


def metadata() -> sa.MetaData:
    """Tables of one service, with constraint names that are the same everywhere."""
    return sa.MetaData(naming_convention=NAMING)


class CommonBase(DeclarativeBase):
    """Tables that every service's own database has, whatever the service is."""

    metadata = metadata()
    type_annotation_map = TYPES


class Database:
    """A service's own database."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.engine = _sqlite(url) if url.startswith("sqlite") else _postgres(url, pool_size)

    @property
    def is_postgres(self) -> bool:
        """Whether LISTEN, advisory locks and row locks exist."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def transaction(self, **info: Any) -> Iterator[Session]:
        """One unit of work: committed at the end, rolled back when anything is raised."""
        with Session(self.engine, expire_on_commit=False, info=info) as session, session.begin():
            yield session

    @contextmanager
    def reading(self, **info: Any) -> Iterator[Session]:
        """Work that writes nothing: on SQLite it takes no write lock."""
        engine = self.engine.execution_options(portal_reading=True)
        info["reading"] = True
        with Session(engine, expire_on_commit=False, info=info) as session:
            yield session

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def insert(session: Session, table: type[DeclarativeBase]) -> Any:
    """INSERT of the session's dialect, for its ON CONFLICT."""
    return insert_for(session.get_bind().dialect.name, table)


def insert_for(dialect: str, table: Any) -> Any:
    """INSERT of a dialect by name, to be built once and kept."""
    of_dialect: Any = postgresql if dialect == "postgresql" else sqlite
    return of_dialect.insert(table)


def is_lost(error: BaseException) -> bool:
    """Whether the database itself was out of reach, so that waiting is better than failing.

    So it is, too, when every connection is in use for too long.
    """
    waited = sa.exc.InterfaceError, sa.exc.TimeoutError, psycopg.OperationalError  # last: LISTEN
    if isinstance(error, waited):
        return True
    if not isinstance(error, sa.exc.OperationalError):
        return False
    never_there = isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None
    return error.connection_invalidated or never_there


def is_passing(error: BaseException) -> bool:
    """Whether two transactions were in each other's way, so that the same again may succeed."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, sa.exc.OperationalError) and state in ("40P01", "40001")


def _postgres(url: str, pool_size: int) -> Engine:
    return sa.create_engine(
        make_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"client_encoding": "utf8"},
    )


def _sqlite(url: str) -> Engine:
    engine = sa.create_engine(
        url, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, the driver says it too late
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("portal_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
