"""Two cores behind one port and two gateways behind another, replaced one by one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from devstack.ports import free_port
from devstack.service_environment import CORE_METRICS_PORT, GATEWAY_METRICS_PORT
from devstack.service_processes import CHECKOUT
from tests.e2e.processes import Process
from tests.e2e.site import Site

_KINDS = {"core": ("core", "serve"), "gateway": ("gateway",)}
_METRICS = {"core": CORE_METRICS_PORT, "gateway": GATEWAY_METRICS_PORT}
_READY = {"core": "serving_requests", "gateway": "listening"}
"""What each says when it takes part."""

_SHARED_PORTS = {
    "core": {"PANDORA_CORE__REUSE_PORT": "true"},
    "gateway": {"PANDORA_GATEWAY__REUSE_PORT": "true"},
}


@dataclass(kw_only=True)
class Cluster:
    """The processes of each kind that take part, oldest first."""

    site: Site
    members: dict[str, list[Process]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def add(self, kind: str, release: Path = CHECKOUT) -> Process:
        """Start one more, of this release or another one, and return when it takes part."""
        process = self._start(kind, release)
        self.members.setdefault(kind, []).append(process)
        return process

    def roll(self, kind: str, release: Path = CHECKOUT) -> None:
        """Replace each by another one: end it, start its successor, wait for that; and the next."""
        for _ in tuple(self.members[kind]):
            self.replace_oldest(kind, release)

    def replace_oldest(self, kind: str, release: Path = CHECKOUT) -> None:
        """Replace one."""
        self.members[kind].pop(0).stop()
        self.add(kind, release)

    def end(self) -> None:
        """End whatever still runs, gateways first."""
        for kind in ("gateway", "core"):
            for process in self.members.pop(kind, []):
                process.stop()

    def _start(self, kind: str, release: Path) -> Process:
        arguments, folder = _KINDS[kind], self.site.folder / f"{kind}-{next(self._numbers)}"
        folder.mkdir()
        # The port is shared, and so it says nothing about one of those behind it: its log does.
        own = {_METRICS[kind]: str(free_port())}
        environment = self.site.environment(arguments[0]) | _SHARED_PORTS[kind] | own
        process = Process(arguments, environment, folder, release=release)
        process.wait_until(lambda: f'"{_READY[kind]}"' in process.stdout)
        return process


@contextmanager
def running_cluster(site: Site, *, of_each: int = 2) -> Iterator[Cluster]:
    """Run so many of each until the block ends; each must end well."""
    cluster = Cluster(site=site)
    with ExitStack() as ends:
        ends.callback(cluster.end)
        for kind in ("core", "gateway"):
            for _ in range(of_each):
                cluster.add(kind)
        yield cluster
