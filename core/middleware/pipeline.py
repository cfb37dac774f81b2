"""The one interceptor: every call walks through an ordered row of stages to its servicer."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
import grpc.aio

from core.middleware.call import Answer, Call, Context, Next, Stage, enter
from core.middleware.errors import StatusError
from core.middleware.reading import readable, tolerant

# Quoted: generic for the type checker alone.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Find: TypeAlias = "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]"

Behaviour: TypeAlias = Callable[[Any, Context], Awaitable[Any]]
StreamingBehaviour: TypeAlias = Callable[[Any, Context], AsyncGenerator[Any, None]]
Serializer: TypeAlias = Callable[[Any], bytes]

_UNKNOWN_METHOD = "unknown"
"""Names every method that is not served: what clients make up must not become metric labels."""


class Pipeline(grpc.aio.ServerInterceptor):
    """Wraps each method once, at its first call, and keeps the result.

    Methods of `foreign_services` (health and reflection, which come from grpc's own packages and
    bear none of our options) take `foreign_stages`; every other one takes `stages`.
    """

    def __init__(
        self,
        *,
        stages: Sequence[Stage],
        foreign_stages: Sequence[Stage],
        foreign_services: frozenset[str],
    ) -> None:
        """Take the stages, the outermost first."""
        self._stages = stages
        self._foreign_stages = foreign_stages
        self._foreign_services = foreign_services
        self._handlers: dict[str, Handler] = {}
        self._unknown: Handler = grpc.stream_stream_rpc_method_handler(
            _entry(_UNKNOWN_METHOD, _walk(foreign_stages, _refuse_unknown))
        )

    async def intercept_service(
        self, continuation: Find, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler:
        """Return the wrapped method; for one that is not served, a handler that says so."""
        path = handler_call_details.method
        handler = self._handlers.get(path)
        if handler is None:
            found = await continuation(handler_call_details)
            if found is None:
                return self._unknown
            handler = self._handlers[path] = self._wrapped(path.removeprefix("/"), found)
        return handler

    def _wrapped(self, method: str, found: Handler) -> Handler:
        service, _, _ = method.partition("/")
        is_foreign = service in self._foreign_services
        return _handler(method, found, self._foreign_stages if is_foreign else self._stages)


def _handler(method: str, found: Handler, stages: Sequence[Stage]) -> Handler:
    """Build a handler of the same kind that walks through the stages to the found one.

    Requests are read, and answers written, inside of it: what fails there is answered as any other
    error, whereas grpc.aio would tell the client the exception's text.
    """
    streams = {False: "unary", True: "stream"}
    kind = f"{streams[found.request_streaming]}_{streams[found.response_streaming]}"
    build: Callable[..., Handler] = getattr(grpc, f"{kind}_rpc_method_handler")
    end = (_stream_end if found.response_streaming else _unary_end)(
        getattr(found, kind), found.response_serializer or bytes
    )
    return build(
        _entry(method, _walk(stages, end), streams_requests=found.request_streaming),
        request_deserializer=tolerant(found.request_deserializer or bytes),
    )


def _entry(method: str, walk: Next, *, streams_requests: bool = False) -> Behaviour:
    async def serve(request: Any, context: Context) -> Answer:  # noqa: ANN401 - any message
        call = Call(
            method=method,
            request=readable(request) if streams_requests else request,
            context=context,
            metadata=context.invocation_metadata() or (),
        )
        enter(call)
        return await walk(call)

    return serve


def _walk(stages: Sequence[Stage], end: Next) -> Next:
    walk = end
    for stage in reversed(stages):
        walk = _link(stage, walk)
    return walk


def _link(stage: Stage, following: Next) -> Next:
    async def proceed(call: Call) -> Answer:
        return await stage(call, following)

    return proceed


def _unary_end(behaviour: Behaviour, serialize: Serializer) -> Next:
    async def answer(call: Call) -> Answer:
        return serialize(await behaviour(call.request, call.context))

    return answer


def _stream_end(behaviour: StreamingBehaviour, serialize: Serializer) -> Next:
    async def answer(call: Call) -> Answer:
        async with aclosing(behaviour(call.request, call.context)) as messages:
            async for message in messages:
                if call.before_message is not None:
                    await call.before_message()
                await call.context.write(serialize(message))
        return None

    return answer


async def _refuse_unknown(_call: Call) -> Answer:
    raise StatusError(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
