"""A core of several workers, and a gateway that knows an address of each."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

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


def core_settings(site: Site) -> dict[str, str]:
    """Return what makes a core one of several workers, each with a Unix socket of its own."""
    return {
        "PANDORA_CORE__WORKERS": str(WORKERS),
        "PANDORA_CORE__SOCKET": str(site.folder / "core.sock"),
    }


def gateway_settings(site: Site) -> dict[str, str]:
    """Return what makes a gateway call each of them."""
    sockets = ["core.sock", *(f"core.{number}.sock" for number in range(1, WORKERS))]
    addresses = ",".join(f"unix:{site.folder / name}" for name in sockets)
    return {"PANDORA_GATEWAY__CORE_ADDRESS": addresses}


@contextmanager
def running_crew(site: Site, **settings: str) -> Iterator[Crew]:
    """Run both until the block ends; each must end well unless a test has ended it."""
    with ExitStack() as ends:
        core = site.start("core", "serve", **core_settings(site), **settings)
        ends.callback(_end, core)
        gateway = site.start("gateway", **gateway_settings(site))
        ends.callback(_end, gateway)
        crew = Crew(site=site, core=core, gateway=gateway)
        crew.until_said("serving_requests", WORKERS)
        gateway.wait_until(lambda: http_ok(f"{site.gateway_url}/readyz", site.certificates))
        yield crew


def _end(process: Process) -> None:
    if process.runs:
        process.stop()
