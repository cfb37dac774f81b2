"""A server span around each request, in the client's trace where it brings one."""

from typing import Final

from aiohttp import web
from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.exchange import Exchange, Next

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_IDS: Final = RandomIdGenerator()
_TRACEPARENT: Final = "traceparent"
_SERVER_ERRORS: Final = 500


class Tracing:
    """Starts the span, and gives the exchange its trace id.

    The span is named by the route template; path and query, which name people, are not recorded.
    """

    def __init__(self, tracer: Tracer | None) -> None:
        """Take what makes spans; None where nobody would see them: ids are made all the same."""
        self._tracer = tracer

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Trace the rest of the way; see Middleware."""
        if self._tracer is None:
            _pass_on(exchange)
            return await proceed(exchange)
        method = exchange.request.method
        span = self._tracer.start_span(
            f"{method} {exchange.route}", context=_parent(exchange), kind=SpanKind.SERVER
        )
        _continue(exchange, span.get_span_context())
        if not span.is_recording():
            return await proceed(exchange)
        with use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            response = await proceed(exchange)
            span.set_attribute("http.request.method", method)
            span.set_attribute("http.route", exchange.route)
            span.set_attribute("http.response.status_code", response.status)
            if response.status >= _SERVER_ERRORS:
                span.set_status(Status(StatusCode.ERROR, exchange.reason))
            return response


def _pass_on(exchange: Exchange) -> None:
    """Continue the client's trace, or begin one, without a span of our own and not sampled."""
    trace_id, trace_state = 0, None
    if _TRACEPARENT in exchange.request.headers:
        parent = get_current_span(_parent(exchange)).get_span_context()
        trace_id, trace_state = parent.trace_id, parent.trace_state
    context = SpanContext(
        trace_id=trace_id or _IDS.generate_trace_id(),
        span_id=_IDS.generate_span_id(),
        is_remote=False,
        trace_state=trace_state,
    )
    _continue(exchange, context)


def _parent(exchange: Exchange) -> Context:
    headers = exchange.request.headers
    if _TRACEPARENT not in headers:
        return Context()
    return _PROPAGATOR.extract(headers, context=Context())


def _continue(exchange: Exchange, context: SpanContext) -> None:
    """Say what the core's part of the trace begins with."""
    if context.trace_state:
        exchange.tracestate = context.trace_state.to_header()
    exchange.trace_id = f"{context.trace_id:032x}"
    exchange.traceparent = (
        f"00-{exchange.trace_id}-{context.span_id:016x}-{context.trace_flags:02x}"
    )
