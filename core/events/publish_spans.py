"""Publishing as part of the trace that an event began in."""

from collections.abc import Sequence
from datetime import datetime

from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from core.domain.ports.outbox_relay import OutboxEvent

_PROPAGATOR = TraceContextTextMapPropagator()


class PublishSpans:
    """Adds a span to the trace of each published event, if that trace is sampled.

    The span lies beside the request in time and below it in the trace: it shows how long after
    the change the platform could hear of it. Names follow OpenTelemetry's messaging conventions.
    """

    def __init__(self, tracer: Tracer, *, stream: str) -> None:
        """Take the tracer to start spans with, and the name of the stream."""
        self._tracer = tracer
        self._stream = stream

    def record(
        self, events: Sequence[OutboxEvent], *, began_at: datetime, ended_at: datetime
    ) -> None:
        """Record one append that was confirmed; events that no span wrote are passed over."""
        for event in events:
            if event.traceparent is None:
                continue
            span = self._tracer.start_span(
                f"send {self._stream}",
                context=_PROPAGATOR.extract({"traceparent": event.traceparent}),
                kind=SpanKind.PRODUCER,
                start_time=_nanoseconds(began_at),
                attributes={
                    "db.system.name": "redis",
                    "messaging.system": "redis",
                    "messaging.operation.type": "send",
                    "messaging.destination.name": self._stream,
                    "messaging.message.id": str(event.id),
                    "messaging.batch.message_count": len(events),
                },
            )
            span.end(_nanoseconds(ended_at))


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000
