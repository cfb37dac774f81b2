"""One span for each script that is run: its name and how it ended, never its keys or arguments."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace

_SYSTEM = "redis"


class ScriptSpans:
    """Records spans below the caller's, and costs next to nothing where it is not sampled."""

    def __init__(self, tracer: trace.Tracer) -> None:
        """Take the tracer to start spans with."""
        self._tracer = tracer

    @contextmanager
    def around(self, operation: str) -> Iterator[None]:
        """Span what happens in the block; an error marks it as failed, by its kind alone."""
        parent = trace.get_current_span().get_span_context()
        if not (parent.is_valid and parent.trace_flags.sampled):
            yield
            return
        span = self._tracer.start_span(
            operation,
            kind=trace.SpanKind.CLIENT,
            attributes={"db.system.name": _SYSTEM, "db.operation.name": operation},
        )
        try:
            yield
        except BaseException as error:
            span.set_status(trace.StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__name__)
            raise
        finally:
            span.end()
