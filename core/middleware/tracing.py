"""One OpenTelemetry span per call, as a child of the caller's (W3C Trace Context).

`opentelemetry-instrumentation-grpc` serves the gateway's client side. Its server interceptor is
not used here: it builds a new handler and a proxy of the context for every call, which this
pipeline does once per method, and it knows a status only from calls to the context, whereas this
pipeline knows the error itself. The attributes bear the names that the package gives them.
"""

import re
from typing import Final

import grpc
from opentelemetry import context as current_context
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN_ID,
    INVALID_TRACE_ID,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from core.middleware.call import Answer, Call, Next
from core.middleware.errors import classify

_SERVER_FAULTS: Final = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""Codes that make a server span an error (OpenTelemetry semantic conventions for gRPC)."""


_UNSAMPLED: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f][02468ace]")
"""A `traceparent` whose sender has decided that nobody will see the trace (W3C Trace Context,
section 3.2.2.5): most calls, wherever traces are sampled."""


class Tracing:
    """Stage: opens the span, makes it the current one, and notes the call's trace id.

    Baggage is not read: strangers could fill the process's context with it.
    """

    def __init__(self, tracer: Tracer) -> None:
        """Take the tracer that spans come from."""
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Trace a call; `trace_id` stays empty where the tracer makes no ids."""
        unseen = _unsampled_parent(call)
        if unseen is not None:
            # The sampler follows its parent, so no span of ours would be kept.
            parent, span = Context(), unseen
            call.trace_id = format_trace_id(span.get_span_context().trace_id)
        else:
            parent = self._parent(call)
            span = self._start(call, parent)
        token = current_context.attach(set_span_in_context(span, parent))
        try:
            answer = await proceed(call)
        except BaseException as error:
            _mark_failed(span, error)
            raise
        else:
            span.set_attribute("rpc.grpc.status_code", 0)
            return answer
        finally:
            current_context.detach(token)
            span.end()

    def _parent(self, call: Call) -> Context:
        """Return the client's span; never one that this process happened to start within."""
        carrier = {
            key: values[0]
            for key in ("traceparent", "tracestate")
            if len(values := call.values(key)) == 1
        }
        return self._propagator.extract(carrier, Context())

    def _start(self, call: Call, parent: Context) -> Span:
        service, _, name = call.method.partition("/")
        span = self._tracer.start_span(
            call.method,
            context=parent,
            kind=SpanKind.SERVER,
            attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": name},
        )
        trace_id = span.get_span_context().trace_id
        if trace_id != INVALID_TRACE_ID:
            call.trace_id = format_trace_id(trace_id)
        return span


def _unsampled_parent(call: Call) -> Span | None:
    """Return the client's span, which stands for ours as well; None where there may be one."""
    parents = call.values("traceparent")
    found = _UNSAMPLED.fullmatch(parents[0]) if len(parents) == 1 else None
    if found is None or call.values("tracestate"):
        return None
    trace_id, span_id = int(found[1], 16), int(found[2], 16)
    if trace_id == INVALID_TRACE_ID or span_id == INVALID_SPAN_ID:
        return None
    return NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=True))


def _mark_failed(span: Span, error: BaseException) -> None:
    """Note how a call failed; neither message nor traceback, which can hold personal data."""
    if not span.is_recording():
        return
    code, reason = classify(error)
    numbers: tuple[int, str] = code.value
    span.set_attribute("rpc.grpc.status_code", numbers[0])
    span.set_attribute("error.type", reason or type(error).__name__)
    if code in _SERVER_FAULTS:
        span.set_status(StatusCode.ERROR)
