"""Pytest fixtures for real servers; the root conftest.py switches them on with `pytest_plugins`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from common.testing.servers import (
    Server,
    create_database,
    drop_database,
    start_postgres,
    start_rabbit,
)


@pytest.fixture(autouse=True)
def environment_after_a_test() -> Iterator[None]:
    """Fail a test that leaves environment variables behind: the next one would be told them."""
    yield from _environment_left_as_it_was()


@pytest.fixture(autouse=True, scope="module")
def environment_after_a_module() -> Iterator[None]:
    """Likewise for what the fixtures of a whole module set."""
    yield from _environment_left_as_it_was()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One PostgreSQL for the session, started when the first test asks for it."""
    with start_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[Server]:
    """One RabbitMQ for the session, started when the first test asks for it."""
    with start_rabbit() as server:
        yield server


@pytest.fixture
def new_postgres_database(postgres_server: Server) -> Iterator[Callable[[str], str]]:
    """Function from a name to the URL of a new, empty database; it goes with the test.

    name: told apart in the server's log; the real name is unique, so a shared server will do.
    """
    made: list[str] = []

    def new(name: str) -> str:
        made.append(f"test_{name}_{uuid4().hex[:12]}")
        return create_database(postgres_server.url, made[-1])

    yield new
    for name in made:
        drop_database(postgres_server.url, name)


@pytest.fixture
def postgres_url(new_postgres_database: Callable[[str], str]) -> str:
    """URL of an empty PostgreSQL database that only this test uses."""
    return new_postgres_database("own")


def _environment_left_as_it_was() -> Iterator[None]:
    before = _environment()
    yield
    changed = sorted(before.items() ^ _environment().items())
    assert not changed, "the environment is left changed"


def _environment() -> dict[str, str]:
    """What processes are told, without what pytest notes there for itself."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
