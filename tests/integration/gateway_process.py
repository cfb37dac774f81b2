"""`python -m gateway` as a process, started by a test and ended with it."""

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.integration.gateway_stage import PATIENCE_SECONDS

BASE: Final = {
    "APP_ENV": "dev",
    "GATEWAY_PORT": "0",
    "PANDORA_GATEWAY__METRICS_PORT": "0",
}

# What a supervisor does between fork and exec (sd_listen_fds(3)): the socket becomes descriptor 3.
_HAND_OVER: Final = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); "
    "os.environ.update(LISTEN_FDS=sys.argv[2], LISTEN_PID=str(os.getpid())); "
    "os.execv(sys.executable, [sys.executable, '-m', 'gateway'])"
)


@asynccontextmanager
async def gateway_process(
    settings: Mapping[str, str],
    *,
    given: socket.socket | None = None,
    count: str = "1",
    program: str = "gateway",
) -> AsyncIterator[Process]:
    """Start a gateway with these variables, on a socket that is handed over where there is one."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PANDORA_", "GATEWAY_", "APP_ENV"))
    }
    handed = () if given is None else (given.fileno(),)
    arguments = ("-m", program) if given is None else ("-c", _HAND_OVER, str(given.fileno()), count)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        env={**environ, **settings},
        stdout=PIPE,
        stderr=PIPE,
        pass_fds=handed,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line(process: Process, event: str) -> dict[str, Any]:
    """Read the log up to an event."""
    assert process.stdout is not None
    while raw := await process.stdout.readline():
        read: dict[str, Any] = json.loads(raw)
        if read["event"] == event:
            return read
    assert process.stderr is not None
    raise AssertionError((await process.stderr.read()).decode())


def memory_mebibytes(process: Process, *, most: bool = False) -> float:
    """What a process holds in memory, or the most that it ever has (proc(5), VmRSS and VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    name = "VmHWM:" if most else "VmRSS:"
    return int(status.partition(name)[2].split()[0]) / 1024
