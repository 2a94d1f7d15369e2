"""PostgreSQL and RabbitMQ as containers of the official images, on a Docker-compatible engine."""

from __future__ import annotations

import atexit
import functools
import os
from collections.abc import Callable
from pathlib import Path

from docker.errors import DockerException
from testcontainers.core.config import ConnectionMode
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from common.testing.server import (
    Server,
    connect_postgres,
    connect_rabbit,
    free_port,
    wait_until,
)

STOP_SECONDS = 30
"""How long a server may take to put its data down; podman's socket kills at once unless told."""


@functools.cache
def engine_answers() -> bool:
    """Whether a Docker-compatible engine runs and lets us in."""
    try:
        return bool(DockerClient(timeout=5).client.ping())
    except (DockerException, OSError):
        return False


class ContainerServer(Server):
    """A container on a port that stays the same over restarts; testcontainers' reaper ends it."""

    def __init__(
        self,
        container: DockerContainer,
        port: int,
        url: str,
        ready: Callable[[str], object],
        data: tuple[Path | None, str],
    ) -> None:
        folder, inside = data
        if folder:
            folder = folder.resolve() / "container"
            folder.mkdir(parents=True, exist_ok=True)
            user = f"{os.getuid()}:{os.getgid()}" if os.getuid() else None
            container.with_volume_mapping(folder, inside, "rw")
            container.with_kwargs(hostname="portal", user=user)
        client = container.get_docker_client()
        local = client.get_connection_mode() is ConnectionMode.docker_host and (
            client.host() in ("localhost", "127.0.0.1")
        )
        address = "127.0.0.1" if local else "0.0.0.0"  # noqa: S104
        container.ports[str(port)] = (address, free_port())  # type: ignore[assignment]
        self._container, self._keeps = container, folder is not None
        atexit.register(self.close)
        try:
            container.start()
            host = f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"
            super().__init__(url.format(host=host), folder)
            self._ready = functools.partial(ready, self.url)
            self._wait()
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """Stop the container in good order."""
        self._container.get_wrapped_container().stop(timeout=STOP_SECONDS)

    def kill(self) -> None:
        """Kill the container at once."""
        self._container.get_wrapped_container().kill()

    def restart(self) -> None:
        """Stop the container if it runs and start it again."""
        self._container.get_wrapped_container().restart()
        self._wait()

    def close(self) -> None:
        """Remove the container and what it kept in no folder of ours."""
        if self._keeps and self._container.get_wrapped_container() is not None:
            self.stop()  # removing it would kill it, and its data are to be whole
        self._container.stop()
        atexit.unregister(self.close)

    def _wait(self) -> None:
        container = self._container.get_wrapped_container()

        def runs() -> bool:
            container.reload()
            return bool(container.status == "running")

        wait_until(self._ready, runs, lambda: container.logs().decode())


def container_postgres(folder: Path | None) -> Server:
    """PostgreSQL 17; a folder keeps its data."""
    environment = {
        "POSTGRES_HOST_AUTH_METHOD": "trust",
        "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale=C",
    }
    return ContainerServer(
        DockerContainer("postgres:17", env=environment, command="-c max_connections=300"),
        5432,
        "postgresql://postgres@{host}/postgres",
        connect_postgres,
        (folder, "/var/lib/postgresql/data"),
    )


def container_rabbit(folder: Path | None) -> Server:
    """RabbitMQ 4 with its management page; a folder keeps its data."""
    return ContainerServer(
        DockerContainer("rabbitmq:4-management"),
        5672,
        "amqp://guest:guest@{host}/%2F",
        connect_rabbit,
        (folder, "/var/lib/rabbitmq"),
    )
