"""Standard output that several processes write to at once."""

import os
import select
from io import BytesIO
from typing import Protocol

_AT_ONCE_BYTES = select.PIPE_BUF
"""What a pipe takes as a whole: nobody else's bytes come between (POSIX, write())."""


class _HasDescriptor(Protocol):
    def fileno(self) -> int: ...


class SharedOutput(BytesIO):
    """Writes whole lines, so that those of other processes stand before and behind them.

    Into a pipe a single line that is longer than PIPE_BUF (4096 on Linux) can still be cut by
    others: a traceback, for one. Nothing is cut in a file that was opened for appending.
    """

    def __init__(self, stream: _HasDescriptor) -> None:
        """Take the stream, whose own buffer is passed by."""
        super().__init__()
        self._descriptor = stream.fileno()

    def write(self, content: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]
        """Write lines, as many at once as nobody can cut."""
        parcel = b""
        for line in bytes(content).splitlines(keepends=True):
            if parcel and len(parcel) + len(line) > _AT_ONCE_BYTES:
                self._write_all(parcel)
                parcel = b""
            parcel += line
        self._write_all(parcel)
        return len(content)

    def _write_all(self, parcel: bytes) -> None:
        while parcel:
            parcel = parcel[os.write(self._descriptor, parcel) :]
