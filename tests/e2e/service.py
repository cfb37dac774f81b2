"""The service as it runs in production: relay, core and gateway as processes of their own."""

from collections.abc import Container, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from devstack.service_processes import SERVICE_PROCESSES
from tests.e2e.processes import Process
from tests.e2e.site import Site


@dataclass(frozen=True, kw_only=True)
class Service:
    """A site with everything running on it.

    `confidential` collects what tests have said to it and nobody may read in a log or a trace.
    """

    site: Site
    processes: dict[str, Process]
    confidential: set[str] = field(default_factory=set, repr=False)

    @property
    def core(self) -> Process:
        return self.processes["core"]

    @property
    def gateway(self) -> Process:
        return self.processes["gateway"]

    @property
    def relay(self) -> Process:
        return self.processes["relay"]

    def await_ready(self) -> None:
        """Return once every process says that it is ready."""
        for process in SERVICE_PROCESSES:
            if process.name in self.processes:
                ready = partial(process.ready, self.site.ports)
                self.processes[process.name].wait_until(ready)


def seed(site: Site) -> None:
    """Make the administrator and the mock people."""
    seeded = site.run("core", "data", "seed")
    assert seeded.returncode == 0, seeded.stderr


@contextmanager
def running_service(
    site: Site, *, without: Container[str] = (), is_seeded: bool = True
) -> Iterator[Service]:
    """Run every process but some until the block ends; each must end well."""
    if is_seeded:
        seed(site)
    with ExitStack() as ends:
        service = Service(site=site, processes={})
        for process in SERVICE_PROCESSES:
            if process.name not in without:
                started = service.processes[process.name] = site.start(*process.arguments)
                ends.callback(_end, started)
        service.await_ready()
        yield service


def _end(process: Process) -> None:
    """Stop a process unless a test has done so already."""
    if process.runs:
        process.stop()
