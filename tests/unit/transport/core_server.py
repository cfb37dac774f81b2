"""The whole core behind its door: real server, pipeline and use cases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc.aio
from grpc_health.v1 import health_pb2_grpc
from opentelemetry.sdk.trace import TracerProvider
from structlog.testing import LogCapture

from core.bootstrap.listeners import certificate_files
from core.config.core_settings import CoreSettings
from core.config.service_identities import ServiceIdentity
from core.domain.access_token import PublicKey
from core.domain.ports.clock import Clock, IdGenerator
from core.domain.session import LoginResult
from core.domain.user import Role, User
from core.middleware.assembly import PipelineParts, build_pipeline
from core.middleware.deadline import DeadlineLimits
from core.middleware.origin import TrustedPeers
from core.service.use_cases import UseCases
from core.transport.certificates import CertificateSource
from core.transport.health import HealthServicer
from core.transport.listening import listen, listen_on_socket
from core.transport.server import build_health, build_server
from core.transport.services import SERVICES
from pandora.user.v1 import (
    audit_service_pb2_grpc,
    auth_service_pb2_grpc,
    kyc_service_pb2_grpc,
    mfa_service_pb2_grpc,
    session_service_pb2_grpc,
    user_service_pb2_grpc,
)
from tests.fakes.rates import unlimited_rates
from tests.fakes.world import World
from tests.unit.middleware.door import (
    LIMIT_SECONDS,
    RECENT_SECONDS,
    RecordingMetrics,
    Refusal,
    recording_logger,
)

Metadata = tuple[tuple[str, str], ...]


@dataclass(kw_only=True)
class ServedCore:
    """What a client, and a test behind it, sees of a running core."""

    server: grpc.aio.Server
    health: HealthServicer
    address: str
    channel: grpc.aio.Channel
    log: LogCapture

    def __post_init__(self) -> None:
        self.auth = auth_service_pb2_grpc.AuthServiceStub(self.channel)
        self.users = user_service_pb2_grpc.UserServiceStub(self.channel)
        self.sessions = session_service_pb2_grpc.SessionServiceStub(self.channel)
        self.mfa = mfa_service_pb2_grpc.MfaServiceStub(self.channel)
        self.kyc = kyc_service_pb2_grpc.KycServiceStub(self.channel)
        self.audit = audit_service_pb2_grpc.AuditServiceStub(self.channel)
        self.health_stub: Any = health_pb2_grpc.HealthStub(self.channel)  # type: ignore[no-untyped-call]


@dataclass(kw_only=True)
class Core(ServedCore):
    """A core on fakes."""

    world: World

    async def user(self, email: str = "ada@example.com") -> "Person":
        """Register somebody and log in."""
        user = await self.world.register(email)
        return Person(user=user, login=await self.world.login(email))

    async def staff(self, role: Role = Role.ADMIN) -> "Person":
        """Make somebody of the staff and log in."""
        email = f"{role.value}@example.com"
        user = await self.world.register(email)
        system = self.world.system
        await self.world.use_cases.administration.set_role(user.id, role=role, caller=system)
        return Person(user=user, login=await self.world.login(email))

    async def service(self, name: str = "orders") -> Metadata:
        """Mint a service's token."""
        tokens = self.world.use_cases.service_tokens
        return bearer(await tokens.mint(name, lifetime_seconds=3600, caller=self.world.system))


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a session."""

    user: User
    login: LoginResult

    @property
    def id(self) -> str:
        return str(self.user.id)

    @property
    def session_id(self) -> str:
        return str(self.login.tokens.session_id)

    @property
    def credentials(self) -> Metadata:
        return bearer(self.login.tokens.access_token)


def bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),)


async def refused(call: Any) -> Refusal:  # noqa: ANN401 - a call of whatever type
    """Await a call that must not succeed."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return Refusal.of(error)
    raise AssertionError("the call was answered")


@asynccontextmanager
async def serving(
    use_cases: UseCases,
    public_keys: Callable[[], Sequence[PublicKey]],
    ids: IdGenerator,
    clock: Clock,
    settings: CoreSettings,
    identities: Sequence[ServiceIdentity] = (),
) -> AsyncIterator[ServedCore]:
    """Serve on loopback, SERVING, until the block ends.

    The channel leads through the settings' socket, if they name one.
    """
    log = LogCapture()
    parts = PipelineParts(
        authenticator=use_cases.authentication,
        metrics=RecordingMetrics(),
        tracer=TracerProvider().get_tracer("tests"),
        log=recording_logger(log),
        ids=ids,
        clock=clock,
        seconds=asyncio.get_running_loop().time,
        trusted_peers=TrustedPeers.parse(settings.trusted_peers),
        deadlines=DeadlineLimits(default_seconds=5.0, longest_seconds=LIMIT_SECONDS),
        rates=unlimited_rates(),
        idempotent_calls=use_cases.idempotency,
        recent_authentication_seconds=RECENT_SECONDS,
        service_identities=identities,
    )
    health = build_health()
    server = build_server(
        use_cases=use_cases,
        public_keys=public_keys,
        pipeline=build_pipeline(parts, SERVICES),
        health=health,
        settings=settings,
    )
    files = certificate_files(settings)
    certificates = None if files is None else CertificateSource(files, lambda: datetime.now(UTC))
    port = listen(server, host="127.0.0.1", port=0, certificates=certificates)
    if settings.socket is not None:
        listen_on_socket(server, settings.socket)
    await server.start()
    health.set_serving(True)
    address = f"127.0.0.1:{port}"
    try:
        way = address if settings.socket is None else f"unix:{settings.socket}"
        async with grpc.aio.insecure_channel(way) as channel:
            yield ServedCore(
                server=server, health=health, address=address, channel=channel, log=log
            )
    finally:
        await server.stop(0)


@asynccontextmanager
async def running_core(
    settings: CoreSettings | None = None, identities: Sequence[ServiceIdentity] = ()
) -> AsyncIterator[Core]:
    """Serve a world of fakes."""
    world = World()
    settings = settings or CoreSettings()
    public_keys = world.access_tokens.public_keys
    async with serving(
        world.use_cases, public_keys, world.ids, world.clock, settings, identities
    ) as served:
        yield Core(
            world=world,
            server=served.server,
            health=served.health,
            address=served.address,
            channel=served.channel,
            log=served.log,
        )
