"""Publishing shows in the trace of the request that made the event."""

from dataclasses import replace
from datetime import timedelta

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id

from core.domain.ports.outbox_relay import OutboxEvent
from core.events.publish_spans import PublishSpans
from tests.fakes.clock import START
from tests.unit.events.outbox_events import ANNA, TRACE_ID, OutboxEvents

REQUEST_SPAN_ID = "b7ad6b7169203331"


def event(traceparent: str | None) -> OutboxEvent:
    return replace(OutboxEvents().of(ANNA), traceparent=traceparent)


def recorded(*events: OutboxEvent) -> tuple[ReadableSpan, ...]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans = PublishSpans(provider.get_tracer("test"), stream="pandora.user.events")
    spans.record(events, began_at=START, ended_at=START + timedelta(milliseconds=3))
    return exporter.get_finished_spans()


def test_a_span_lies_below_the_span_that_wrote_the_event() -> None:
    published = event(f"00-{TRACE_ID}-{REQUEST_SPAN_ID}-01")
    (span,) = recorded(published)
    assert span.context is not None
    assert span.parent is not None
    assert format_trace_id(span.context.trace_id) == TRACE_ID
    assert format_span_id(span.parent.span_id) == REQUEST_SPAN_ID
    assert span.kind is SpanKind.PRODUCER
    assert span.name == "send pandora.user.events"
    assert span.attributes is not None
    assert span.attributes["messaging.message.id"] == str(published.id)


def test_it_lasts_as_long_as_the_append() -> None:
    (span,) = recorded(event(f"00-{TRACE_ID}-{REQUEST_SPAN_ID}-01"))
    assert span.start_time == 1_773_480_413_589_793_000
    assert span.end_time == span.start_time + 3_000_000


def test_a_trace_that_is_not_sampled_stays_so() -> None:
    assert recorded(event(f"00-{TRACE_ID}-{REQUEST_SPAN_ID}-00")) == ()


def test_an_event_that_no_span_wrote_begins_no_trace() -> None:
    assert recorded(event(None)) == ()
