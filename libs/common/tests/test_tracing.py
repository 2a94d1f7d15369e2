"""Spans: what is told of an error is its class, and an untraced process sends nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from common import tracing


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where spans of this test go."""
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "_tracer", lambda: provider.get_tracer("test"))
    return kept


def test_of_an_error_a_span_tells_the_class_and_not_the_text(spans: InMemorySpanExporter) -> None:
    with (
        pytest.raises(ValueError, match="Quirin"),
        tracing.span("shop.note", None, SpanKind.CONSUMER, {"messaging.system": "rabbitmq"}),
    ):
        raise ValueError("Quirin Mostobst is unknown")
    (told,) = spans.get_finished_spans()
    assert told.status.status_code is StatusCode.ERROR
    assert told.status.description == "ValueError"
    assert told.events == ()
    assert "Quirin" not in told.to_json()


def test_work_belongs_to_the_trace_that_caused_it(spans: InMemorySpanExporter) -> None:
    with tracing.span("GET /cases", None, SpanKind.SERVER, {}):
        cause = tracing.traceparent()
    with tracing.span("shop.note", cause, SpanKind.CONSUMER, {}):
        assert tracing.trace_id() in str(cause)
    first, second = spans.get_finished_spans()
    assert second.parent is not None
    assert second.parent.span_id == first.context.span_id


def test_an_answer_of_500_is_an_error_and_404_is_not(spans: InMemorySpanExporter) -> None:
    for status in (404, 500):
        with tracing.span("GET /cases/<id>", None, SpanKind.SERVER, {}):
            tracing.answered(status)
    found = [each.status.status_code for each in spans.get_finished_spans()]
    assert found == [StatusCode.UNSET, StatusCode.ERROR]


def test_without_a_collector_the_exporter_is_not_even_loaded() -> None:
    program = (
        "import sys; from common import tracing; tracing.configure('shop');"
        "sys.exit(any('otlp' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
