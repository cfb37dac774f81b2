"""`python -m core serve` where `core.workers` asks for several: it serves nobody itself.

It loads neither gRPC nor a driver: what it needs of the core are the settings.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import Final

from core.config.core_settings import CoreSettings
from core.config.settings import Settings
from core.config.worker_places import sockets, worker_count
from core.observability.worker_gauges import GAUGE_RULES
from supervision.child import Command, WorkerFailed
from supervision.log import Log, json_log
from supervision.metrics_port import MetricsPort, MetricsPortTaken
from supervision.port_guard import PortGuard, PortTaken
from supervision.supervisor import EndedBadly, Supervisor
from supervision.tally import Names, Tally

NAMES: Final = Names(prefix="pandora_worker", requests="pandora_rpc_requests", rules=GAUGE_RULES)
_CLOSING_SECONDS: Final = 12.0
"""How long a worker's end may take beyond the grace: longer than it gives itself."""


def supervise(settings: Settings) -> int:
    """Serve with several workers until SIGTERM or SIGINT; return the exit code."""
    log = json_log("core.supervisor")
    try:
        asyncio.run(_supervise(settings.core, log))
    except PortTaken as refusal:
        return _refused(log, f"start the gRPC server: {refusal}")
    except MetricsPortTaken as refusal:
        return _refused(log, f"open the metrics port: {refusal}")
    except WorkerFailed as failure:
        return _refused(log, str(failure))
    except EndedBadly as failure:
        log("error", "ended_badly", problem=str(failure))
        return 1
    log("info", "stopped")
    return 0


async def _supervise(settings: CoreSettings, log: Log) -> None:
    count = worker_count(settings.workers)
    command = Command(
        argv=(sys.executable, "-m", "core", "serve"), environment=dict(os.environ), count=count
    )
    tally = Tally(NAMES, count)
    guard = PortGuard(settings.host, _guarded(settings, count))
    metrics = MetricsPort(tally.families)
    try:
        await metrics.open(settings.metrics_host, settings.metrics_port)
        end_seconds = settings.shutdown_grace_seconds + _CLOSING_SECONDS
        await Supervisor(
            command, tally, log, end_seconds=end_seconds, passed_on=(signal.SIGUSR2,)
        ).run()
    finally:
        await metrics.close()
        guard.close()
        for socket in sockets(settings):
            with suppress(OSError):
                socket.unlink()


def _guarded(settings: CoreSettings, count: int) -> list[int]:
    """Return the ports that nobody else may have."""
    if not settings.tcp:
        return []
    first = settings.worker_port
    own = [] if first is None else list(range(first, first + count))
    return own if settings.reuse_port else [settings.port, *own]


def _refused(log: Log, problem: str) -> int:
    log("critical", "start_failed", problem=problem)
    sys.stderr.write(f"cannot start: {problem}\n")
    return 1
