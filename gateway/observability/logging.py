"""JSON lines on standard output, of the gateway and of the libraries it runs on."""

import asyncio
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
    """Writes each event as one line.

    Every request makes a line, so a chain of processors is not gone through for it. What is as it
    should be is written with the other lines of the same turn of the event loop, anything else at
    once.
    """

    def __init__(self, lowest: int, environment: str, stream: TextIO) -> None:
        """Take the lowest level that is written, as `logging` counts them."""
        self._lowest = lowest
        self._always = {"service": "gateway", "environment": environment}
        self._stream = stream
        self._lines: list[str] = []

    def info(self, event: str, /, **facts: object) -> None:
        """Log what is as it should be."""
        if not self._add("info", event, facts) or len(self._lines) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self._write)
        except RuntimeError:
            self._write()

    def warning(self, event: str, /, **facts: object) -> None:
        """Log what somebody should look at some time."""
        if self._add("warning", event, facts):
            self._write()

    def error(self, event: str, /, **facts: object) -> None:
        """Log what is broken."""
        if self._add("error", event, facts):
            self._write()

    def _add(self, level: str, event: str, facts: dict[str, object]) -> bool:
        """Make the line, if the level is written."""
        if _LEVELS[level] < self._lowest:
            return False
        now = datetime.now(UTC).isoformat().removesuffix("+00:00") + "Z"
        line = {**self._always, **facts, "event": event, "level": level, "timestamp": now}
        self._lines.append(_ENCODER.encode(line) + "\n")
        return True

    def _write(self) -> None:
        """Write whole lines: those of the libraries do not come between."""
        text = "".join(self._lines)
        self._lines.clear()
        self._stream.write(text)
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
