"""A gRPC server that plays the core: real, on loopback, and obedient to what requests hold."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from pandora.user.v1 import auth_service_pb2, user_pb2, user_service_pb2
from tests.unit.gateway import things_service

SIZES: Final = {"large": 4096, "huge": 65_536}
"""Bytes of a message in a stream, by label."""

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(slots=True)
class Call:
    """One call that arrived at the core."""

    request: Message
    metadata: Mapping[str, str | bytes]
    seconds_left: float


@dataclass(slots=True)
class Core:
    """What the played core has seen; its answers are chosen by what the requests hold."""

    calls: list[Call] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a call that would have hung was cancelled."""
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a call that hangs has begun."""
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets calls that hang go on."""
    produced: int = 0
    """Messages that a stream has handed to gRPC."""
    failures: int = 0
    """How many of the next calls end as if the connection had broken."""
    trailing: tuple[tuple[str, str], ...] = ()
    """What an answer and a refusal say beside."""

    def note(self, request: Message, context: Context) -> None:
        """Keep a call for the test to look at."""
        metadata = dict(context.invocation_metadata() or ())
        left = context.time_remaining()
        self.calls.append(Call(request, metadata, float(left)))

    async def answer(self, context: Context) -> None:
        """Say what is said beside the answer; break the connection where the test wants it."""
        context.set_trailing_metadata(self.trailing)
        if self.failures:
            self.failures -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")

    async def hang(self) -> None:
        """Wait for the test, or for the end of the call."""
        self.entered.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.ended.set()
            raise


async def refuse(context: Context, code: grpc.StatusCode, reason: str, *details: Message) -> None:
    """End a call as the core refuses: with an ErrorInfo beside further details."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain="user.pandora.exchange")
    status = status_pb2.Status(code=code.value[0], message=f"{reason}, says the core")
    for detail in (info, *details):
        packed = Packed()
        packed.Pack(detail)
        status.details.append(packed)
    await context.abort(
        code,
        status.message,
        (
            *context.trailing_metadata(),
            ("grpc-status-details-bin", status.SerializeToString()),
        ),
    )


class Services:
    """The services of the played core, as far as the tests call them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """What a server needs to serve them."""
        auth, users = (
            file.DESCRIPTOR.services_by_name[name]
            for file, name in ((auth_service_pb2, "AuthService"), (user_service_pb2, "UserService"))
        )
        stream = self._stream
        return [
            _handler(auth, Register=self._register, Login=self._login, GetJwks=self._echo_nothing),
            _handler(
                users,
                GetUser=self._get_user,
                ListUsers=self._echo_nothing,
                RestoreUser=self._echo_nothing,
                DeleteUser=self._echo_nothing,
            ),
            _handler(
                things_service.service(),
                ExportThings=stream,
                WatchThings=stream,
                PutThing=self._put_thing,
            ),
        ]

    async def _get_user(self, request: Any, answer: Any, context: Context) -> None:  # noqa: ANN401
        """Obey the user's id."""
        self._core.note(request, context)
        await self._core.answer(context)
        match request.user_id:
            case "hanging":
                await self._core.hang()
            case "missing":
                await refuse(context, grpc.StatusCode.NOT_FOUND, "USER_NOT_FOUND")
            case "busy":
                await refuse(context, grpc.StatusCode.UNAVAILABLE, "SERVER_BUSY")
            case text if text.startswith("sized-"):
                answer.user.full_name = "x" * int(text.removeprefix("sized-"))
            case "tokenless":
                await refuse(context, grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")
            case "broken":
                raise RuntimeError("secret internals")
            case _:
                answer.user.id = request.user_id
                answer.user.role = user_pb2.ROLE_USER

    async def _echo_nothing(self, request: Any, _answer: Any, context: Context) -> None:  # noqa: ANN401
        self._core.note(request, context)
        await self._core.answer(context)

    async def _register(self, request: Any, answer: Any, context: Context) -> None:  # noqa: ANN401
        self._core.note(request, context)
        answer.user.email = request.email

    async def _login(self, request: Any, _answer: Any, context: Context) -> None:  # noqa: ANN401
        self._core.note(request, context)
        await self._core.answer(context)
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(29_500)
        await refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "LOGIN_THROTTLED", retry)

    async def _put_thing(self, request: Any, answer: Any, context: Context) -> None:  # noqa: ANN401
        self._core.note(request, context)
        answer.thing.CopyFrom(request.thing)
        answer.number = 2**53

    async def _stream(self, request: Any, context: Context) -> AsyncIterator[Message]:  # noqa: ANN401
        """Obey the first label of the request."""
        self._core.note(request, context)
        thing, response = (
            things_service.message_class(name) for name in ("Thing", "ThingResponse")
        )
        label = request.labels[0] if request.labels else ""
        if label == "refused":
            await refuse(context, grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
        try:
            for size in range(request.count):
                note = "n" * SIZES.get(label, 0)
                yield response(thing=thing(id="t", size=size, note=note))
                self._core.produced += 1
        except (asyncio.CancelledError, GeneratorExit):
            self._core.ended.set()
            raise
        if label == "cut":
            await refuse(context, grpc.StatusCode.UNAVAILABLE, "SERVER_BUSY")
        if label == "broken":
            raise RuntimeError("secret internals")
        if label == "hanging":
            await self._core.hang()


def _handler(service: Any, **methods: Callable[..., Any]) -> grpc.GenericRpcHandler:  # noqa: ANN401
    """Serve methods of a service by functions that fill the answer, or yield answers."""
    handlers = {}
    for name, function in methods.items():
        method = service.methods_by_name[name]
        request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        make, behaviour = (
            (grpc.unary_stream_rpc_method_handler, function)
            if method.server_streaming
            else (grpc.unary_unary_rpc_method_handler, _filling(function, response))
        )
        handlers[name] = make(behaviour, request.FromString, response.SerializeToString)
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def _filling(function: Callable[..., Any], response: type[Message]) -> Callable[..., Any]:
    async def behaviour(request: Message, context: Context) -> Message:
        answer = response()
        await function(request, answer, context)
        return answer

    return behaviour


async def serve_core(core: Core, port: int = 0) -> tuple[grpc.aio.Server, int, HealthServicer]:
    """Start the played core; give its server, its port and its health."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(tuple(Services(core).handlers()))
    servicer = HealthServicer()
    await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return server, bound, servicer
