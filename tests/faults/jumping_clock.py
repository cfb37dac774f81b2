"""A process of the service whose clock jumps: `python -m tests.faults.jumping_clock serve`.

SIGUSR1 puts the clock forward by an hour, SIGUSR2 puts it right again. The service takes its clock
by injection; this is `python -m core` with another one passed in.
"""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from core.bootstrap.consumer_process import consume
from core.bootstrap.core_server import serve
from core.bootstrap.foundation import Foundation
from core.bootstrap.process import run_until_stopped
from core.bootstrap.relay_process import relay
from core.bootstrap.sealer_process import seal
from core.config.loading import load
from core.crypto.identifiers import MonotonicUuid7
from core.observability.clock import SystemClock

FORWARD = signal.SIGUSR1
BACK = signal.SIGUSR2
JUMP = timedelta(hours=1)

_Work = Callable[[Foundation, asyncio.Event], Coroutine[None, None, None]]
_WORK: Mapping[str, _Work] = {
    "serve": serve,
    "relay": relay,
    "seal": seal,
    "consume": consume,
}


class JumpingClock(SystemClock):
    """The system's clock with an error that changes at once."""

    def __init__(self) -> None:
        self.error = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.error


def _with_jumps(work: _Work) -> _Work:
    async def run(foundation: Foundation, stopping: asyncio.Event) -> None:
        clock = JumpingClock()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(FORWARD, lambda: setattr(clock, "error", JUMP))
        loop.add_signal_handler(BACK, lambda: setattr(clock, "error", timedelta(0)))
        ids = MonotonicUuid7(clock=clock, randomness=secrets.token_bytes)
        await work(replace(foundation, clock=clock, ids=ids), stopping)

    return run


if __name__ == "__main__":
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    sys.exit(run_until_stopped(load(os.environ), _with_jumps(_WORK[sys.argv[1]])))
