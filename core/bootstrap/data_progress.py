"""How far a long command has come, on standard error: a bar at a terminal, else plain lines."""

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

_WIDTH: Final = 30
_BAR_SECONDS: Final = 0.2
_LINE_SECONDS: Final = 10.0


class Progress:
    """Counts what is done of a known number of things; says so now and then."""

    def __init__(
        self,
        words: str,
        total: int,
        *,
        stream: TextIO | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin; `words` say what is counted."""
        self._words = words
        self._total = total
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._monotonic = monotonic
        self._began = monotonic()
        self._told_at = self._began
        self._done = 0
        self._skipped = 0

    def skip(self, count: int) -> None:
        """Count what was done before; it says nothing about the speed."""
        self._done += count
        self._skipped += count

    def advance(self, count: int) -> None:
        """Count what has been done, and tell if it is time to."""
        self._done += count
        now = self._monotonic()
        if now - self._told_at >= (_BAR_SECONDS if self._is_terminal else _LINE_SECONDS):
            self._told_at = now
            self._tell(now)

    def end(self) -> float:
        """Tell for the last time; return how many seconds it took."""
        now = self._monotonic()
        self._tell(now)
        if self._is_terminal:
            self._stream.write("\n")
            self._stream.flush()
        return now - self._began

    def _tell(self, now: float) -> None:
        seconds = max(now - self._began, 1e-9)
        fresh = self._done - self._skipped
        speed = fresh / seconds
        left = "?" if not fresh else _clock((self._total - self._done) / speed)
        share = 1.0 if not self._total else min(1.0, self._done / self._total)
        facts = f"{self._done}/{self._total} {self._words}, {speed:,.0f}/s, ETA {left}"
        if self._is_terminal:
            bar = "#" * round(share * _WIDTH)
            self._stream.write(f"\r[{bar:<{_WIDTH}}] {share:4.0%} {facts}\x1b[K")
        else:
            self._stream.write(f"{share:4.0%} {facts}\n")
        self._stream.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    return f"{minutes}:{rest:02d}"
