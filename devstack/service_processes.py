"""The service's own long-running processes: what each is called with, and when it is ready."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import devstack
from devstack.process import Command
from devstack.provisioning import Provisioned
from devstack.readiness import grpc_serving, http_ok
from devstack.service_environment import (
    AUDIT_METRICS_PORT,
    CONSUMER_METRICS_PORT,
    CORE_METRICS_PORT,
    CORE_PORT,
    GATEWAY_METRICS_PORT,
    GATEWAY_PORT,
    MAIL_METRICS_PORT,
    RELAY_METRICS_PORT,
    ServicePorts,
    core_environment,
    gateway_environment,
)
from devstack.stack import Stack

CHECKOUT: Final = Path(devstack.__file__).resolve().parent.parent
_SOURCES: Final = ("core", "gateway", "supervision", "gen")
_SOURCE_SUFFIXES: Final = frozenset({".py", ".sql", ".yaml", ".json", ".txt", ".html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProcess:
    """One process; `listens` maps the variables of its ports to what they serve."""

    name: str
    arguments: tuple[str, ...]
    listens: Mapping[str, str]
    ready: Callable[[ServicePorts], bool]

    def command(self, stack: Stack, access: Provisioned, ports: ServicePorts) -> Command:
        """Return what starts it, as a new version whenever the sources have changed."""
        if self.arguments[0] == "gateway":
            environment = gateway_environment(ports)
        else:
            environment = core_environment(stack, access)
            for variable in self.listens:
                environment |= ports.setting(variable)
        return Command(
            argv=(sys.executable, "-m", *self.arguments),
            environment=environment,
            directory=CHECKOUT,
            version=_sources_version(),
        )


def _metrics_answer(variable: str) -> Callable[[ServicePorts], bool]:
    return lambda ports: http_ok(f"http://{ports.address(variable)}/metrics")


SERVICE_PROCESSES: Final = (
    ServiceProcess(
        name="relay",
        arguments=("core", "relay"),
        listens={RELAY_METRICS_PORT: "the relay's metrics"},
        ready=_metrics_answer(RELAY_METRICS_PORT),
    ),
    ServiceProcess(
        name="consumer",
        arguments=("core", "consume"),
        listens={CONSUMER_METRICS_PORT: "the consumer's metrics"},
        ready=_metrics_answer(CONSUMER_METRICS_PORT),
    ),
    ServiceProcess(
        name="mail",
        arguments=("core", "send-mail"),
        listens={MAIL_METRICS_PORT: "the mail sender's metrics"},
        ready=_metrics_answer(MAIL_METRICS_PORT),
    ),
    ServiceProcess(
        name="sealer",
        arguments=("core", "seal"),
        listens={AUDIT_METRICS_PORT: "the sealer's metrics"},
        ready=_metrics_answer(AUDIT_METRICS_PORT),
    ),
    ServiceProcess(
        name="core",
        arguments=("core", "serve"),
        listens={CORE_PORT: "the core", CORE_METRICS_PORT: "the core's metrics"},
        ready=lambda ports: grpc_serving(ports.address(CORE_PORT), ports.certificates),
    ),
    ServiceProcess(
        name="gateway",
        arguments=("gateway",),
        listens={GATEWAY_PORT: "the gateway", GATEWAY_METRICS_PORT: "the gateway's metrics"},
        ready=lambda ports: http_ok(f"{ports.gateway_url}/readyz", ports.certificates),
    ),
)
"""In the order of their start; a new background process is one entry here."""


def _sources_version() -> str:
    """Return a digest that changes with any source file, so that `dev-up` restarts old code."""
    facts = (
        f"{path.relative_to(CHECKOUT)} {path.stat().st_mtime_ns} {path.stat().st_size}"
        for path in sorted(_source_files())
    )
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _source_files() -> Iterator[Path]:
    for folder in _SOURCES:
        for path in (CHECKOUT / folder).rglob("*"):
            if path.suffix in _SOURCE_SUFFIXES and path.is_file():
                yield path
