"""One measurement: wrk for some seconds, with every answer checked to be a good one."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.calls import Call

_SCRIPT: Final = Path(__file__).with_name("report.lua")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something answered that should not have, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one measurement has found."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """CPU time of the measured process for one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An HTTP server that is measured."""

    name: str
    core: str
    port: int
    pid: int


def measure(target: Target, call: Call, *, seconds: float, connections: int) -> Measured:
    """Send a call again and again. Raises BenchError for a single answer that is not 2xx."""
    url = f"http://127.0.0.1:{target.port}{call.path}"
    before = cpu_seconds(target.pid)
    ended = subprocess.run(
        (
            *("wrk", "--threads", "1", "--connections", str(connections)),
            *("--duration", f"{seconds:.0f}s", "--timeout", "10s", "--script", str(_SCRIPT)),
            *(url, "--", call.method, call.token, call.body_text),
        ),
        check=False,
        capture_output=True,
        text=True,
    )
    after = cpu_seconds(target.pid)
    if ended.returncode != 0:
        raise BenchError(f"wrk: {ended.stderr.strip()}")
    summary: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    if summary["errors"] or not summary["requests"]:
        raise BenchError(f"{target.name}, {call.name}: {ended.stdout}")
    return Measured(
        requests_per_second=summary["requests"] / summary["seconds"],
        p50_ms=summary["p50_ms"],
        p99_ms=summary["p99_ms"],
        cpu_ms=1000 * (after - before) / summary["requests"],
    )


def cpu_seconds(pid: int) -> float:
    """Return what a process has used so far (proc(5), utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mebibytes(pid: int) -> float:
    """Return what a process holds in memory (proc(5), VmRSS)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def spread(values: Sequence[float]) -> float:
    """Return the difference of the largest and the smallest as a part of the middle one."""
    ordered = sorted(values)
    return (ordered[-1] - ordered[0]) / ordered[len(ordered) // 2]
