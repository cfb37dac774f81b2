"""Core and gateway as several worker processes behind one port each.

Where their settings know of workers, one process is told how many; where they do not, as many
processes share the port (SO_REUSEPORT). Everything else asks `Running` alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from typing import Final

from core.config.core_settings import CoreSettings
from devstack.ports import HOST, free_port
from devstack.process import Daemon
from devstack.process_table import descendants
from devstack.readiness import grpc_serving, http_ok
from devstack.service_environment import (
    CORE_METRICS_PORT,
    CORE_PORT,
    GATEWAY_METRICS_PORT,
    GATEWAY_PORT,
)
from devstack.service_processes import SERVICE_PROCESSES
from gateway.config import Settings as GatewaySettings
from tests.e2e.processes import Process
from tests.e2e.site import Site

_CORE_ADDRESS: Final = "PANDORA_GATEWAY__CORE_ADDRESS"
_TRUSTED_PROXIES: Final = "PANDORA_GATEWAY__TRUSTED_PROXIES"
_CONNECTION_LIFE: Final = {
    # Generators keep their connections for as long as they run.
    "PANDORA_GATEWAY__CONNECTION_MAX_REQUESTS": "100000000",
    "PANDORA_GATEWAY__CONNECTION_MAX_SECONDS": "86400",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A core and a gateway of some workers each, and what runs beside them.

    `groups` maps what a process is to the roots of its families.
    """

    core_address: str
    gateway_url: str
    core_metrics: tuple[str, ...]
    gateway_metrics: tuple[str, ...]
    groups: Mapping[str, tuple[int, ...]]

    def workers(self, kind: str) -> tuple[int, ...]:
        """Return the processes that do the work: those below a root, or the root itself."""
        return tuple(
            worker for root in self.groups[kind] for worker in (_children(root) or (root,))
        )


@contextmanager
def serve(
    site: Site, *, workers: int, core_changes: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run cores and gateways on ports of their own until the block ends."""
    ports = {name: free_port() for name in (CORE_PORT, GATEWAY_PORT)}
    core_address = f"{HOST}:{ports[CORE_PORT]}"
    gateway_url = f"http://{HOST}:{ports[GATEWAY_PORT]}"
    with ExitStack() as ends:
        core_common = {CORE_PORT: str(ports[CORE_PORT]), **(core_changes or {})}
        cores, core_metrics = _start(
            site, ends, ("core", "serve"), _each(workers, CORE_METRICS_PORT, _CORE), core_common
        )
        gateway_common = {
            GATEWAY_PORT: str(ports[GATEWAY_PORT]),
            _CORE_ADDRESS: core_address,
            # The generators stand for a proxy with many clients behind it.
            _TRUSTED_PROXIES: f"{HOST}/32",
            **_CONNECTION_LIFE,
        }
        gateways, gateway_metrics = _start(
            site, ends, ("gateway",), _each(workers, GATEWAY_METRICS_PORT, _GATEWAY), gateway_common
        )
        for core, url in zip(cores, core_metrics, strict=True):
            core.wait_until(lambda url=url: http_ok(url) and grpc_serving(core_address))  # type: ignore[misc]
        for gateway, url in zip(gateways, gateway_metrics, strict=True):
            gateway.wait_until(lambda url=url: http_ok(url) and http_ok(f"{gateway_url}/readyz"))  # type: ignore[misc]
        yield Running(
            core_address=core_address,
            gateway_url=gateway_url,
            core_metrics=core_metrics,
            gateway_metrics=gateway_metrics,
            groups={
                "core": tuple(core.pid for core in cores),
                "gateway": tuple(gateway.pid for gateway in gateways),
            },
        )


@contextmanager
def background(site: Site) -> Iterator[Mapping[str, tuple[int, ...]]]:
    """Run what a service has beside core and gateway; yields the families by their names."""
    with ExitStack() as ends:
        started: dict[str, Process] = {}
        for kind in SERVICE_PROCESSES:
            if kind.name not in {"core", "gateway"}:
                started[kind.name] = site.start(*kind.arguments)
                ends.callback(started[kind.name].stop)
        for kind in SERVICE_PROCESSES:
            if kind.name in started:
                started[kind.name].wait_until(lambda kind=kind: kind.ready(site.ports))  # type: ignore[misc]
        yield {name: (process.pid,) for name, process in started.items()}


def server_groups(site: Site) -> Mapping[str, tuple[int, ...]]:
    """Return the families of the database and of the other servers."""
    stack = site.servers.stack
    found = {}
    for name, server in (("postgres", stack.postgres), ("valkey", stack.valkey)):
        daemon: Daemon = vars(server)["_daemon"]
        if daemon.pid is not None:
            found[name] = (daemon.pid,)
    return found


_CORE: Final = ("PANDORA_CORE__", CoreSettings)
_GATEWAY: Final = ("PANDORA_GATEWAY__", GatewaySettings)


def _each(
    workers: int, metrics_port: str, kind: tuple[str, type[CoreSettings | GatewaySettings]]
) -> Sequence[Mapping[str, str]]:
    """Return the settings of each process that has to be started for so many workers."""
    prefix, settings = kind
    if "workers" in {field.name for field in fields(settings)}:
        return [{f"{prefix}WORKERS": str(workers), metrics_port: str(free_port())}]
    return [{f"{prefix}REUSE_PORT": "true", metrics_port: str(free_port())} for _ in range(workers)]


def _start(
    site: Site,
    ends: ExitStack,
    arguments: tuple[str, ...],
    each: Sequence[Mapping[str, str]],
    common: Mapping[str, str],
) -> tuple[list[Process], tuple[str, ...]]:
    """Start processes; return them and where each tells its metrics."""
    started, urls = [], []
    for settings in each:
        process = site.start(*arguments, **common, **settings)
        ends.callback(process.stop)
        started.append(process)
        (port,) = (value for name, value in settings.items() if name.endswith("METRICS_PORT"))
        urls.append(f"http://{HOST}:{port}/metrics")
    return started, tuple(urls)


def _children(pid: int) -> tuple[int, ...]:
    return tuple(descendants(pid))
