"""`python -m gateway` as a process: how it starts, refuses to start, and ends."""

import asyncio
import socket

import pytest
from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.http_parser import HttpRequestParserPy

from tests.integration.gateway_core import Core, serve_core
from tests.integration.gateway_process import BASE, gateway_process
from tests.integration.gateway_stage import Answer


@pytest.mark.asyncio
async def test_sigterm_lets_a_request_in_flight_end_and_exits_with_0() -> None:
    core = Core()
    server, port, _ = await serve_core(core)
    settings = {**BASE, "PANDORA_GATEWAY__CORE_ADDRESS": f"127.0.0.1:{port}"}
    async with gateway_process(settings) as process:
        listening = await process.line("listening")
        reader, writer = await asyncio.open_connection("127.0.0.1", listening["port"])
        writer.write(b"GET /v1/users/hanging HTTP/1.1\r\nHost: g\r\n\r\n")
        await core.entered.wait()
        process.terminate()
        await process.line("draining")
        core.release.set()
        assert (await Answer.read(reader)).status == 200
        await process.line("stopped")
        assert await process.exit_code() == 0
        writer.close()
    await server.stop(None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"APP_ENV": "production"}, 2, "gateway: APP_ENV must be one of dev, sandbox, audit, prod"),
        ({"APP_ENV": ""}, 2, "gateway: APP_ENV must be one of dev, sandbox, audit, prod"),
        ({"GATEWAY_PORT": "x"}, 2, "gateway: GATEWAY_PORT must be a whole number from 0 to 65535"),
        ({"AIOHTTP_NO_EXTENSIONS": "1"}, 1, "gateway: cannot start: aiohttp is installed without"),
        ({"PANDORA_GATEWAY__HOST": "192.0.2.1"}, 1, "gateway: cannot start: "),
    ],
)
async def test_a_start_that_cannot_be_says_so_in_one_line(
    settings: dict[str, str], code: int, words: str
) -> None:
    async with gateway_process({**BASE, **settings}) as process:
        stderr = await process.errors()
        assert await process.exit_code() == code
        assert stderr.startswith(words)
        assert stderr.count("\n") == 1


@pytest.mark.asyncio
async def test_a_port_that_is_taken_stops_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with gateway_process({**BASE, "GATEWAY_PORT": str(port)}) as process:
            stderr = await process.errors()
            assert await process.exit_code() == 1
            assert str(port) in stderr
            assert stderr.count("\n") == 1


@pytest.mark.asyncio
async def test_an_idle_gateway_is_small() -> None:
    async with gateway_process(BASE) as process:
        await process.line("listening")
        assert process.memory_mebibytes() < 90


def test_requests_are_read_by_the_parser_written_in_c() -> None:
    assert HttpRequestParser.__module__ == "aiohttp._http_parser"
    assert HttpRequestParser is not HttpRequestParserPy
    assert RawRequestMessage.__module__ == "aiohttp._http_parser"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("count", "listens", "words"),
    [
        ("2", True, "gateway: LISTEN_FDS must be 1"),
        ("1", False, "gateway: LISTEN_FDS: descriptor 3 is no listening socket"),
    ],
)
async def test_a_socket_that_cannot_be_served_stops_the_start(
    count: str,
    listens: bool,  # noqa: FBT001 - a case
    words: str,
) -> None:
    with socket.socket() as given:
        if listens:
            given.bind(("127.0.0.1", 0))
            given.listen()
        async with gateway_process(BASE, given=given, count=count) as process:
            stderr = await process.errors()
            assert await process.exit_code() == 2
            assert stderr.startswith(words)
            assert stderr.count("\n") == 1
