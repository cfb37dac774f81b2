"""Whether the gateway lives, and whether it is of use."""

from collections.abc import Mapping

import grpc
from aiohttp import web
from grpc_health.v1 import health_pb2

from gateway.channel import CoreChannels
from gateway.exchange import Exchange
from gateway.problem import refuse

_METHOD = "/grpc.health.v1.Health/Check"
_TIMEOUT_SECONDS = 1.0


async def alive(exchange: Exchange, variables: Mapping[str, str]) -> web.StreamResponse:
    """GET /healthz: the process answers; see Endpoint."""
    del variables
    return _answer(exchange, b'{"status":"alive"}')


class Readiness:
    """GET /readyz: the core serves, and this process is not about to end."""

    def __init__(self, channels: CoreChannels) -> None:
        """Take the way to the core."""
        self._check = channels.unary(
            _METHOD, health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
        )
        self.draining = False

    async def __call__(
        self, exchange: Exchange, variables: Mapping[str, str]
    ) -> web.StreamResponse:
        """Ask the core; see Endpoint. Raises ProblemError (DEPENDENCY_UNAVAILABLE)."""
        del variables
        if self.draining:
            raise refuse("DEPENDENCY_UNAVAILABLE", "This process is about to end.")
        if not await self._core_serves():
            raise refuse("DEPENDENCY_UNAVAILABLE", "The core is not serving.")
        return _answer(exchange, b'{"status":"ready"}')

    async def _core_serves(self) -> bool:
        try:
            reply = await self._check(
                health_pb2.HealthCheckRequest(), metadata=(), timeout_seconds=_TIMEOUT_SECONDS
            )
        except grpc.aio.AioRpcError:
            return False
        return (
            isinstance(reply.message, health_pb2.HealthCheckResponse)
            and reply.message.status == health_pb2.HealthCheckResponse.SERVING
        )


def _answer(exchange: Exchange, body: bytes) -> web.Response:
    return web.Response(
        body=body, headers={**exchange.answer_headers, "Content-Type": "application/json"}
    )
