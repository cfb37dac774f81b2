"""Writes log lines from a thread of its own, so that a slow reader of stdout stops nobody."""

import contextlib
import json
import logging
import queue
import threading
import time
from typing import BinaryIO, Final

CAPACITY: Final = 10_000
"""Lines that wait at most; more are dropped and counted rather than let memory grow."""
CLOSE_TIMEOUT_SECONDS: Final = 2.0

_END: Final = None
_GATHERING_SECONDS: Final = 0.005
"""How long the thread lets lines gather before it takes them up: each time that it wakes, it takes
the interpreter away from the thread that serves."""


class LineWriter(logging.Handler):
    """A logging handler: formats where the record is made, writes elsewhere."""

    def __init__(self, stream: BinaryIO, *, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._capacity = capacity
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._dropped = 0
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were dropped since the start."""
        return self._dropped

    def emit(self, record: logging.LogRecord) -> None:
        """Format a record and hand it over without waiting."""
        self.write(self.format(record))

    def write(self, line: str) -> None:
        """Hand a line over without waiting, or drop it where too many wait already."""
        if self._lines.qsize() >= self._capacity:
            self._dropped += 1
        else:
            self._lines.put(line.encode() + b"\n")

    def close(self) -> None:
        """Write what waits, for a bounded time, and end the thread; a second call does nothing.

        The logging package calls this at the interpreter's exit as well.
        """
        self._lines.put(_END)
        self._thread.join(CLOSE_TIMEOUT_SECONDS)
        super().close()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record, or one without its content if it cannot be formatted.

        Logging never raises into the code that logs, nor prints what has not been redacted.
        """
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 - see above
            cause = type(error).__name__
            line = {"event": "unreadable_log_record", "logger": record.name, "cause": cause}
            return json.dumps(line | {"level": "error"})

    def _write(self) -> None:
        ended = False
        while not ended:
            lines = self._gathered()
            ended = _END in lines
            content = [line for line in lines if line is not _END]
            try:
                self._stream.write(b"".join(content))
                self._stream.flush()
            except (OSError, ValueError):
                # The reader is gone or the stream is closed; the work goes on without a log.
                self._dropped += len(content)

    def _gathered(self) -> list[bytes | None]:
        """Wait for a line; return it with those that come soon after it."""
        lines = [self._lines.get()]
        if lines[0] is not _END:
            time.sleep(_GATHERING_SECONDS)
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        return lines
