"""Traces are sampled where they begin, exported where asked, and never hold up an exit."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from core.observability.tracing import TracingOptions, start_tracing

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 20.0


def options(*, sampling_ratio: float = 1.0, endpoint: str | None = None) -> TracingOptions:
    return TracingOptions(
        service_name="pandora-user-core",
        service_version="1.2.3",
        environment="dev",
        sampling_ratio=sampling_ratio,
        otlp_endpoint=endpoint,
    )


def remote_parent(*, sampled: bool) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return SpanContext(trace_id=1 << 100, span_id=1, is_remote=True, trace_flags=flags)


async def test_a_span_reaches_the_exporter_with_the_name_of_the_service() -> None:
    exporter = InMemorySpanExporter()
    tracing = start_tracing(options(), exporter=exporter)
    with tracing.tracer("core.test").start_as_current_span("work"):
        pass
    assert await tracing.close()
    (span,) = exporter.get_finished_spans()
    assert span.name == "work"
    assert dict(span.resource.attributes) == {
        "service.name": "pandora-user-core",
        "service.version": "1.2.3",
        "deployment.environment.name": "dev",
    }


async def test_the_share_of_traces_is_decided_where_they_begin() -> None:
    exporter = InMemorySpanExporter()
    tracing = start_tracing(options(sampling_ratio=0.0), exporter=exporter)
    tracer = tracing.tracer("core.test")
    with tracer.start_as_current_span("begins here") as span:
        assert span.get_span_context().is_valid
    with tracer.start_as_current_span("child"):
        pass
    for sampled in (True, False):
        context = set_span_in_context(NonRecordingSpan(remote_parent(sampled=sampled)))
        with tracer.start_as_current_span(f"caller sampled {sampled}", context=context):
            pass
    await tracing.close()
    assert [span.name for span in exporter.get_finished_spans()] == ["caller sampled True"]


async def test_without_an_endpoint_every_call_has_its_trace_id_all_the_same() -> None:
    tracing = start_tracing(options())
    with tracing.tracer("core.test").start_as_current_span("work") as span:
        assert trace.format_trace_id(span.get_span_context().trace_id) != "0" * 32
        assert not span.is_recording()
    assert await tracing.close()


class _StuckExporter(SpanExporter):
    """Never finishes, like a collector that accepts a connection and says nothing."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        self.opened.wait(DEADLINE_SECONDS)
        return SpanExportResult.FAILURE


async def test_a_collector_that_does_not_answer_holds_up_the_end_for_a_bounded_time() -> None:
    exporter = _StuckExporter()
    tracing = start_tracing(options(), exporter=exporter)
    with tracing.tracer("core.test").start_as_current_span("work"):
        pass
    began = time.monotonic()
    assert not await tracing.close(timeout_seconds=0.2)
    assert time.monotonic() - began < DEADLINE_SECONDS / 2
    exporter.opened.set()


class _Collector(TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.requests: list[messages.ExportTraceServiceRequest] = []

    def Export(  # noqa: N802 - the protocol's name
        self, request: messages.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> messages.ExportTraceServiceResponse:
        del context
        self.requests.append(request)
        return messages.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[_Collector, int]]:
    servicer = _Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, port
    server.stop(None)


async def test_spans_are_sent_to_the_endpoint_by_otlp(collector: tuple[_Collector, int]) -> None:
    servicer, port = collector
    tracing = start_tracing(options(endpoint=f"http://127.0.0.1:{port}"))
    with tracing.tracer("core.test").start_as_current_span("work"):
        await asyncio.sleep(0)
    assert await tracing.close(DEADLINE_SECONDS)
    (request,) = servicer.requests
    (resource_spans,) = request.resource_spans
    names = {item.key: item.value.string_value for item in resource_spans.resource.attributes}
    assert names["service.name"] == "pandora-user-core"
    assert [span.name for span in resource_spans.scope_spans[0].spans] == ["work"]
