"""How long each phase of a long command takes, and how much memory its processes need."""

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

_EVERY_SECONDS: Final = 0.5
_PROGRESS: Final = re.compile(r"\d+/\d+ (.+?), [\d,]+/s, ETA", re.MULTILINE)
_PSS: Final = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_MIB: Final = 1024


class Phases:
    """Looks at a process and its children twice a second for as long as the block runs.

    A phase is named by what its progress counts; what precedes a line belongs to its phase, and
    what follows the last one to `the rest`.
    """

    def __init__(self, pid: int, written: Callable[[], str]) -> None:
        """Take the process and what it has written to standard error so far."""
        self._pid = pid
        self._written = written
        self._known = len(_PROGRESS.findall(written()))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak_mib: dict[str, int] = {}
        """The greatest sum of proportional set sizes, by phase."""
        self.seconds: dict[str, float] = {}
        """By phase."""

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def told(self) -> dict[str, dict[str, float]]:
        """Return both by phase, as JSON has them."""
        return {
            phase: {"seconds": round(self.seconds[phase], 1), "peak_mib": self.peak_mib[phase]}
            for phase in self.seconds
        }

    def _watch(self) -> None:
        # The file may hold what an earlier run wrote.
        known, since, most = self._known, time.monotonic(), 0
        is_over = False
        while not is_over:
            is_over = self._over.wait(_EVERY_SECONDS)
            most = max(most, sum(map(_pss_kib, _family(self._pid))))
            found = _PROGRESS.findall(self._written())
            if len(found) > known:
                known, now = len(found), time.monotonic()
                self._count(found[-1], now - since, most // _MIB)
                since, most = now, 0
        self._count("the rest", time.monotonic() - since, most // _MIB)

    def _count(self, phase: str, seconds: float, mib: int) -> None:
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds
        self.peak_mib[phase] = max(self.peak_mib.get(phase, 0), mib)


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += (task / "children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(member for child in set(children) for member in _family(int(child)))]


def _pss_kib(pid: int) -> int:
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0
