"""A logger for what is said at every call: the same lines by a shorter way.

The standard library's loggers make a record, look for who called them and ask their handlers;
for one line a call that took longer than the check of its token.
"""

import logging
from typing import Final

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from core.observability.line_writer import LineWriter
from core.observability.logging import redact_event, shared_context

_LEVELS: Final = ("debug", "info", "warning", "error")


class _Lines:
    """What structlog hands finished lines to."""

    def __init__(self, writer: LineWriter) -> None:
        for level in _LEVELS:
            setattr(self, level, writer.write)


def direct_logger(name: str) -> FilteringBoundLogger:
    """Return a logger of a name, on the log that `start_logs` has set up.

    Where it has not, as where this process only serves a test, structlog's own.
    """
    root = logging.getLogger()
    writers = [handler for handler in root.handlers if isinstance(handler, LineWriter)]
    if not writers:
        logger: FilteringBoundLogger = structlog.get_logger(name)
        return logger

    def add_name(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["logger"] = name
        return event

    processors: list[Processor] = [
        *shared_context(add_name),
        structlog.processors.format_exc_info,
        redact_event,
        structlog.processors.JSONRenderer(sort_keys=False),
    ]
    wrapped: FilteringBoundLogger = structlog.wrap_logger(
        _Lines(writers[0]),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=True,
    )
    return wrapped
