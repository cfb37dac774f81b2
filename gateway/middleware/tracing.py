"""A server span around each request, in the client's trace where it brings one."""

from typing import Final

from aiohttp import web
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gateway.exchange import Exchange, Next

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_SERVER_ERRORS: Final = 500


class Tracing:
    """Starts the span, and gives the exchange its trace id.

    The span is named by the route template; path and query, which name people, are not recorded.
    """

    def __init__(self, tracer: Tracer) -> None:
        """Take what makes spans; one that samples nothing still makes trace ids."""
        self._tracer = tracer

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Trace the rest of the way; see Middleware."""
        method = exchange.request.method
        span = self._tracer.start_span(
            f"{method} {exchange.route}", context=_parent(exchange), kind=SpanKind.SERVER
        )
        _continue(exchange, span)
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


def _parent(exchange: Exchange) -> Context:
    headers = exchange.request.headers
    if "traceparent" not in headers:
        return Context()
    return _PROPAGATOR.extract(headers, context=Context())


def _continue(exchange: Exchange, span: Span) -> None:
    """Say what the core's part of the trace begins with."""
    context = span.get_span_context()
    if context.trace_state:
        exchange.tracestate = context.trace_state.to_header()
    exchange.trace_id = f"{context.trace_id:032x}"
    exchange.traceparent = (
        f"00-{exchange.trace_id}-{context.span_id:016x}-{context.trace_flags:02x}"
    )
