"""A client of `grpc.health.v1.Health/Watch`, and ways to take a server away and give it back."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from grpc_health.v1 import health_pb2

from devstack.stack import Stack
from tests.e2e.grpc_door import Stubs


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Hears every change of one service's status."""

    stream: Any

    async def until(self, status: int, *, seconds: float) -> None:
        """Return once this status is announced, within so many seconds."""
        async with asyncio.timeout(seconds):
            while (await self.stream.read()).status != status:
                pass


def watch(stubs: Stubs, service: str = "") -> Watch:
    """Begin to watch a service; `""` is the server as a whole."""
    return Watch(stream=stubs.health.Watch(health_pb2.HealthCheckRequest(service=service)))


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A way to lose a server, and to get it back."""

    lose: Callable[[Stack], object]
    give_back: Callable[[Stack], object] = Stack.start


POSTGRES_LOSSES: Final[Mapping[str, Loss]] = {
    "stopped": Loss(lose=lambda stack: stack.postgres.stop()),
    "crashed": Loss(lose=lambda stack: stack.postgres.kill()),
    "paused": Loss(
        lose=lambda stack: stack.postgres.pause(), give_back=lambda stack: stack.postgres.resume()
    ),
}

VAULT_LOSSES: Final[Mapping[str, Loss]] = {
    "stopped": Loss(lose=lambda stack: stack.openbao.stop()),
    "sealed": Loss(lose=lambda stack: stack.openbao.client().sys.seal()),
    "paused": Loss(
        lose=lambda stack: stack.openbao.pause(), give_back=lambda stack: stack.openbao.resume()
    ),
}
