"""What the kernel says about processes, read from /proc (see proc(5))."""

import os
import signal
from pathlib import Path


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended meanwhile."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def working_in(folder: Path) -> list[int]:
    """Return the processes whose working directory is `folder`, as far as one may look."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                directory = (entry / "cwd").readlink()
            except OSError:  # it ended, or it is somebody else's
                continue
            if directory == folder:
                found.append(int(entry.name))
    return found


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/<pid>/stat from the third (state) on, see proc(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets, and may hold brackets and spaces.
    return text.rpartition(")")[2].split()


def identity(pid: int) -> str | None:
    """Return boot and start time of a living process; a zombie counts as ended."""
    fields = _stat(pid)
    if fields is None or (fields[0] in "ZX" and _threads(pid) <= 1):
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{fields[19]}"


def _threads(pid: int) -> int:
    """Count threads: the first may be a zombie while the others still hold files and ports."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def stopped(pid: int) -> bool:
    """Tell whether a process stands still after SIGSTOP, or has ended."""
    fields = _stat(pid)
    return fields is None or fields[0] in "TtZX"


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))) is not None:
            parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for parent in found:  # grows while it is walked: children of children follow
        found.extend(child for child, above in parents.items() if above == parent)
    return found[1:]
