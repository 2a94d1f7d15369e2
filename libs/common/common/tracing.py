"""Tracing: W3C trace context through HTTP, outbox, broker and handlers (OpenTelemetry)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()


def configure(process: str, collector: str = "", share: float = 1.0) -> None:
    """Give spans real ids that travel; with the URL of a collector (OTLP/HTTP), send them there.

    share: of the traces that begin here, 0 to 1; a trace that began elsewhere is kept where it
    began or not at all.
    """
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    sampler = ParentBased(TraceIdRatioBased(share) if collector else ALWAYS_OFF)
    named = Resource({"service.name": f"portal-{process}"})
    provider = TracerProvider(sampler=sampler, resource=named)
    if collector:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=collector)))
    trace.set_tracer_provider(provider)


@functools.cache
def _tracer() -> trace.Tracer:
    return trace.get_tracer("portal")


@contextmanager
def span(
    name: str, traceparent: str | None, kind: SpanKind, facts: Mapping[str, str | float]
) -> Iterator[None]:
    """Work under one name, as part of the trace that caused it.

    facts hold no personal data, and of an error only its class is noted: its text may.
    """
    carrier = {"traceparent": traceparent} if traceparent else {}
    with _tracer().start_as_current_span(
        name,
        context=_PROPAGATOR.extract(carrier),
        kind=kind,
        attributes=facts,
        record_exception=False,
        set_status_on_exception=False,
    ) as one:
        try:
            yield
        except Exception as error:
            one.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def answered(status: int) -> None:
    """Note the status of the HTTP answer in the span of its request."""
    one = trace.get_current_span()
    one.set_attribute("http.response.status_code", status)
    if status >= 500:
        one.set_status(StatusCode.ERROR)


def traceparent() -> str | None:
    """Trace context to hand on, or None outside any span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str:
    """Hex id of the present trace; zeros outside any span."""
    return format(trace.get_current_span().get_span_context().trace_id, "032x")
