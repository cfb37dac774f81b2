"""A logger for what is said at every call: the same lines by a shorter way.

The standard library's loggers make a record, look for who called them and ask their handlers;
structlog walks through a chain. For one line a call that took longer than the check of its token.
"""

import json
import logging
from datetime import UTC, datetime

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from core.observability.line_writer import LineWriter
from core.observability.logging import add_trace, redact_event

_as_json = json.JSONEncoder().encode


class DirectLogger:
    """Writes to the log's own writer, with all that structlog's chain would add and take away."""

    def __init__(self, name: str, writer: LineWriter, *, level: int) -> None:
        """Take the logger's name and the least level, as `logging` numbers it, that is written."""
        self._name = name
        self._writer = writer
        self._level = level

    def debug(self, event: str, **facts: object) -> None:
        """Say what only who looks for a fault wants to know."""
        if self._level <= logging.DEBUG:
            self._say("debug", event, facts)

    def info(self, event: str, **facts: object) -> None:
        """Say what happened."""
        if self._level <= logging.INFO:
            self._say("info", event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Say what should not happen often."""
        if self._level <= logging.WARNING:
            self._say("warning", event, facts)

    def error(self, event: str, **facts: object) -> None:
        """Say what somebody has to look at."""
        if self._level <= logging.ERROR:
            self._say("error", event, facts)

    def _say(self, level: str, event: str, facts: dict[str, object]) -> None:
        line: EventDict = structlog.contextvars.get_contextvars()
        line.update(facts)
        line["event"], line["level"], line["logger"] = event, level, self._name
        line["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        add_trace(None, level, line)
        if "exc_info" in line:
            structlog.processors.format_exc_info(None, level, line)
        self._writer.write(_as_json(redact_event(None, level, line)))


def direct_logger(name: str) -> DirectLogger | FilteringBoundLogger:
    """Return a logger of a name, on the log that `start_logs` has set up.

    Where it has not, as where this process only serves a test, structlog's own.
    """
    root = logging.getLogger()
    for handler in root.handlers:
        if isinstance(handler, LineWriter):
            return DirectLogger(name, handler, level=root.level)
    usual: FilteringBoundLogger = structlog.get_logger(name)
    return usual
