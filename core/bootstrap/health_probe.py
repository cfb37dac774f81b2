"""Asks a process of this machine whether it is well, for a container's health check.

It connects to nothing else and reads no secret, so it says nothing about Vault or the database
but what the process itself says.
"""

from http.client import HTTPConnection, HTTPException
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from core.config.settings import Settings
from core.config.worker_places import sockets

TIMEOUT_SECONDS: Final = 3.0
_OK: Final = 200
_ANY: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


def is_serving(settings: Settings) -> bool:
    """Tell whether the gRPC server answers SERVING: by its socket, its health port, or its port.

    Of several workers one is enough: none says so before all of them do, and one that is lost later
    is replaced by their supervisor, which nobody needs to start anew for that.
    """
    return any(_says_serving(target) for target in _targets(settings))


def _says_serving(target: str) -> bool:
    with grpc.insecure_channel(target, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def tells_metrics(settings: Settings, port: int) -> bool:
    """Tell whether a background process answers on its metrics port."""
    connection = HTTPConnection(
        _reachable(settings.core.metrics_host), port, timeout=TIMEOUT_SECONDS
    )
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().status == _OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _targets(settings: Settings) -> list[str]:
    core = settings.core
    if core.socket is not None:
        return [f"unix:{socket.absolute()}" for socket in sockets(core)]
    if core.health_port is not None:
        return [f"{_reachable(core.metrics_host)}:{core.health_port}"]
    return [f"{_reachable(core.host)}:{core.port}"]


def _reachable(host: str) -> str:
    """Return where a server that listens on `host` is reached from its own machine."""
    if host in _ANY:
        return "127.0.0.1" if "." in host else "[::1]"
    return f"[{host}]" if ":" in host else host
