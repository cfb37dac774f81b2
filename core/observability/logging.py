"""Logs: one JSON object a line on stdout, ours and the libraries', all through one redaction."""

import logging
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import BinaryIO, Final

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from core.observability.line_writer import LineWriter
from core.observability.redaction import redact_fields

QUIET_LIBRARIES: Final = ("asyncio", "urllib3", "hvac", "httpx", "opentelemetry", "psycopg.pool")
"""Loggers whose informational chatter helps nobody; their warnings are kept."""

_PLAIN_FIELDS: Final = ("timestamp", "level", "logger", "trace_id", "span_id")
_log = structlog.get_logger(__name__)


class Logs:
    """The logging that `start_logs` set up. Close it last."""

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer

    @property
    def dropped(self) -> int:
        """How many lines were lost because nobody read them fast enough."""
        return self._writer.dropped

    def close(self) -> None:
        """Write what waits, for a bounded time, and take logging down again."""
        logging.getLogger().removeHandler(self._writer)
        self._writer.close()
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


def start_logs(*, level: str, stream: BinaryIO | None = None) -> Logs:
    """Send every log of this process to `stream` (stdout unless given), from `level` on.

    Also what nobody catches, and warnings. `level`: debug, info, warning or error.
    """
    writer = LineWriter(stream or sys.stdout.buffer)
    writer.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
                structlog.processors.JSONRenderer(sort_keys=False),
            ],
            foreign_pre_chain=[*_shared_context(), structlog.stdlib.ExtraAdder()],
        )
    )
    root = logging.getLogger()
    root.addHandler(writer)
    root.setLevel(level.upper())
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_context(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _catch_the_uncaught()
    return Logs(writer)


def _shared_context() -> Sequence[Processor]:
    """Return what adds to a line all that nobody says: the call, level, logger, time and span."""
    return (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace,
    )


def add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Name the span at work, unless a request's own trace id is bound already."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event.setdefault("trace_id", trace.format_trace_id(context.trace_id))
        event.setdefault("span_id", trace.format_span_id(context.span_id))
    return event


def redact_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask what nobody may read; what is made here is known to be harmless."""
    plain = {name: event.pop(name) for name in _PLAIN_FIELDS if name in event}
    return plain | redact_fields(event)


def _catch_the_uncaught() -> None:
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda details: _log_uncaught(
        details.exc_type, details.exc_value, details.exc_traceback
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    _log.critical("uncaught_exception", exc_info=(kind, error, traceback))
