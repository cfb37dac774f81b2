"""Handling an event as part of the trace that it belongs to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
    set_span_in_context,
    use_span,
)

from core.events.inbound import InboundEvent


class ConsumeSpans:
    """Opens a span for each event, in the event's trace.

    The envelope carries a trace id and no span: the event id's last half stands in for the parent.
    Who samples by trace id decides as the event's own service did, if both keep the same share.
    """

    def __init__(
        self, tracer: Tracer, *, is_kept: Callable[[int], bool], stream: str, group: str
    ) -> None:
        """Take the tracer to start spans with, what decides by trace id, and who reads what."""
        self._tracer = tracer
        self._is_kept = is_kept
        self._stream = stream
        self._group = group

    @contextmanager
    def handling(self, event: InboundEvent) -> Iterator[Span]:
        """Make a span the current one; whoever writes an event meanwhile continues the trace."""
        span = self._tracer.start_span(
            f"process {self._stream}",
            context=self._parent(event),
            kind=SpanKind.CONSUMER,
            attributes={
                "db.system.name": "redis",
                "messaging.system": "redis",
                "messaging.operation.type": "process",
                "messaging.destination.name": self._stream,
                "messaging.consumer.group.name": self._group,
                "messaging.message.id": str(event.id),
            },
        )
        # The error's text may hold personal data; whoever handles it notes its name.
        with use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            yield span

    def _parent(self, event: InboundEvent) -> Context:
        trace_id = int(event.trace_id, 16)
        is_kept = self._is_kept(trace_id)
        parent = SpanContext(
            trace_id=trace_id,
            span_id=event.id.int & ((1 << 64) - 1),
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED if is_kept else TraceFlags.DEFAULT),
        )
        return set_span_in_context(NonRecordingSpan(parent), Context())
