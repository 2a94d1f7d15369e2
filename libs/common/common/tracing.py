"""Tracing: W3C trace context through HTTP, outbox, broker and handlers (OpenTelemetry)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("portal")


def configure() -> None:
    """Give spans real ids that travel; none is recorded until an exporter asks for it."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider(sampler=ParentBased(ALWAYS_OFF)))


@contextmanager
def span(name: str, traceparent: str | None) -> Iterator[None]:
    """Work under one name, as part of the trace that caused it."""
    carrier = {"traceparent": traceparent} if traceparent else {}
    context = _PROPAGATOR.extract(carrier)
    with _TRACER.start_as_current_span(name, context=context):
        yield


def traceparent() -> str | None:
    """Trace context to hand on, or None outside any span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str:
    """Hex id of the present trace; zeros outside any span."""
    return format(trace.get_current_span().get_span_context().trace_id, "032x")
