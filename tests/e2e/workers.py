"""A core of several workers, and a gateway that knows an address of each."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from devstack.ports import HOST, free_port, is_free
from devstack.process_table import descendants
from devstack.readiness import http_ok
from devstack.service_environment import CORE_METRICS_PORT
from tests.e2e.metrics import Scrape, scrape
from tests.e2e.processes import Process
from tests.e2e.rest import Rest
from tests.e2e.site import Site

WORKERS: Final = 2
REQUESTS: Final = "pandora_worker_requests_total"
RESTARTS: Final = "pandora_worker_restarts_total"


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The processes that run; `core` is the supervisor."""

    site: Site
    core: Process
    gateway: Process

    @property
    def workers(self) -> set[int]:
        """The workers' process ids."""
        return set(descendants(self.core.pid))

    def said(self, event: str) -> int:
        """How often the supervisor or a worker has said something."""
        return sum(line["event"] == event for line in self.core.log)

    def until_said(self, event: str, times: int = 1) -> None:
        self.core.wait_until(lambda: self.said(event) >= times)

    async def numbers(self, rest: Rest) -> Scrape:
        """Ask the supervisor."""
        return await scrape(rest, self.site.metrics_url(CORE_METRICS_PORT))

    async def calls(self, rest: Rest) -> list[float]:
        """Return how many calls each worker has answered."""
        now = await self.numbers(rest)
        return [now.value(REQUESTS, worker=str(number)) for number in range(WORKERS)]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where each worker listens on its own, as the core and the gateway are told."""

    core: Mapping[str, str]
    addresses: Sequence[str]

    @property
    def gateway(self) -> dict[str, str]:
        return {"PANDORA_GATEWAY__CORE_ADDRESS": ",".join(self.addresses)}


def sockets(site: Site) -> Places:
    """Return Unix sockets."""
    names = ["core.sock", *(f"core.{number}.sock" for number in range(1, WORKERS))]
    return Places(
        core={
            "PANDORA_CORE__WORKERS": str(WORKERS),
            "PANDORA_CORE__SOCKET": str(site.folder / names[0]),
        },
        addresses=[f"unix:{site.folder / name}" for name in names],
    )


def worker_ports(_: Site) -> Places:
    """Return ports."""
    first = free_ports(WORKERS)
    return Places(
        core={
            "PANDORA_CORE__WORKERS": str(WORKERS),
            "PANDORA_CORE__WORKER_PORT": str(first),
        },
        addresses=[f"{HOST}:{first + number}" for number in range(WORKERS)],
    )


@contextmanager
def running_crew(site: Site, places: Places) -> Iterator[Crew]:
    """Run both until the block ends; each must end well unless a test has ended it."""
    with ExitStack() as ends:
        core = site.start("core", "serve", **places.core)
        ends.callback(_end, core)
        gateway = site.start("gateway", **places.gateway)
        ends.callback(_end, gateway)
        crew = Crew(site=site, core=core, gateway=gateway)
        crew.until_said("serving_requests", WORKERS)
        gateway.wait_until(lambda: http_ok(f"{site.gateway_url}/readyz", site.certificates))
        yield crew


def free_ports(count: int) -> int:
    """Return the first of so many ports, one behind the other, that nothing listens on."""
    while True:
        first = free_port()
        if all(is_free(port) for port in range(first + 1, first + count)):
            return first


def _end(process: Process) -> None:
    if process.runs:
        process.stop()
