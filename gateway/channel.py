"""The way to the core: a few persistent channels, used in turn.

One channel is one HTTP/2 connection, and with it one TCP stream and one reader in this process;
some of them spread the calls over the processes that share the core's port, by chance. Where each
of those has an address of its own as well, naming all of them leaves nothing to chance.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final, Protocol, TypeVar

import grpc
from google.protobuf.message import Message

from gateway.call_metadata import Metadata
from gateway.certificates import Reloading
from gateway.fleet import Fleet
from gateway.tls import CoreTls
from gateway.trailing_metadata import Trailing

T = TypeVar("T")

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
    """A fixed number of channels to one address, or to several in turn, split by commas.

    Each address has one channel at least, so that every worker of a core that listens on its own
    is called. Connects at the first call, and again.

    With `tls` they speak it; `follow` opens new ones where the files have changed, and those from
    before end with their last call.
    """

    def __init__(
        self,
        address: str,
        count: int,
        interceptors: Callable[[], Sequence[grpc.aio.ClientInterceptor]] = list,
        *,
        tls: Reloading[CoreTls] | None = None,
        server_name: str | None = None,
    ) -> None:
        """Open the channels; needs a running event loop."""
        self._addresses = address.split(",")
        self._count = max(count, len(self._addresses))
        self._interceptors = interceptors
        self._tls = tls
        self._options: Sequence[tuple[str, int | str]] = (
            OPTIONS
            if server_name is None
            else (*OPTIONS, ("grpc.ssl_target_name_override", server_name))
        )
        self._opened_with = None if tls is None else tls.newest().value
        self._fleet = self._open()
        self._closing: set[asyncio.Task[None]] = set()

    def follow(self) -> None:
        """Use the newest certificates for the calls that begin from now on."""
        if self._tls is None or self._tls.newest().value is self._opened_with:
            return
        self._opened_with = self._tls.newest().value
        old, self._fleet = self._fleet, self._open()
        closing = asyncio.create_task(old.retire(), name="close-old-channels")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def unary(self, path: str, request: type[Message], response: type[Message]) -> UnaryCall:
        """Make the call of an RPC with one answer, by its gRPC path."""
        calls = self._in_turn(
            lambda channel: channel.unary_unary(
                path,
                request_serializer=request.SerializeToString,
                response_deserializer=response.FromString,
            )
        )

        async def call(request: Message, *, metadata: Metadata, timeout_seconds: float) -> Reply:
            ends_at = time.monotonic() + timeout_seconds
            await self._fleet.turns.soon(timeout_seconds)
            fleet, begin = calls()
            under_way = begin(
                request, metadata=metadata, timeout=max(0.0, ends_at - time.monotonic())
            )
            fleet.count(under_way)
            message = await under_way
            return Reply(message, await under_way.trailing_metadata() or ())

        return call

    def stream(self, path: str, request: type[Message], response: type[Message]) -> StreamCall:
        """Make the call of an RPC with a stream of answers, by its gRPC path."""
        calls = self._in_turn(
            lambda channel: channel.unary_stream(
                path,
                request_serializer=request.SerializeToString,
                response_deserializer=response.FromString,
            )
        )

        def call(
            request: Message, *, metadata: Metadata, timeout_seconds: float
        ) -> "grpc.aio.UnaryStreamCall[Message, Message]":
            fleet, begin = calls()
            under_way = begin(request, metadata=metadata, timeout=timeout_seconds)
            fleet.count(under_way)
            return under_way

        return call

    async def close(self) -> None:
        """Close all connections; calls in flight are cancelled."""
        for closing in tuple(self._closing):
            closing.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._fleet.close()

    def _open(self) -> Fleet:
        addresses = islice(cycle(self._addresses), self._count)
        return Fleet([self._channel(address) for address in addresses])

    def _channel(self, address: str) -> grpc.aio.Channel:
        interceptors = self._interceptors()
        if self._opened_with is None:
            return grpc.aio.insecure_channel(
                address, options=self._options, interceptors=interceptors
            )
        return grpc.aio.secure_channel(
            address,
            self._opened_with.credentials(),
            options=self._options,
            interceptors=interceptors,
        )

    def _in_turn(
        self, make: Callable[[grpc.aio.Channel], Callable[..., T]]
    ) -> Callable[[], tuple[Fleet, Callable[..., T]]]:
        """Return what gives the next channel's way of making a call, of the channels of now."""
        fleet = self._fleet
        ways = [make(channel) for channel in fleet.channels]

        def take() -> tuple[Fleet, Callable[..., T]]:
            nonlocal fleet, ways
            if fleet is not self._fleet:
                fleet = self._fleet
                ways = [make(channel) for channel in fleet.channels]
            return fleet, ways[fleet.turns.now()]

        return take
