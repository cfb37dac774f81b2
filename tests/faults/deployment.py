"""Two of every process on servers of their own, all of which may be broken."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from devstack.guard import Guard
from devstack.ports import HOST, free_port
from devstack.readiness import grpc_serving, http_ok
from devstack.service_environment import (
    AUDIT_METRICS_PORT,
    CONSUMER_METRICS_PORT,
    CORE_METRICS_PORT,
    CORE_PORT,
    RELAY_METRICS_PORT,
)
from devstack.stack import ServerPorts, Stack
from tests.e2e.site import Site, new_site
from tests.faults.replicas import Replica
from tests.faults.small_disk import SmallDisk, open_disk
from tests.servers import start_servers

_RATES: Final = ("LOGIN", "REGISTRATION", "RECOVERY", "MAILBOX", "TOKEN", "READ", "WRITE", "BULK")
_SETTINGS: Final = {
    # What is tested is not hashing; as little of it as Argon2 allows.
    "PANDORA_PASSWORDS__MEMORY_KIB": "8",
    "PANDORA_PASSWORDS__TIME_COST": "1",
    # People fail to log in, and few clients do the work of many.
    "PANDORA_THROTTLING__ACCOUNT_DELAY_FROM_FAILURE": "100",
    "PANDORA_THROTTLING__ADDRESS_DELAY_FROM_FAILURE": "1000",
    **{f"PANDORA_LIMITS__{rate}": "1000000/minute" for rate in _RATES},
    "PANDORA_TOKENS__ACCESS_TOKEN_SECONDS": "3600",
    "PANDORA_TOKENS__RECENT_AUTHENTICATION_SECONDS": "86400",
    # What is looked at every so often is looked at often.
    "PANDORA_RELAY__POLL_INTERVAL_SECONDS": "0.05",
    "PANDORA_RELAY__BACKLOG_INTERVAL_SECONDS": "1",
    "PANDORA_RELAY__CHECK_INTERVAL_SECONDS": "1",
    "PANDORA_CONSUMER__CLAIM_IDLE_SECONDS": "1",
    "PANDORA_VAULT__REFRESH_INTERVAL_SECONDS": "2",
    "PANDORA_TELEMETRY__LOG_LEVEL": "warning",
}
_READY_SECONDS: Final = 120.0
_DATABASE_OPTIONS: Final = {
    # Keeps the write-ahead log small on a small disk, and checkpoints frequent.
    "max_wal_size": "128MB",
    # Tells when a transaction was committed, whatever its rows say.
    "track_commit_timestamp": "on",
}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A site with replicas running on it; `disk` is what PostgreSQL stores on, if one may mount."""

    site: Site
    disk: SmallDisk | None
    core_ports: tuple[int, ...]
    replicas: Mapping[str, Replica] = field(default_factory=dict)

    @property
    def stack(self) -> Stack:
        return self.site.servers.stack

    @property
    def core_addresses(self) -> list[str]:
        return [f"{HOST}:{port}" for port in self.core_ports]

    def of_role(self, role: str) -> list[Replica]:
        """Return the replicas of `core`, `relay`, `sealer` or `consumer`."""
        return [each for name, each in self.replicas.items() if name.startswith(role)]

    @property
    def with_jumping_clocks(self) -> list[Replica]:
        """Return the replicas whose clocks may jump."""
        return [each for name, each in self.replicas.items() if name.endswith("-2")]

    async def await_ready(self) -> None:
        """Return once every replica is ready."""
        async with asyncio.timeout(_READY_SECONDS):
            while not all(each.is_ready for each in self.replicas.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def died(self) -> list[str]:
        """Return which processes ended by themselves."""
        return [line for replica in self.replicas.values() for line in replica.died]


@contextmanager
def _servers(root: Path) -> Iterator[tuple[Stack, SmallDisk | None]]:
    with open_disk(root / "postgres") as disk:
        stack = Stack(root, ServerPorts.free())
        try:
            yield stack, disk
        finally:
            for server in (stack.postgres, stack.valkey, stack.openbao):
                server.resume()
            stack.postgres.kill()


@contextmanager
def new_deployment(folder: Path) -> Iterator[Deployment]:
    """Start servers, and make a site on them; nothing of the service runs yet."""
    with ExitStack() as ends:
        guard = Guard()
        ends.callback(guard.release)
        stack, disk = ends.enter_context(_servers(guard.root))
        servers = start_servers(stack)
        with psycopg.connect(stack.postgres.dsn("postgres"), autocommit=True) as connection:
            for name, value in _DATABASE_OPTIONS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        stack.postgres.stop()
        stack.start()
        site = ends.enter_context(new_site(servers, folder, settings=_SETTINGS))
        yield Deployment(site=site, disk=disk, core_ports=(free_port(), free_port()))


@asynccontextmanager
async def running(deployment: Deployment) -> AsyncIterator[Deployment]:
    """Run the replicas until the block ends; the second of each kind has a clock that may jump."""
    started = Deployment(
        site=deployment.site,
        disk=deployment.disk,
        core_ports=deployment.core_ports,
        replicas=_start(deployment),
    )
    keepers = [asyncio.create_task(each.keep()) for each in started.replicas.values()]
    try:
        await started.await_ready()
        yield started
    finally:
        for keeper in keepers:
            keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*keepers)
        for replica in started.replicas.values():
            replica.end()


def _start(deployment: Deployment) -> dict[str, Replica]:
    environment = deployment.site.environment("core")
    replicas = {}
    for number in (1, 2):
        program = ("core",) if number == 1 else ("tests.faults.jumping_clock",)
        port = deployment.core_ports[number - 1]
        changes = {CORE_PORT: str(port), CORE_METRICS_PORT: str(free_port())}
        name = f"core-{number}"
        replicas[name] = Replica(
            name,
            (*program, "serve"),
            environment | changes,
            deployment.site.folder,
            lambda port=port: grpc_serving(f"{HOST}:{port}"),  # type: ignore[misc]
        )
        for role, command, variable in (
            ("relay", "relay", RELAY_METRICS_PORT),
            ("sealer", "seal", AUDIT_METRICS_PORT),
            ("consumer", "consume", CONSUMER_METRICS_PORT),
        ):
            metrics = free_port()
            name = f"{role}-{number}"
            replicas[name] = Replica(
                name,
                (*program, command),
                environment | {variable: str(metrics)},
                deployment.site.folder,
                lambda metrics=metrics: http_ok(f"http://{HOST}:{metrics}/metrics"),  # type: ignore[misc]
            )
    return replicas
