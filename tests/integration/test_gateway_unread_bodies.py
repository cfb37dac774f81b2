"""A request that is answered before its body came is no hindrance to the next on its connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from gateway.connection import Connection, ConnectionLimits
from gateway.problem import Problem
from gateway.server import HttpServer

_HEAD: Final = b"POST /refused HTTP/1.1\r\nHost: g\r\nContent-Length: 4\r\n\r\n"
_BODY: Final = b"body"
_SECONDS: Final = 20.0


def _refuse(problem: Problem) -> web.Response:
    return web.Response(status=problem.status)


def _connect(server: HttpServer) -> Connection:
    return Connection(
        server,
        refuse_unreadable=_refuse,
        limits=ConnectionLimits(
            head_seconds=_SECONDS, write_seconds=_SECONDS, max_seconds=60, max_requests=100
        ),
        lingering_time=_SECONDS,
        access_log=None,
    )


@asynccontextmanager
async def _served(server: HttpServer) -> AsyncIterator[int]:
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_request_that_comes_with_the_unread_body_of_the_one_before_is_answered() -> None:
    arrived = asyncio.Event()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        arrived.set()
        # Does not read the body, and answers when it and what follows it are there.
        await request.content.wait_eof()
        return web.Response(status=405)

    async with _served(HttpServer(handler, _connect)) as port, asyncio.timeout(_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_HEAD)
        await arrived.wait()
        writer.write(_BODY + (_HEAD + _BODY) * 3)
        for _ in range(4):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 405 ")
            assert b"Content-Length: 0\r\n" in head
        writer.close()
        await writer.wait_closed()
