"""What processes use, as the kernel tells it: processor time, memory, descriptors, threads."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from devstack.process_table import descendants

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def family_seconds(pid: int) -> float:
    """Return user and system time of a process, of its children, and of those that have ended."""
    alive = sum(_ticks(child, ended_children=False) for child in descendants(pid))
    return (_ticks(pid, ended_children=True) + alive) / _TICKS


def group_seconds(pids: Iterable[int]) -> float:
    """Return what several families have used so far."""
    return sum(family_seconds(pid) for pid in pids)


def memory_mebibytes(pid: int) -> float:
    """Return what a process holds in memory (proc(5), VmRSS)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def open_descriptors(pid: int) -> int:
    """Return how many file descriptors a process has."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def _ticks(pid: int, *, ended_children: bool) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, fields[11 : 15 if ended_children else 13]))
