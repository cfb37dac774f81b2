"""`python -m gateway` where PANDORA_GATEWAY__WORKERS asks for several: it serves nobody itself."""

import asyncio
import os
import sys
from typing import Final

from gateway.config import Settings
from gateway.observability.worker_gauges import GAUGE_RULES
from supervision.child import Command, WorkerFailed
from supervision.log import json_log
from supervision.metrics_port import MetricsPort, MetricsPortTaken
from supervision.port_guard import PortGuard, PortTaken
from supervision.supervisor import EndedBadly, Supervisor
from supervision.tally import Names, Tally

NAMES: Final = Names(
    prefix="pandora_gateway_worker", requests="pandora_gateway_requests", rules=GAUGE_RULES
)
_CLOSING_SECONDS: Final = 10.0
"""How long a worker's end may take beyond its drain."""


def supervise(settings: Settings) -> int:
    """Serve with several workers until a signal; 1 for a start that failed, or an end that did."""
    try:
        asyncio.run(_supervise(settings))
    except (PortTaken, MetricsPortTaken, WorkerFailed) as failure:
        sys.stderr.write(f"gateway: cannot start: {failure}\n")
        return 1
    except EndedBadly as failure:
        sys.stderr.write(f"gateway: {failure}\n")
        return 1
    return 0


async def _supervise(settings: Settings) -> None:
    command = Command(
        argv=(sys.executable, "-m", "gateway"),
        environment=dict(os.environ),
        count=settings.workers,
    )
    tally = Tally(NAMES, settings.workers)
    guard = PortGuard(settings.host, [] if settings.reuse_port else [settings.port])
    metrics = MetricsPort(tally.families)
    end_seconds = settings.drain_delay_seconds + settings.drain_timeout_seconds + _CLOSING_SECONDS
    try:
        await metrics.open(settings.metrics_host, settings.metrics_port)
        log = json_log("gateway.supervisor")
        await Supervisor(command, tally, log, end_seconds=end_seconds).run()
    finally:
        await metrics.close()
        guard.close()
