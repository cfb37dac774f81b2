"""How long a core takes from its start until it says SERVING, and what it then holds."""

import time
from dataclasses import dataclass

from bench.usage import memory_mebibytes
from devstack.ports import HOST, free_port
from devstack.process_table import descendants
from devstack.readiness import grpc_serving
from devstack.service_environment import CORE_METRICS_PORT, CORE_PORT
from tests.e2e.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of a core of a single worker."""

    seconds: float
    idle_mib: float


def start_once(site: Site) -> Start:
    """Start a core beside the others, and end it."""
    port, metrics = free_port(), free_port()
    began = time.monotonic()
    core = site.start("core", "serve", **{CORE_PORT: str(port), CORE_METRICS_PORT: str(metrics)})
    try:
        core.wait_until(lambda: grpc_serving(f"{HOST}:{port}"))
        seconds = time.monotonic() - began
        family = (core.pid, *descendants(core.pid))
        return Start(seconds=seconds, idle_mib=max(map(memory_mebibytes, family)))
    finally:
        core.stop()
