"""A new version takes over the port while clients go on, and no request is lost."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import pytest
import pytest_asyncio

from devstack.ports import free_port
from tests.integration.gateway_core import Core, serve_core
from tests.integration.gateway_process import BASE, GatewayProcess, gateway_process
from tests.integration.gateway_stage import Answer

GET: Final = b"GET /v1/users/x HTTP/1.1\r\nHost: g\r\n\r\n"
CLIENTS: Final = 8
ENOUGH: Final = 200
"""Answers before and after the handover."""


@dataclass(slots=True)
class Load:
    """Clients that send one request after another; what goes wrong is noted."""

    port: int
    keeps_alive: bool
    answered: int = 0
    connections: int = 0
    failures: list[str] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send until it is enough; a connection that says it ends is followed by another."""
        while not self.enough.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError as error:
                self.failures.append(repr(error))
                return
            self.connections += 1
            try:
                while not self.enough.is_set():
                    writer.write(GET)
                    answer = await Answer.read(reader)
                    if answer.status != 200:
                        self.failures.append(f"status {answer.status}")
                    self.answered += 1
                    if answer.headers.get("connection") == "close" or not self.keeps_alive:
                        break
            except (OSError, EOFError) as error:
                self.failures.append(repr(error))
                return
            finally:
                writer.close()

    async def until_more(self) -> None:
        """Wait for so many more answers."""
        goal = self.answered + ENOUGH
        while self.answered < goal and not self.failures:  # noqa: ASYNC110 - only counting tells
            await asyncio.sleep(0.01)

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Send until the block ends, or until it is enough."""
        clients = [asyncio.create_task(self.run()) for _ in range(CLIENTS)]
        watching = asyncio.create_task(self._watch(clients))
        try:
            yield
        finally:
            self.enough.set()
            await watching

    async def _watch(self, clients: list["asyncio.Task[None]"]) -> None:
        await asyncio.gather(*clients, return_exceptions=True)
        self.ended.set()


@pytest_asyncio.fixture
async def core_port() -> AsyncIterator[int]:
    server, port, _ = await serve_core(Core())
    yield port
    await server.stop(None)


def _settings(core_port: int, port: int, **further: str) -> dict[str, str]:
    return {
        **BASE,
        "GATEWAY_PORT": str(port),
        "PANDORA_GATEWAY__CORE_ADDRESS": f"127.0.0.1:{core_port}",
        "PANDORA_GATEWAY__DOCUMENTATION": "off",
        **{f"PANDORA_GATEWAY__{name}": value for name, value in further.items()},
    }


async def _until_refused(port: int) -> None:
    with suppress(ConnectionRefusedError):
        while True:
            # Reset: it was waiting to be accepted when the port was closed.
            with suppress(ConnectionResetError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()


async def _take_over(load: Load, settings: dict[str, str], given: socket.socket | None) -> None:
    """Replace one process by another under load."""

    def start() -> AbstractAsyncContextManager[GatewayProcess]:
        return gateway_process(settings, given=given)

    async with start() as old:
        await old.line("listening")
        async with load.flowing():
            await load.until_more()
            async with start() as new:
                await new.line("listening")
                old.terminate()
                await old.line("stopped")
                assert await old.exit_code() == 0
                await load.until_more()
                load.enough.set()
                await load.ended.wait()
                new.terminate()
                await new.line("stopped")
    assert load.failures == []
    assert min(old.requests, new.requests) >= ENOUGH


@pytest.mark.parametrize("keeps_alive", [True, False], ids=["kept alive", "new each time"])
async def test_a_socket_that_is_handed_over_loses_no_connection(
    core_port: int,
    keeps_alive: bool,  # noqa: FBT001 - a case
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as given:
        load = Load(given.getsockname()[1], keeps_alive=keeps_alive)
        await _take_over(load, _settings(core_port, 0), given)


async def test_connections_wait_in_a_handed_over_socket_while_nobody_accepts(
    core_port: int,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as given:
        settings = _settings(core_port, 0)
        reader, writer = await asyncio.open_connection(*given.getsockname())
        writer.write(GET)
        async with gateway_process(settings, given=given):
            assert (await Answer.read(reader)).status == 200
        writer.close()


async def test_clients_that_keep_their_connections_lose_nothing_with_a_shared_port(
    core_port: int,
) -> None:
    load = Load(free_port(), keeps_alive=True)
    await _take_over(load, _settings(core_port, load.port, REUSE_PORT="true"), None)
    # Each was told once to come back elsewhere.
    assert load.connections == 2 * CLIENTS


async def test_readiness_ends_before_anything_else_does(core_port: int) -> None:
    settings = _settings(core_port, 0, DRAIN_DELAY_SECONDS="0.5")
    async with gateway_process(settings) as process:
        port = (await process.line("listening"))["port"]
        process.terminate()
        assert (await process.line("draining"))["delay_seconds"] == 0.5
        # A newcomer is still served; only the question for readiness is answered differently.
        for target, status in (("readyz", 503), ("healthz", 200), ("v1/users/x", 200)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET /{target} HTTP/1.1\r\nHost: g\r\n\r\n".encode())
            answer = await Answer.read(reader)
            assert answer.status == status
            writer.close()
        await process.line("stopped")
        assert await process.exit_code() == 0


async def test_a_body_that_is_on_its_way_is_still_read_while_the_gateway_drains(
    core_port: int,
) -> None:
    async with gateway_process(_settings(core_port, 0)) as process:
        port = (await process.line("listening"))["port"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST /v1/users/x:restore HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
        writer.write(head + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        process.terminate()
        await process.line("draining")
        await _until_refused(port)
        writer.write(b"{}")
        answer = await Answer.read(reader)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        writer.close()
        await process.line("stopped")
        assert await process.exit_code() == 0
