"""A collector of traces in memory: speaks OTLP over HTTP as the real one does."""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One piece of work, as a collector hears of it."""

    process: str
    name: str
    trace: bytes
    id: bytes
    parent: bytes
    text: str
    """Everything in it but its ids."""


class Collector:
    """Spans by trace; requests of processes come to `url`."""

    def __init__(self, url: str) -> None:
        self.url, self.traces = url, defaultdict[bytes, list[Span]](list)

    def take(self, body: bytes) -> None:
        """Keep what one request brought."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                for each in scope.spans:
                    ids = each.trace_id, each.span_id, each.parent_span_id
                    text = f"{each.name} {each.attributes} {each.events} {each.status}"
                    span = Span(named["service.name"], each.name, *ids, text)
                    self.traces[each.trace_id].append(span)

    def having(self, process: str, name: str) -> list[list[Span]]:
        """Traces in which this process did work of this name."""
        wanted = (process, name)
        return [
            spans
            for spans in list(self.traces.values())
            if wanted in {(each.process, each.name) for each in spans}
        ]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listen on loopback until the block ends."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            collector.take(gzip.decompress(body) if zipped else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    collector = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = threading.Thread(target=server.serve_forever, name="collector")
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
