"""Six services and the gateway in one process, with the broker and the clock they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from common import migrations
from common.clock import Clock
from common.events.catalogue import OWNERS_OF_PERSONAL_DATA
from common.messaging.brokers import Broker
from common.processes import start_loops
from common.service import Runtime, load_services
from common.settings import load
from deploy.local import development
from gateway import app as gateway
from gateway.settings import Settings as GatewaySettings


class Estate:
    """All services, reading their settings from this process's environment.

    broker: called for each service; the same object for all when there is no broker between.
    """

    def __init__(
        self,
        folder: Path,
        broker: Callable[[str], Broker | None],
        clock: Clock | None = None,
        pages: bool = True,
    ) -> None:
        self.folder = folder
        self.runtimes: dict[str, Runtime] = {}
        self.apps: dict[str, Flask] = {}
        transports: dict[str, httpx.BaseTransport] = {}
        for name, service in load_services(OWNERS_OF_PERSONAL_DATA).items():
            runtime = service.runtime(clock=clock, broker=broker(name), transports=transports)
            migrations.upgrade(runtime)
            self.runtimes[name] = runtime
            self.apps[name] = service.create_app(runtime)
            transports[name] = httpx.WSGITransport(app=self.apps[name])
        front: Any = gateway.create_app(load(GatewaySettings, "gateway"), transports)
        mounts: dict[str, Any] = {f"/api/{name}": app for name, app in self.apps.items()}
        if pages:
            mounts["/development"] = development.create_app(folder)
        self.wsgi = _AsBehindTheGateway(DispatcherMiddleware(front, mounts))

    def subscribe(self) -> None:
        """Tell the broker who handles what, before anything is published."""
        for runtime in self.runtimes.values():
            runtime.broker.subscribe(runtime, runtime.consumer.handle)

    def start(self, stop: Event) -> list[Thread]:
        """Start relay, consumer, steps and scheduler of every service as threads."""
        self.subscribe()
        return [thread for each in self.runtimes.values() for thread in start_loops(each, stop)]

    def close(self) -> None:
        """Give back what is held open."""
        for runtime in self.runtimes.values():
            runtime.close()


class _AsBehindTheGateway:
    """What services say only to each other is not to be had, and nobody says whence they come."""

    def __init__(self, wsgi: Any) -> None:
        self._wsgi = wsgi

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        parts = [part for part in environ.get("PATH_INFO", "").split("/") if part]
        if parts[:1] == ["api"] and parts[2:3] == ["internal"]:
            environ["PATH_INFO"] = "/not-found"
        environ["HTTP_X_FORWARDED_FOR"] = environ.get("REMOTE_ADDR", "")
        answer: Iterable[bytes] = self._wsgi(environ, start_response)
        return answer
