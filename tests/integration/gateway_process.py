"""`python -m gateway` as a process, started by a test and ended with it."""

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class GatewayProcess:
    """A running gateway. Its log is read as it comes: a full pipe would bring it to a stop."""

    process: Process
    requests: int = 0
    """Requests that it has logged."""
    _events: "asyncio.Queue[dict[str, Any] | None]" = field(default_factory=asyncio.Queue)

    async def read_log(self) -> None:
        """Read to the end; requests are counted, all else waits for `line`."""
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            read: dict[str, Any] = json.loads(raw)
            if read["event"] == "request":
                self.requests += 1
            else:
                self._events.put_nowait(read)
        self._events.put_nowait(None)

    async def line(self, event: str) -> dict[str, Any]:
        """Wait for an event in the log, and skip those before it."""
        while (read := await self._events.get()) is not None:
            if read["event"] == event:
                return read
        raise AssertionError(await self.errors())

    async def errors(self) -> str:
        """Wait for the end; return what was written to standard error."""
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.process.terminate()

    async def exit_code(self) -> int:
        """Wait for the end."""
        return await self.process.wait()

    def memory_mebibytes(self, *, most: bool = False) -> float:
        """What it holds in memory, or the most that it ever has (proc(5), VmRSS and VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        name = "VmHWM:" if most else "VmRSS:"
        return int(status.partition(name)[2].split()[0]) / 1024


@asynccontextmanager
async def gateway_process(
    settings: Mapping[str, str],
    *,
    given: socket.socket | None = None,
    count: str = "1",
    program: str = "gateway",
) -> AsyncIterator[GatewayProcess]:
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
    running = GatewayProcess(process)
    reading = asyncio.create_task(running.read_log())
    try:
        # Two processes start within it, one after the other, on a machine that may be busy.
        async with asyncio.timeout(PATIENCE_SECONDS * 6):
            yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading
