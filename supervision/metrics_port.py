"""Tells the sum of all workers' numbers over HTTP, on a port that is never the public one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from supervision.exposition import CONTENT_TYPE, render
from supervision.families import Family

_PATIENCE_SECONDS: Final = 10.0
"""How long a client may take to ask and to read."""
_LONGEST_HEAD_BYTES: Final = 16_384


class MetricsPortTaken(Exception):
    """The metrics cannot be told where they should be."""


class MetricsPort:
    """Answers every GET with the numbers of that moment, and ends the connection."""

    def __init__(self, collect: Callable[[], Awaitable[Sequence[Family]]]) -> None:
        """Take what gathers the numbers."""
        self._collect = collect
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            MetricsPortTaken: the address is taken, or is not this machine's.
        """
        try:
            self._server = await asyncio.start_server(
                self._serve, host, port, limit=_LONGEST_HEAD_BYTES
            )
        except OSError as error:
            words = f"metrics cannot listen on port {port}: {error.strerror or error}"
            raise MetricsPortTaken(words) from error

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._answer(head))
                await writer.drain()
        writer.close()

    async def _answer(self, head: bytes) -> bytes:
        method = head.partition(b" ")[0]
        if method not in {b"GET", b"HEAD"}:
            return _response("405 Method Not Allowed", b"", b"")
        body = render(await self._collect())
        return _response("200 OK", body, b"" if method == b"HEAD" else body)


def _response(status: str, body: bytes, sent: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + sent
