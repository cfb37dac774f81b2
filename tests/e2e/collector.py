"""An OTLP collector that keeps what it is sent."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2


@dataclass(frozen=True, kw_only=True)
class CollectedSpan:
    """A span, and the name of the process that it comes from."""

    service: str
    span: trace_pb2.Span

    @property
    def name(self) -> str:
        return self.span.name


@dataclass(kw_only=True)
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Implements OTLP's TraceService."""

    endpoint: str = ""
    _spans: list[CollectedSpan] = field(default_factory=list)

    def Export(  # noqa: N802 - the protocol's name
        self,
        request: trace_service_pb2.ExportTraceServiceRequest,
        context: grpc.ServicerContext,
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Keep the spans of one batch."""
        del context
        for resource in request.resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self._spans.extend(
                    CollectedSpan(service=names["service.name"], span=span) for span in scope.spans
                )
        return trace_service_pb2.ExportTraceServiceResponse()

    def all(self) -> Sequence[CollectedSpan]:
        """Return every span so far."""
        return tuple(self._spans)

    def trace(self, trace_id: str) -> Sequence[CollectedSpan]:
        """Return the spans of one trace so far."""
        return [each for each in self.all() if each.span.trace_id.hex() == trace_id]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector until the block ends."""
    collector = Collector()
    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads)
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
        collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield collector
        finally:
            server.stop(None).wait()
