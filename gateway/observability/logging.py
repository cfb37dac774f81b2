"""JSON lines on standard output, of the gateway and of the libraries it runs on."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final, Protocol, TextIO

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


class JsonLog:
    """Writes each event as one line at once.

    Every request makes a line, so a chain of processors is not gone through for it.
    """

    def __init__(self, lowest: int, environment: str, stream: TextIO) -> None:
        """Take the lowest level that is written, as `logging` counts them."""
        self._lowest = lowest
        self._always = {"service": "gateway", "environment": environment}
        self._stream = stream

    def info(self, event: str, /, **facts: object) -> None:
        """Log what is as it should be."""
        self._write("info", event, facts)

    def warning(self, event: str, /, **facts: object) -> None:
        """Log what somebody should look at some time."""
        self._write("warning", event, facts)

    def error(self, event: str, /, **facts: object) -> None:
        """Log what is broken."""
        self._write("error", event, facts)

    def _write(self, level: str, event: str, facts: dict[str, object]) -> None:
        if _LEVELS[level] < self._lowest:
            return
        now = datetime.now(UTC).isoformat().removesuffix("+00:00") + "Z"
        line = {**self._always, **facts, "event": event, "level": level, "timestamp": now}
        # One write: lines of several threads do not mix.
        self._stream.write(_ENCODER.encode(line) + "\n")
        self._stream.flush()


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
    return JsonLog(_LEVELS[level], environment, stream)


def where(error: BaseException) -> dict[str, object]:
    """An exception's type and the innermost places it passed; never its text."""
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST_FRAMES:]
    return {
        "type": type(error).__qualname__,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
