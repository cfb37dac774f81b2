"""`grpc.health.v1.Health`, fed by whoever watches what the service depends on.

Not grpcio-health-checking's own servicer: that one writes to a watcher while it holds the lock
that a change of status needs, so one client that stops reading would freeze the status for all,
and its watchers outlive the shutdown until the grace period is over.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from core.middleware.call import Context
from core.middleware.errors import StatusError

_Status = health_pb2.HealthCheckResponse.ServingStatus

LIVENESS: Final = "liveness"
"""Asked by who would restart a process that does not answer: SERVING as long as it answers at all.

A dependency that is away makes the server NOT_SERVING, and no restart would bring it back.
"""


class HealthServicer(health_pb2_grpc.HealthServicer):
    """Answers for the server (`""`) and each service; they all stand and fall together.

    Beside them stands the detail: `dependency.NAME` for each thing that the service leans on,
    most of which it can do without for a while, and `liveness`.

    NOT_SERVING until it is told otherwise. All methods belong to the server's event loop.
    """

    def __init__(self, services: Iterable[str]) -> None:
        """Take the full names of the services."""
        self._names = frozenset({"", *services})
        self._dependencies: dict[str, bool] = {LIVENESS: True}
        self._is_serving = False
        self._is_closing = False
        self._changed = asyncio.Event()

    def set_serving(self, is_serving: bool, /) -> None:  # noqa: FBT001 - a listener of one fact
        """Take over what was found out about the dependencies; ignored once shutting down."""
        if not self._is_closing and is_serving != self._is_serving:
            self._is_serving = is_serving
            self._wake_watchers()

    def set_dependency(self, name: str, is_up: bool, /) -> None:  # noqa: FBT001 - as above
        """Take over the state of one dependency; it is asked for as `dependency.NAME`."""
        name = f"dependency.{name}"
        if self._dependencies.get(name) is not is_up:
            self._dependencies[name] = is_up
            self._wake_watchers()

    def shut_down(self) -> None:
        """Answer NOT_SERVING from now on, tell it every watcher, and let them go."""
        self._is_serving = False
        self._is_closing = True
        self._wake_watchers()

    async def Check(  # noqa: N802 - the protocol's name
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        """Answer the present status.

        Raises:
            StatusError: NOT_FOUND, for a service that is not served here.
        """
        del context
        if request.service not in self._names and request.service not in self._dependencies:
            raise StatusError(grpc.StatusCode.NOT_FOUND, "unknown service")
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    async def List(  # noqa: N802 - the protocol's name
        self, request: health_pb2.HealthListRequest, context: Context
    ) -> health_pb2.HealthListResponse:
        """Answer the present status of every service."""
        del request, context
        return health_pb2.HealthListResponse(
            statuses={
                name: health_pb2.HealthCheckResponse(status=self._status(name))
                for name in (*self._names, *self._dependencies)
            }
        )

    async def Watch(  # noqa: N802 - the protocol's name
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """Answer the present status, and each new one until shutdown."""
        del context
        told: _Status | None = None
        while True:
            changed = self._changed
            status = self._status(request.service)
            if status != told:
                yield health_pb2.HealthCheckResponse(status=status)
                told = status
            elif self._is_closing:
                return
            else:
                await changed.wait()

    def _status(self, service: str) -> _Status:
        if service in self._names:
            is_well = self._is_serving
        elif service in self._dependencies:
            is_well = self._dependencies[service]
        else:
            return health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        if is_well:
            return health_pb2.HealthCheckResponse.SERVING
        return health_pb2.HealthCheckResponse.NOT_SERVING

    def _wake_watchers(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
