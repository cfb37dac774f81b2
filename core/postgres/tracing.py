"""One span for each statement: its name and how it ended, never its parameters."""

from collections.abc import Mapping

import psycopg
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_STATEMENT = {"db.system.name": "postgresql"}
_PROPAGATOR = TraceContextTextMapPropagator()


class StatementSpans:
    """Starts and ends spans, and costs next to nothing where the trace is not sampled."""

    def __init__(self, tracer: trace.Tracer, *, database: str) -> None:
        """Take the tracer to start spans with, and the name of the database."""
        self._tracer = tracer
        self._attributes: Mapping[str, str] = {**_STATEMENT, "db.namespace": database}

    def start(self, statement: str) -> trace.Span:
        """Start the span of a statement below the span of the caller."""
        parent = trace.get_current_span().get_span_context()
        if parent.is_valid and not parent.trace_flags.sampled:
            return trace.INVALID_SPAN
        return self._tracer.start_span(
            statement,
            kind=trace.SpanKind.CLIENT,
            attributes={**self._attributes, "db.operation.name": statement},
        )

    @staticmethod
    def fail(span: trace.Span, error: BaseException) -> None:
        """Mark a span as failed, by the kind of error alone."""
        span.set_status(trace.StatusCode.ERROR)
        span.set_attribute("error.type", type(error).__name__)
        if isinstance(error, psycopg.Error) and error.sqlstate is not None:
            span.set_attribute("db.response.status_code", error.sqlstate)


def current_traceparent() -> str | None:
    """Return the span at work by the name of W3C Trace Context, or None where there is none."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")
