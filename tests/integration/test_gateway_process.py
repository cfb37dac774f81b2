"""`python -m gateway` as a process: how it starts, refuses to start, and ends."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.integration.gateway_core import Core, serve_core
from tests.integration.gateway_stage import PATIENCE_SECONDS, Answer

BASE = {"APP_ENV": "dev", "GATEWAY_PORT": "0", "PANDORA_GATEWAY__METRICS_PORT": "0"}


@asynccontextmanager
async def _process(settings: Mapping[str, str]) -> AsyncIterator[Process]:
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PANDORA_", "GATEWAY_", "APP_ENV"))
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway"), env={**environ, **settings}, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _line(process: Process, event: str) -> dict[str, Any]:
    assert process.stdout is not None
    while raw := await process.stdout.readline():
        line: dict[str, Any] = json.loads(raw)
        if line["event"] == event:
            return line
    assert process.stderr is not None
    raise AssertionError((await process.stderr.read()).decode())


@pytest.mark.asyncio
async def test_sigterm_lets_a_request_in_flight_end_and_exits_with_0() -> None:
    core = Core()
    server, port, _ = await serve_core(core)
    settings = {**BASE, "PANDORA_GATEWAY__CORE_ADDRESS": f"127.0.0.1:{port}"}
    async with _process(settings) as process:
        listening = await _line(process, "listening")
        reader, writer = await asyncio.open_connection("127.0.0.1", listening["port"])
        writer.write(b"GET /v1/users/hanging HTTP/1.1\r\nHost: g\r\n\r\n")
        await core.entered.wait()
        process.send_signal(signal.SIGTERM)
        await _line(process, "draining")
        core.release.set()
        assert (await Answer.read(reader)).status == 200
        await _line(process, "stopped")
        assert await process.wait() == 0
        writer.close()
    await server.stop(None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"APP_ENV": "production"}, 2, "gateway: APP_ENV must be one of dev, sandbox, audit, prod"),
        ({"APP_ENV": ""}, 2, "gateway: APP_ENV must be one of dev, sandbox, audit, prod"),
        ({"GATEWAY_PORT": "x"}, 2, "gateway: GATEWAY_PORT must be a whole number from 0 to 65535"),
        ({"PANDORA_GATEWAY__HOST": "192.0.2.1"}, 1, "gateway: cannot start: "),
    ],
)
async def test_a_start_that_cannot_be_says_so_in_one_line(
    settings: dict[str, str], code: int, words: str
) -> None:
    async with _process({**BASE, **settings}) as process:
        _, stderr = await process.communicate()
        assert process.returncode == code
        assert stderr.decode().startswith(words)
        assert stderr.decode().count("\n") == 1


@pytest.mark.asyncio
async def test_a_port_that_is_taken_stops_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with _process({**BASE, "GATEWAY_PORT": str(port)}) as process:
            _, stderr = await process.communicate()
            assert process.returncode == 1
            assert str(port) in stderr.decode()
            assert stderr.decode().count("\n") == 1
