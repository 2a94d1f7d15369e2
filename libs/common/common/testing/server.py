"""What a PostgreSQL or RabbitMQ for tests can do, wherever it runs."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
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
    """A free port below those that the system lends to outgoing connections."""
    while True:
        port = random.randrange(20000, 32000)  # noqa: S311
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
