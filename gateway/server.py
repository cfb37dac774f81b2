"""aiohttp's server: it makes a Connection for each client, and can be emptied without a loss."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from gateway.connection import Connection

Connect = Callable[["HttpServer"], Connection]


class HttpServer(web.Server):
    """Keeps account of its connections, and cancels the work for a client that has gone."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        connect: Connect,
    ) -> None:
        """Take what answers requests, and what makes connections."""
        super().__init__(handler, handler_cancellation=True)
        self._connect = connect
        self._open: set[Connection] = set()
        self._empty = asyncio.Event()
        self._is_retired = False

    def __call__(self) -> RequestHandler:
        """Make the protocol of a new connection."""
        return self._connect(self)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Count a connection in."""
        super().connection_made(handler, transport)
        if isinstance(handler, Connection):
            self._open.add(handler)
            self._empty.clear()
            if self._is_retired:
                handler.retire()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Count a connection out."""
        super().connection_lost(handler, exc)
        if isinstance(handler, Connection):
            self._open.discard(handler)
            if not self._open:
                self._empty.set()

    @property
    def connections_count(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def retire(self) -> None:
        """End every connection with its next answer, so that its client comes back elsewhere."""
        self._is_retired = True
        for connection in self._open:
            connection.retire()

    async def drain(self, *, idle_seconds: float, timeout_seconds: float) -> bool:
        """Let every connection end by itself; tell whether all have.

        A client may be sending a request on a connection that is
        idle here, and would lose it if that were closed: idle ones are therefore left open for
        idle_seconds first. Called when nobody new is accepted any more.
        """
        self.retire()
        ends_at = asyncio.get_running_loop().time() + timeout_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(min(idle_seconds, timeout_seconds)):
                await self._until_empty()
        for connection in tuple(self._open):
            if connection.is_idle:
                connection.force_close()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ends_at):
                await self._until_empty()
        return not self._open

    async def _until_empty(self) -> None:
        if self._open:
            await self._empty.wait()
