"""A clock that is started and stopped often, and rings seldom."""

import asyncio
from collections.abc import Callable


class Timer:
    """Calls back when it has run for its time; starting one that runs changes nothing."""

    __slots__ = ("_handle", "_ring", "_seconds")

    def __init__(self, seconds: float, ring: Callable[[], object]) -> None:
        """Take the time, and what to call then."""
        self._seconds = seconds
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether it will ring."""
        return self._handle is not None

    def start(self) -> None:
        """Begin, unless it has begun; needs a running event loop."""
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(self._seconds, self._run_out)

    def stop(self) -> None:
        """Forget what was begun."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run_out(self) -> None:
        self._handle = None
        self._ring()
