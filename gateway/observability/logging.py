"""JSON lines on standard output, of the gateway and of the libraries it runs on."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final, Protocol, TextIO

import structlog

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_DEEPEST_FRAMES: Final = 5
_ENCODER: Final = json.JSONEncoder(default=repr, check_circular=False)


class Log(Protocol):
    """What the gateway needs of a logger: an event and its facts."""

    def info(self, event: str, /, **facts: object) -> object:
        """Log what is as it should be."""

    def warning(self, event: str, /, **facts: object) -> object:
        """Log what somebody should look at some time."""

    def error(self, event: str, /, **facts: object) -> object:
        """Log what is broken."""


class JsonFormatter(logging.Formatter):
    """Standard library records as the same JSON lines.

    An exception is told by its type and place: its text may repeat what a client sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Make one line."""
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "service": "gateway",
            "logger": record.name,
            "event": record.msg if isinstance(record.msg, str) else type(record.msg).__name__,
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["failure"] = where(record.exc_info[1])
        return json.dumps(line)


def configure(level: str, environment: str, stream: TextIO = sys.stdout) -> Log:
    """Set the logging of the process up, and make the gateway's own log. Called once at start."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[level], logging.WARNING))
    log: Log = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(_serialize),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        service="gateway",
        environment=environment,
    ).bind()  # bound once, and not anew for every line
    return log


def _serialize(facts: object, **_options: object) -> str:
    """Make the text of one line; an encoder that is kept is cheaper than json.dumps."""
    return _ENCODER.encode(facts)


def where(error: BaseException) -> dict[str, object]:
    """An exception's type and the innermost places it passed; never its text."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST_FRAMES:]
    return {
        "type": type(error).__qualname__,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
