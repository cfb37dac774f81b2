"""The way to the core: a few persistent channels, used in turn.

One channel is one HTTP/2 connection, and with it one TCP stream and one reader in this process;
some of them spread the calls over the processes that share the core's port.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final, Protocol

import grpc
from google.protobuf.message import Message

from gateway.call_metadata import Metadata
from gateway.trailing_metadata import Trailing

_MEBIBYTE: Final = 1024 * 1024

OPTIONS: Final[Sequence[tuple[str, int]]] = (
    # Without it all channels to one address share one connection.
    ("grpc.use_local_subchannel_pool", 1),
    # A core that restarts is found again at once, one that stays away is asked every two seconds.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A peer that vanished without a word is noticed while calls are in flight. The server's own
    # limit on pings counts from 5 minutes without data, so only calls without deadline feel it.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.max_receive_message_length", 16 * _MEBIBYTE),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an RPC with one answer has answered, and what the core says beside it."""

    message: Message
    trailing: Trailing


class UnaryCall(Protocol):
    """Calls an RPC with one answer."""

    async def __call__(
        self, request: Message, *, metadata: Metadata, timeout_seconds: float
    ) -> Reply:
        """Answer, or raise grpc.aio.AioRpcError. The time-out travels as the call's deadline."""


class StreamCall(Protocol):
    """Calls an RPC with a stream of answers."""

    def __call__(
        self, request: Message, *, metadata: Metadata, timeout_seconds: float
    ) -> "grpc.aio.UnaryStreamCall[Message, Message]":
        """Begin; iterating raises grpc.aio.AioRpcError, and `cancel` ends the call."""


class CoreChannels:
    """A fixed number of channels to one address. Connects at the first call, and again."""

    def __init__(
        self,
        address: str,
        count: int,
        interceptors: Callable[[], Sequence[grpc.aio.ClientInterceptor]] = list,
    ) -> None:
        """Open the channels; needs a running event loop."""
        self._channels = [
            grpc.aio.insecure_channel(address, options=OPTIONS, interceptors=interceptors())
            for _ in range(count)
        ]

    def unary(self, path: str, request: type[Message], response: type[Message]) -> UnaryCall:
        """Make the call of an RPC with one answer, by its gRPC path."""
        calls = cycle(
            [
                channel.unary_unary(
                    path,
                    request_serializer=request.SerializeToString,
                    response_deserializer=response.FromString,
                )
                for channel in self._channels
            ]
        )

        async def call(request: Message, *, metadata: Metadata, timeout_seconds: float) -> Reply:
            under_way = next(calls)(request, metadata=metadata, timeout=timeout_seconds)
            message = await under_way
            return Reply(message, await under_way.trailing_metadata() or ())

        return call

    def stream(self, path: str, request: type[Message], response: type[Message]) -> StreamCall:
        """Make the call of an RPC with a stream of answers, by its gRPC path."""
        calls = cycle(
            [
                channel.unary_stream(
                    path,
                    request_serializer=request.SerializeToString,
                    response_deserializer=response.FromString,
                )
                for channel in self._channels
            ]
        )

        def call(
            request: Message, *, metadata: Metadata, timeout_seconds: float
        ) -> "grpc.aio.UnaryStreamCall[Message, Message]":
            return next(calls)(request, metadata=metadata, timeout=timeout_seconds)

        return call

    async def close(self) -> None:
        """Close all connections; calls in flight are cancelled."""
        for channel in self._channels:
            await channel.close()
