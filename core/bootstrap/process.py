"""One process of the core from its first line to its exit code."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import structlog
import uvloop

from core.bootstrap.foundation import Foundation
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.startup import StartFailed
from core.bootstrap.worker_process import in_loop
from core.config.settings import Settings
from core.observability.logging import start_logs
from core.observability.profiling import Profiler, ProfilingOptions
from supervision.shared_output import SharedOutput
from supervision.worker import Worker

T = TypeVar("T")

EXIT_OK = 0
EXIT_FAILED = 1

_CLOSING_SECONDS = 10.0
"""How long an end may take beyond the grace that calls under way are given."""

_log = structlog.get_logger(__name__)


def run_until_stopped(
    settings: Settings,
    work: Callable[[Foundation, asyncio.Event], Coroutine[None, None, None]],
    worker: Worker | None = None,
) -> int:
    """Run a serving process until SIGTERM or SIGINT; return its exit code.

    A worker ends likewise when its supervisor is gone.
    """

    async def main(foundation: Foundation) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        if worker is not None:
            worker.orphaned.then(in_loop(loop, stopping.set))
        profiler = _profiler(foundation)
        loop.add_signal_handler(signal.SIGUSR2, profiler.begin)
        profiler.start()
        running = asyncio.create_task(work(foundation, stopping))
        await _first_of(running, stopping)
        await profiler.stop()
        bound = settings.core.shutdown_grace_seconds + _CLOSING_SECONDS
        done, _ = await asyncio.wait((running,), timeout=bound)
        if not done:
            _log.error("end_cut_short", after_seconds=bound)
            running.cancel()
            return
        await running

    return _run(settings, main, worker=worker)


def _profiler(foundation: Foundation) -> Profiler:
    telemetry = foundation.settings.telemetry
    return Profiler(
        ProfilingOptions(
            folder=telemetry.profile_folder,
            seconds=telemetry.profile_seconds,
            every_seconds=telemetry.profile_every_seconds,
            process=f"{telemetry.service_name}-{os.getpid()}",
        ),
        now=foundation.clock.now,
    )


def run_once(settings: Settings, work: Callable[[Foundation], Awaitable[None]]) -> int:
    """Run a task of an operator; return its exit code.

    Standard output is for its result alone; warnings go to standard error, as JSON.
    """

    async def main(foundation: Foundation) -> None:
        await work(foundation)

    return _run(settings, main, is_task=True)


def _run(
    settings: Settings,
    main: Callable[[Foundation], Awaitable[None]],
    *,
    is_task: bool = False,
    worker: Worker | None = None,
) -> int:
    if is_task:
        logs = start_logs(level="warning", stream=sys.stderr.buffer)
    elif worker is not None:
        logs = start_logs(level=settings.telemetry.log_level, stream=SharedOutput(sys.stdout))
        structlog.contextvars.bind_contextvars(worker=worker.number)
    else:
        logs = start_logs(level=settings.telemetry.log_level, stream=sys.stdout.buffer)

    async def entry() -> None:
        await main(Foundation.lay(settings, logs, worker))

    try:
        _log.info("settings_loaded", environment=settings.environment.value)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(entry())
    except StartFailed as failure:
        _log.critical("start_failed", problem=str(failure))
        if worker is None:
            sys.stderr.write(f"cannot start: {failure}\n")
        else:
            worker.tell_failed(str(failure))
        return EXIT_FAILED
    except OperationRefused as refusal:
        sys.stderr.write(f"refused: {refusal}\n")
        return EXIT_FAILED
    else:
        _log.info("stopped")
        return EXIT_OK
    finally:
        logs.close()


async def _first_of(running: asyncio.Task[None], stopping: asyncio.Event) -> None:
    told = asyncio.create_task(_told(stopping))
    try:
        await asyncio.wait((running, told), return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()


async def _told(stopping: asyncio.Event) -> None:
    await stopping.wait()
