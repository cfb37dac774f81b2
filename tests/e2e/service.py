"""The service as it runs in production: relay, core and gateway as processes of their own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

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
            self.processes[process.name].wait_until(lambda p=process: p.ready(self.site.ports))


@contextmanager
def running_service(site: Site) -> Iterator[Service]:
    """Seed the database and run everything until the block ends; each process must end well."""
    seeded = site.run("core", "data", "seed")
    assert seeded.returncode == 0, seeded.stderr
    with ExitStack() as ends:
        service = Service(site=site, processes={})
        for process in SERVICE_PROCESSES:
            started = service.processes[process.name] = site.start(*process.arguments)
            ends.callback(_end, started)
        service.await_ready()
        yield service


def _end(process: Process) -> None:
    """Stop a process unless a test has done so already."""
    if process.runs:
        process.stop()
