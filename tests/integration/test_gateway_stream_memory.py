"""A stream costs the gateway the same memory however long it is and however slowly it is read."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import pytest
import pytest_asyncio

from tests.integration.gateway_core import SIZES, Core, serve_core
from tests.integration.gateway_process import BASE, GatewayProcess, gateway_process
from tests.integration.gateway_stage import PATIENCE_SECONDS

MEBIBYTE: Final = 1024 * 1024
LINES: Final = 5000
MOST_GROWTH_MEBIBYTES: Final = 32
"""A tenth of what the stream holds."""
MOST_AHEAD_MEBIBYTES: Final = 24
"""What socket buffers and HTTP/2 windows hold between the core's hand and the client's."""
BOUND_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A gateway's process, and the core that it streams from."""

    core: Core
    process: GatewayProcess
    port: int

    async def begin(self, headers: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Ask for the stream, and read until its first byte."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        target = f"/v1/things:export?count={LINES}&labels=huge"
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: g\r\nConnection: close\r\n{headers}\r\n".encode()
        )
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        return reader, writer


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    core = Core()
    server, core_port, _ = await serve_core(core)
    settings = BASE | {
        "PANDORA_GATEWAY__CORE_ADDRESS": f"127.0.0.1:{core_port}",
        "PANDORA_GATEWAY__DOCUMENTATION": "off",
    }
    async with gateway_process(settings, program="tests.integration.things_gateway") as process:
        port = (await process.line("listening"))["port"]
        yield Scene(core, process, port)
    await server.stop(None)


@pytest.mark.parametrize("headers", ["", "Accept-Encoding: gzip\r\n"], ids=["plain", "gzip"])
async def test_a_long_stream_takes_no_more_memory_than_a_short_one(
    scene: Scene, headers: str
) -> None:
    before = scene.process.memory_mebibytes()
    reader, writer = await scene.begin(headers)
    read = 0
    while chunk := await reader.read(65_536):
        read += len(chunk)
    writer.close()
    assert scene.core.produced == LINES
    if not headers:
        assert read > LINES * SIZES["huge"]
    assert scene.process.memory_mebibytes(most=True) - before < MOST_GROWTH_MEBIBYTES


async def test_the_core_is_never_far_ahead_of_a_client_that_reads_slowly(scene: Scene) -> None:
    before = scene.process.memory_mebibytes()
    reader, writer = await scene.begin()
    read = 0
    for _ in range(100):
        read += len(await reader.readexactly(128 * 1024))
        await asyncio.sleep(0.005)
        ahead = scene.core.produced * SIZES["huge"] - read
        assert ahead < MOST_AHEAD_MEBIBYTES * MEBIBYTE
    assert scene.process.memory_mebibytes(most=True) - before < MOST_GROWTH_MEBIBYTES
    writer.transport.abort()
    await asyncio.wait_for(scene.core.ended.wait(), PATIENCE_SECONDS)


async def test_a_client_that_leaves_a_stream_that_has_come_to_a_stop_ends_it(
    scene: Scene,
) -> None:
    reader, writer = await scene.begin()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    produced = -1
    while produced != scene.core.produced:
        produced = scene.core.produced
        await asyncio.sleep(0.1)
    assert 0 < produced < LINES
    assert not reader.at_eof()
    writer.transport.abort()
    await asyncio.wait_for(scene.core.ended.wait(), BOUND_SECONDS)
