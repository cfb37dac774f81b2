"""A gateway in front of a gRPC server that plays the core; both real, both on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import grpc
from grpc_health.v1._async import HealthServicer
from opentelemetry.sdk.trace import TracerProvider
from structlog.testing import CapturingLogger

from gateway.app import Gateway
from gateway.config import load
from gateway.contract import load_services
from tests.integration.gateway_core import Core, serve_core
from tests.unit.gateway import things_service

PATIENCE_SECONDS: Final = 20.0
LIMIT_SECONDS: Final = 0.3
"""Short limits, so that tests of them are quick; nothing else in the tests takes as long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    async def read(cls, reader: asyncio.StreamReader, *, head_only: bool = False) -> Self:
        """Read one answer; raises asyncio.IncompleteReadError where the connection ends."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = b""
        if not head_only and headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readexactly(2)
        elif not head_only:
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        return cls(int(first.split()[1]), headers, body)

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """The body as NDJSON."""
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass(slots=True, kw_only=True)
class Stage:
    """A running gateway, and the core behind it."""

    gateway: Gateway
    core: Core
    server: grpc.aio.Server
    core_port: int
    health: HealthServicer
    log: CapturingLogger

    async def send(self, raw: bytes, *, head_only: bool = False) -> Answer:
        """Send bytes over a connection of their own, and read one answer."""
        async with self.connection() as (reader, writer):
            writer.write(raw)
            return await Answer.read(reader, head_only=head_only)

    async def request(
        self,
        method: str,
        target: str,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a well-formed request; a body is JSON unless the headers say otherwise."""
        data = body if isinstance(body, bytes) else body.encode()
        given = {"Host": "gateway", **(headers or {})}
        if data:
            given = {"Content-Type": "application/json", "Content-Length": f"{len(data)}", **given}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        head = f"{method} {target} HTTP/1.1\r\n{lines}\r\n"
        return await self.send(head.encode() + data, head_only=method == "HEAD")

    @asynccontextmanager
    async def connection(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A raw connection to the gateway, within the test's patience."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.gateway.port)
            try:
                yield reader, writer
            finally:
                writer.close()

    def lines(self, event: str = "request") -> list[dict[str, Any]]:
        """What the gateway has logged."""
        return [
            {**call.kwargs, "level": call.method_name}
            for call in self.log.calls
            if call.args == (event,)
        ]


@asynccontextmanager
async def open_stage(
    settings: Mapping[str, str] | None = None,
    *,
    provider: TracerProvider | None = None,
    otlp_endpoint: str = "",
) -> AsyncIterator[Stage]:
    """Start core and gateway; settings are the gateway's, without their prefix."""
    core = Core()
    server, core_port, servicer = await serve_core(core)
    environ = {
        "APP_ENV": "dev",
        "GATEWAY_PORT": "0",
        "PANDORA_GATEWAY__METRICS_PORT": "0",
        # Describing all services takes longer than most of the tests.
        "PANDORA_GATEWAY__DOCUMENTATION": "off",
        "PANDORA_TELEMETRY__OTLP_ENDPOINT": otlp_endpoint,
        "PANDORA_GATEWAY__CORE_ADDRESS": f"127.0.0.1:{core_port}",
        **{f"PANDORA_GATEWAY__{name}": value for name, value in (settings or {}).items()},
    }
    log = CapturingLogger()
    services = [*load_services(), things_service.service()]
    gateway = Gateway(load(environ), services, log, provider)
    await gateway.start()
    stage = Stage(
        gateway=gateway,
        core=core,
        server=server,
        core_port=core_port,
        health=servicer,
        log=log,
    )
    try:
        yield stage
    finally:
        core.release.set()
        await gateway.stop()
        await stage.server.stop(None)
