"""What a PostgreSQL or RabbitMQ for tests can do, wherever it runs."""

from __future__ import annotations

import functools
import itertools
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import kombu
import psycopg
from amqp import AMQPError

START_SECONDS = 60
"""How long a server may take until it answers; 1 s (PostgreSQL) and 8 s are usual."""


class ServerFailed(Exception):
    """A server did not start, or may not be stopped; the text says why."""


class Server:
    """A running server; at the end of its `with` block it is gone, and so is throwaway data."""

    def __init__(self, url: str, data_dir: Path | None = None) -> None:
        self.url = url
        self.data_dir = data_dir

    def stop(self) -> None:
        """End the server in good order; restart() brings it back with its data."""
        raise ServerFailed(f"{self.url} was given by the environment: it is not ours to stop")

    def kill(self) -> None:
        """End the server at once, as a crash would; restart() brings it back with its data."""
        self.stop()

    def restart(self) -> None:
        """Stop the server if it runs, start it on the same port and data, wait until it answers."""
        self.stop()

    def close(self) -> None:
        """End the server for good; done at the latest when this Python process ends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def connect_postgres(url: str) -> None:
    """Log in to PostgreSQL and leave; raises while it does not answer."""
    psycopg.connect(url, connect_timeout=2).close()


def connect_rabbit(url: str) -> None:
    """Shake hands with RabbitMQ and leave; raises while it does not answer."""
    with kombu.Connection(url, connect_timeout=2) as connection:
        connection.connect()


def connect_port(port: int) -> None:
    """Open and close a loopback connection; raises while nobody listens."""
    socket.create_connection(("127.0.0.1", port), timeout=2).close()


def wait_until(
    ready: Callable[[], object], runs: Callable[[], bool], log: Callable[[], str]
) -> None:
    """Return once ready() raises nothing; ServerFailed with the end of the log if it never does."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ready()
            return
        except (OSError, psycopg.OperationalError, AMQPError) as error:
            if not runs() or time.monotonic() > deadline:
                raise ServerFailed(f"The server did not start.\n{log()[-3000:]}") from error
        time.sleep(0.1)


def free_port() -> int:
    """One free port, as free_ports finds it."""
    return free_ports(1)


def free_ports(count: int) -> int:
    """First of so many free ports in a row, below those that the system lends to connections.

    No other process is given them, however long it takes until their servers listen.
    """
    row: list[int] = []
    while len(row) < count:
        port = next(_own_ports())
        if not _is_free(port):
            row = []
            continue
        row = [*row, port] if row and port == row[-1] + 1 else [port]
    return row[0]


@functools.cache
def _own_ports() -> Iterator[int]:
    return _claimed_ports()


def _claimed_ports() -> Iterator[int]:
    """A hundred ports, round and round; the first stays bound, so that they are one process's."""
    for first in random.sample(range(20_000, 32_000, 100), 120):
        with socket.socket() as claim:
            try:
                claim.bind(("127.0.0.1", first))
            except OSError:
                continue
            yield from itertools.cycle(range(first + 1, first + 100))
    raise ServerFailed("Every hundred of the ports 20000 to 32000 is taken by another process.")


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
