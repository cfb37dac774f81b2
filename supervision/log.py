"""The supervisor's own log lines: JSON on standard output, beside those of its workers."""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Protocol


class Log(Protocol):
    """Writes one line."""

    def __call__(self, level: str, event: str, **fields: float | str | None) -> None:
        """Write it; fields hold numbers and names of the program, nothing of anybody."""


def json_log(logger: str) -> Log:
    """Return what writes lines of this logger's name."""

    def write(level: str, event: str, **fields: float | str | None) -> None:
        time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = {**fields, "event": event, "level": level, "logger": logger, "timestamp": time}
        # In one call, so that no worker writes into the middle of it.
        os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")

    return write
