"""Writes log lines from a thread of its own, so that a slow reader of stdout stops nobody."""

import contextlib
import json
import logging
import queue
import threading
from typing import BinaryIO, Final

CAPACITY: Final = 10_000
"""Lines that wait at most; more are dropped and counted rather than let memory grow."""
CLOSE_TIMEOUT_SECONDS: Final = 2.0

_END: Final = None


class LineWriter(logging.Handler):
    """A logging handler: formats where the record is made, writes elsewhere."""

    def __init__(self, stream: BinaryIO, *, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[bytes | None] = queue.Queue(capacity)
        self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._dropped = 0
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were dropped since the start."""
        return self._dropped

    def emit(self, record: logging.LogRecord) -> None:
        """Format a record and hand it over without waiting."""
        try:
            self._lines.put_nowait(self.format(record).encode() + b"\n")
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Write what waits, for a bounded time, and end the thread; a second call does nothing.

        The logging package calls this at the interpreter's exit as well.
        """
        with contextlib.suppress(queue.Full):
            self._lines.put(_END, timeout=CLOSE_TIMEOUT_SECONDS)
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
        while (line := self._lines.get()) is not _END:
            try:
                self._stream.write(line)
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                # The reader is gone or the stream is closed; the work goes on without a log.
                self._dropped += 1
        self._flush()

    def _flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._dropped += 1
