"""Speaks TLS for a server that cannot, on one machine: PostgreSQL's wheel and Valkey's have none.

Runs as a process of its own, `python -m devstack.tls_terminator_program`. What clients say within
TLS goes on, byte for byte, to the server's own port; each connection is one of the server's.
Certificate and key are read anew when their files change.
"""

import argparse
import asyncio
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

from devstack.ports import HOST
from devstack.postgres_greeting import ALPN, Greeting, greet

_BACKLOG: Final = 512
_HANDSHAKE_SECONDS: Final = 60.0
# Forward secrecy and authenticated encryption; TLS 1.3 has nothing else.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"


class ServerContext:
    """The server's side of TLS, made anew whenever its files hold another pair."""

    def __init__(self, certificate: Path, key: Path, *, alpn: list[str]) -> None:
        self._files = (certificate, key)
        self._alpn = alpn
        self._seen = self._state()
        self._context = self._made()

    def current(self) -> ssl.SSLContext:
        """Return what the next connection is to be met with."""
        state = self._state()
        if state != self._seen:
            # Between the two replacements the pair does not match; the next connection asks again.
            with suppress(OSError):
                self._context = self._made()
                self._seen = state
        return self._context

    def _state(self) -> tuple[tuple[int, int], ...]:
        return tuple((file.stat().st_ino, file.stat().st_mtime_ns) for file in self._files)

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS)
        context.set_alpn_protocols(self._alpn)
        context.load_cert_chain(*self._files)
        return context


class Side(asyncio.Protocol):
    """One end of a connection: what it hears the other end says, and they end together."""

    def __init__(self) -> None:
        self.other: Side | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand on."""
        if self.other is not None:
            self.other.write(data)

    def pause_writing(self) -> None:
        """Hear nothing more from the other end until this one has caught up."""
        if self.other is not None and (heard := self.other.transport) is not None:
            heard.pause_reading()

    def resume_writing(self) -> None:
        """Go on hearing the other end."""
        if self.other is not None and (heard := self.other.transport) is not None:
            heard.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other end as well, once it has said what it was given."""
        del exc
        self.transport = None
        if self.other is not None:
            self.other.close()

    def write(self, data: bytes) -> None:
        """Say."""
        if self.transport is not None:
            self.transport.write(data)

    def close(self) -> None:
        """End."""
        if self.transport is not None:
            self.transport.close()


class Terminator:
    """Meets clients and joins each with a connection of its own to the server."""

    def __init__(
        self, context: ServerContext, port: int, greeting: Callable[..., Awaitable[Greeting | None]]
    ) -> None:
        self._context = context
        self._port = port
        self._greet = greeting

    async def meet(self, client: socket.socket) -> None:
        """Serve one client until it is joined; whoever does not speak TLS is not."""
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                await self._join(client)
        except (OSError, TimeoutError) as refusal:
            print(f"refused a connection: {refusal!r}", file=sys.stderr, flush=True)
            client.close()

    async def _join(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        greeting = await self._greet(client)
        if greeting is None:
            client.close()
            return
        near, far = Side(), Side()
        near.other, far.other = far, near
        await loop.create_connection(lambda: far, HOST, self._port)
        try:
            far.write(greeting.head)
            context = self._context.current() if greeting.encrypted else None
            await loop.connect_accepted_socket(lambda: near, client, ssl=context)
        except BaseException:
            far.close()
            raise


async def _immediately(client: socket.socket) -> Greeting:
    del client
    return Greeting(encrypted=True)


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    speaks_postgres = options.protocol == "postgres"
    context = ServerContext(
        options.certificate, options.key, alpn=[ALPN] if speaks_postgres else []
    )
    terminator = Terminator(
        context, options.server_port, greet if speaks_postgres else _immediately
    )
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    with socket.create_server((HOST, options.port), backlog=_BACKLOG) as listener:
        listener.setblocking(False)  # noqa: FBT003 - the name is socket's
        accepting = asyncio.create_task(_accept(listener, terminator))
        await stopping.wait()
        accepting.cancel()


async def _accept(listener: socket.socket, terminator: Terminator) -> None:
    loop = asyncio.get_running_loop()
    meetings: set[asyncio.Task[None]] = set()
    while True:
        client, _ = await loop.sock_accept(listener)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        meeting = asyncio.create_task(terminator.meet(client))
        meetings.add(meeting)
        meeting.add_done_callback(meetings.discard)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack.tls_terminator_program")
    for name in ("--port", "--server-port"):
        parser.add_argument(name, type=int, required=True)
    for name in ("--certificate", "--key"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--protocol", choices=("postgres", "redis"), required=True)
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(serve(_options()))
