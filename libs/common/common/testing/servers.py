"""Finds or starts a real PostgreSQL and a real RabbitMQ, for tests and for the local full stack.

The order is: a URL in the environment; a Docker engine; the machine's own programs, run as private
processes on free loopback ports. Where there is none, NoServer says what to do: nothing is skipped.
`python -m common.testing.servers` says which of them this machine would use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from common.testing.containers import container_postgres, container_rabbit, engine_answers
from common.testing.processes import (
    postgres_programs,
    private_postgres,
    private_rabbit,
    rabbit_programs,
)
from common.testing.server import (
    Server,
    ServerFailed,
    connect_postgres,
    connect_rabbit,
    wait_until,
)

__all__ = [
    "NoServer",
    "Server",
    "ServerFailed",
    "create_database",
    "drop_database",
    "origins",
    "start_postgres",
    "start_rabbit",
]

POSTGRES_URL = "PORTAL_TEST_POSTGRES_URL"
RABBIT_URL = "PORTAL_TEST_RABBIT_URL"
INSTALL = "sudo apt-get install -y postgresql rabbitmq-server"


class NoServer(Exception):
    """This machine has no such server; the text is the way to get one."""

    def __init__(self, product: str, variable: str) -> None:
        super().__init__(
            f"{product} is not here. Install it:  {INSTALL}\n"
            f"or start a Docker engine, or set {variable} to the URL of a running server."
        )


def start_postgres(folder: Path | None = None) -> Server:
    """PostgreSQL whose URL has all rights; without a folder a throwaway, slack about its disk.

    folder: keeps the data for the next start; the server is then our own, whatever the environment
    says. Raises NoServer where there is none, ServerFailed where it does not start.
    """
    if folder is None and POSTGRES_URL in os.environ:
        return _given(os.environ[POSTGRES_URL], connect_postgres)
    if engine_answers():
        return container_postgres(folder)
    programs = postgres_programs()
    if programs is None:
        raise NoServer("PostgreSQL", POSTGRES_URL)
    return private_postgres(programs, folder)


def start_rabbit(folder: Path | None = None) -> Server:
    """RabbitMQ with the user guest and the virtual host /; folder and errors as start_postgres."""
    if folder is None and RABBIT_URL in os.environ:
        return _given(os.environ[RABBIT_URL], connect_rabbit)
    if engine_answers():
        return container_rabbit(folder)
    programs = rabbit_programs()
    if programs is None:
        raise NoServer("RabbitMQ", RABBIT_URL)
    return private_rabbit(programs, folder)


def create_database(server_url: str, name: str) -> str:
    """Create an empty database (UTF8, C locale) and return its URL; one of that name is dropped."""
    drop_database(server_url, name)
    _execute(
        server_url,
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        name,
    )
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def drop_database(server_url: str, name: str) -> None:
    """Drop a database if it exists, ending the connections to it."""
    _execute(server_url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def origins() -> dict[str, str]:
    """Where each server would come from on this machine; "" where from nowhere."""
    container = "a container" if engine_answers() else ""
    postgres = "a private process" if postgres_programs() else ""
    rabbit = "a private process" if rabbit_programs() else ""
    return {
        "PostgreSQL": POSTGRES_URL if POSTGRES_URL in os.environ else container or postgres,
        "RabbitMQ": RABBIT_URL if RABBIT_URL in os.environ else container or rabbit,
    }


def main() -> int:
    """Print where the servers would come from; exit code 1 when one is missing."""
    for product, origin in origins().items():
        print(f"{product}: {origin or 'not here'}")
    return 0 if all(origins().values()) else 1


def _given(url: str, ready: Callable[[str], object]) -> Server:
    wait_until(lambda: ready(url), lambda: True, lambda: f"{url} does not answer.")
    return Server(url)


def _execute(server_url: str, statement: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


if __name__ == "__main__":
    sys.exit(main())
