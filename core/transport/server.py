"""The gRPC server: built here, started and stopped by whoever runs the process."""

from collections.abc import Callable, Sequence

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from core.config.core_settings import CoreSettings
from core.domain.access_token import PublicKey
from core.middleware.pipeline import Pipeline
from core.service.use_cases import UseCases
from core.transport.health import HealthServicer
from core.transport.library_log import keep_headers_out_of_the_log
from core.transport.mapping.enums import check_enums
from core.transport.reflection import enable_reflection
from core.transport.services import SERVICES, add_servicers

_KEEPALIVE_MS = 120_000
_KEEPALIVE_TIMEOUT_MS = 20_000
_LEAST_PING_INTERVAL_MS = 10_000
_CALLS_PER_CONNECTION = 1_000


def build_health() -> HealthServicer:
    """Return the health service of this server; NOT_SERVING until it is told otherwise."""
    return HealthServicer(service.full_name for service in SERVICES)


def build_server(
    *,
    use_cases: UseCases,
    public_keys: Callable[[], Sequence[PublicKey]],
    pipeline: Pipeline,
    health: HealthServicer,
    settings: CoreSettings,
    reuse_port: bool = False,
) -> grpc.aio.Server:
    """Build a server that is not started and does not listen yet.

    With `reuse_port` several processes share one port (SO_REUSEPORT); without it a second one is
    refused the port, which is what a mistake deserves.

    Raises:
        EnumMismatch: contract and domain do not know the same values of an enum.
    """
    check_enums()
    keep_headers_out_of_the_log()
    server = grpc.aio.server(
        interceptors=(pipeline,), options=_options(settings, reuse_port=reuse_port)
    )
    add_servicers(server, use_cases, public_keys)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)  # type: ignore[no-untyped-call]
    if settings.reflection:
        names = [service.full_name for service in SERVICES]
        health_name = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
        enable_reflection(server, (*names, health_name))
    return server


def build_health_server(
    pipeline: Pipeline, health: HealthServicer, settings: CoreSettings
) -> grpc.aio.Server:
    """Build a server of grpc.health.v1 alone, for probes that speak no TLS. It holds no data."""
    options = _options(settings, reuse_port=settings.reuse_port)
    server = grpc.aio.server(interceptors=(pipeline,), options=options)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)  # type: ignore[no-untyped-call]
    return server


async def stop(server: grpc.aio.Server, health: HealthServicer, *, grace_seconds: float) -> None:
    """Say NOT_SERVING, take no new call, and give those under way their grace."""
    health.shut_down()
    await server.stop(grace_seconds)


def _options(settings: CoreSettings, *, reuse_port: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        # A page of 1,000 rows may be larger than any request.
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", int(reuse_port)),
        ("grpc.max_concurrent_streams", _CALLS_PER_CONNECTION),
        # Pings find dead peers, and keep middleboxes from forgetting a quiet connection.
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _LEAST_PING_INTERVAL_MS),
    ]
