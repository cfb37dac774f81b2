"""A real server behind the real pipeline, with servicers that a test scripts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import grpc
import grpc.aio
import structlog
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer
from structlog.testing import LogCapture
from structlog.typing import FilteringBoundLogger

from core.domain.caller import ActorType, Caller, Origin
from core.domain.errors import DomainError, TokenInvalid
from core.domain.idempotency import IdempotencyPolicy
from core.domain.user import Role
from core.middleware.assembly import PipelineParts, build_pipeline
from core.middleware.call import Context
from core.middleware.deadline import DeadlineLimits
from core.middleware.origin import TrustedPeers
from core.middleware.rate_limit import RateParts
from core.service.idempotency import IdempotentAnswers
from core.transport.services import SERVICES
from tests.fakes.clock import START, FakeClock
from tests.fakes.database import FakeDatabase
from tests.fakes.ids import FakeIds
from tests.fakes.rates import unlimited_rates

LIMIT_SECONDS = 10.0
"""No test waits longer for anything."""

CALLER_ID = UUID("019a2f60-1111-7aaa-8bbb-c0ffee000001")
OTHER_ID = UUID("019a2f60-2222-7aaa-8bbb-c0ffee000002")
SESSION_ID = UUID("019a2f60-3333-7aaa-8bbb-c0ffee000003")

NOBODY_TRUSTED = TrustedPeers()
RECENT_SECONDS = 600
LIMITS = DeadlineLimits(default_seconds=5.0, longest_seconds=8.0)

Behaviour: TypeAlias = Callable[[Any, Context], Awaitable[Any]]
StreamingBehaviour: TypeAlias = Callable[[Any, Context], AsyncIterator[Any]]


class FakeAuthenticator:
    """Implements the port Authenticator: a token is the name of a role, or of an error to raise."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.errors: dict[str, DomainError] = {}
        self.authenticated_at: datetime | None = START
        self.renewed: Role | DomainError | None = None
        self.renewals = 0

    async def authenticate(self, access_token: str, origin: Origin) -> Caller:
        self.asked.append(access_token)
        if access_token in self.errors:
            raise self.errors[access_token]
        if access_token not in list(Role):
            raise TokenInvalid
        role = Role(access_token)
        if role is Role.SERVICE:
            actor = ActorType.SERVICE
            return Caller(origin=origin, actor_type=actor, service_name="orders", role=role)
        return Caller(
            origin=origin,
            user_id=CALLER_ID,
            session_id=SESSION_ID,
            role=role,
            authenticated_at=self.authenticated_at,
        )

    async def renew(self, caller: Caller, access_token: str) -> Caller:
        """Ask for the token's caller again; a test changes what that is by `renewed`."""
        self.renewals += 1
        if isinstance(self.renewed, Exception):
            raise self.renewed
        if self.renewed is not None:
            return replace(caller, role=self.renewed)
        return await self.authenticate(access_token, caller.origin)


class RecordingMetrics:
    """Implements CallMetrics."""

    def __init__(self) -> None:
        self.observed: list[tuple[str, str, str, float]] = []
        self.fault: Exception | None = None

    def observe(self, method: str, code: str, reason: str, seconds: float) -> None:
        if self.fault is not None:
            raise self.fault
        self.observed.append((method, code, reason, seconds))


@dataclass(kw_only=True)
class Door:
    """The server as a test sees it; `behave` scripts methods by `Service/Method`."""

    address: str = ""
    channel: Any = None
    clock: FakeClock = field(default_factory=FakeClock)
    database: FakeDatabase = field(default_factory=FakeDatabase)
    authenticator: FakeAuthenticator = field(default_factory=FakeAuthenticator)
    metrics: RecordingMetrics = field(default_factory=RecordingMetrics)
    log: LogCapture = field(default_factory=LogCapture)
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    behave: dict[str, Behaviour] = field(default_factory=dict)
    stream: dict[str, StreamingBehaviour] = field(default_factory=dict)

    @property
    def answers(self) -> IdempotentAnswers:
        return IdempotentAnswers(
            database=self.database, clock=self.clock, policy=IdempotencyPolicy()
        )

    def parts(self) -> PipelineParts:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.spans))
        return PipelineParts(
            authenticator=self.authenticator,
            metrics=self.metrics,
            tracer=provider.get_tracer("tests"),
            log=recording_logger(self.log),
            ids=FakeIds(),
            clock=self.clock,
            seconds=asyncio.get_running_loop().time,
            trusted_peers=NOBODY_TRUSTED,
            deadlines=LIMITS,
            rates=unlimited_rates(),
            idempotent_calls=self.answers,
            recent_authentication_seconds=RECENT_SECONDS,
        )

    async def call(
        self,
        method: str,
        request: Message | bytes = b"",
        *,
        token: str | None = None,
        metadata: Sequence[tuple[str, str | bytes]] = (),
        timeout: float | None = LIMIT_SECONDS,  # noqa: ASYNC109 - grpc's own name for a deadline
    ) -> bytes:
        """Call a method with a message or with raw bytes; return the answer's bytes."""
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        bearer = () if token is None else (("authorization", f"Bearer {token}"),)
        stub = self.channel.unary_unary(full_path(method))
        answer: bytes = await stub(raw, metadata=(*bearer, *metadata), timeout=timeout)
        return answer

    async def refusal(
        self,
        method: str,
        request: Message | bytes = b"",
        *,
        token: str | None = None,
        metadata: Sequence[tuple[str, str | bytes]] = (),
        timeout: float | None = LIMIT_SECONDS,  # noqa: ASYNC109 - as above
    ) -> "Refusal":
        """Call a method that must not succeed."""
        try:
            await self.call(method, request, token=token, metadata=metadata, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            return Refusal.of(error)
        raise AssertionError(f"{method} was answered")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A refusal as a client reads it."""

    code: grpc.StatusCode
    message: str
    metadata: Mapping[str, Any]
    info: error_details_pb2.ErrorInfo | None = None
    bad_request: error_details_pb2.BadRequest | None = None
    retry: error_details_pb2.RetryInfo | None = None
    request: error_details_pb2.RequestInfo | None = None

    @property
    def reason(self) -> str | None:
        return None if self.info is None else self.info.reason

    @classmethod
    def of(cls, error: grpc.aio.AioRpcError) -> "Refusal":
        metadata = dict(error.trailing_metadata() or ())
        refusal = cls(code=error.code(), message=error.details() or "", metadata=metadata)
        status = status_pb2.Status.FromString(metadata.get("grpc-status-details-bin", b""))
        for packed in status.details:
            for name, kind in _DETAILS.items():
                if packed.Is(kind.DESCRIPTOR):
                    detail = kind()
                    packed.Unpack(detail)
                    refusal = replace(refusal, **{name: detail})
        return refusal


_DETAILS: Mapping[str, Any] = {
    "info": error_details_pb2.ErrorInfo,
    "bad_request": error_details_pb2.BadRequest,
    "retry": error_details_pb2.RetryInfo,
    "request": error_details_pb2.RequestInfo,
}


def full_path(method: str) -> str:
    """Put the package before `Service/Method`, unless there is one."""
    service = method.partition("/")[0]
    return f"/{method}" if "." in service else f"/pandora.user.v1.{method}"


def recording_logger(log: LogCapture) -> FilteringBoundLogger:
    """Return a logger that keeps every entry, whatever its level, in `log.entries`."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        None,
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, log],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        cache_logger_on_first_use=False,
    )
    return logger


@asynccontextmanager
async def open_door(
    address: str = "127.0.0.1:0",
    *,
    services: Sequence[ServiceDescriptor] = SERVICES,
    extra: Sequence[grpc.GenericRpcHandler] = (),
    trusted_peers: TrustedPeers = NOBODY_TRUSTED,
    deadlines: DeadlineLimits = LIMITS,
    tracer: Tracer | None = None,
    rates: RateParts | None = None,
    seconds: Callable[[], float] | None = None,
) -> AsyncIterator[Door]:
    """Serve every method of the services; what is not scripted answers an empty message."""
    door = Door()
    parts = replace(door.parts(), trusted_peers=trusted_peers, deadlines=deadlines)
    parts = parts if tracer is None else replace(parts, tracer=tracer)
    parts = parts if rates is None else replace(parts, rates=rates)
    parts = parts if seconds is None else replace(parts, seconds=seconds)
    pipeline = build_pipeline(parts, services)
    server = grpc.aio.server(interceptors=(pipeline,))
    server.add_generic_rpc_handlers([*(_scripted(door, each) for each in services), *extra])
    port = server.add_insecure_port(address)
    door.address = address.replace(":0", f":{port}")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(door.address) as channel:
            door.channel = channel
            yield door
    finally:
        await server.stop(0)


def _scripted(door: Door, service: ServiceDescriptor) -> grpc.GenericRpcHandler:
    handlers = {method.name: _handler(door, method) for method in service.methods}
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def _handler(door: Door, method: MethodDescriptor) -> "grpc.RpcMethodHandler[Any, Any]":
    request = message_factory.GetMessageClass(method.input_type)
    answer = message_factory.GetMessageClass(method.output_type)
    name = f"{method.containing_service.name}/{method.name}"

    async def behave(message: Message, context: Context) -> object:
        script = door.behave.get(name)
        return answer() if script is None else await script(message, context)

    async def stream(message: Message, context: Context) -> AsyncIterator[object]:
        if name not in door.stream:
            yield answer()
            return
        async for each in door.stream[name](message, context):
            yield each

    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(
            stream, request.FromString, answer.SerializeToString
        )
    return grpc.unary_unary_rpc_method_handler(behave, request.FromString, answer.SerializeToString)
