"""Everything that the core listens on for gRPC: the port, the socket, the port of probes."""

import asyncio
import os
from collections.abc import Container
from functools import partial
from typing import Final

import structlog

from core.bootstrap.foundation import Foundation
from core.bootstrap.startup import Startup
from core.config.core_settings import CoreSettings
from core.middleware.pipeline import Pipeline
from core.observability.certificate_gauges import watch_certificate
from core.transport import server as grpc_server
from core.transport.certificates import CertificateFiles, CertificateSource
from core.transport.health import HealthServicer
from core.transport.listening import GrpcServer, listen, listen_on_socket, stop_accepting

_SETTLING_SECONDS: Final = 0.1
"""For those who had just come: their connection becomes one that is told where to go."""

_log = structlog.get_logger(__name__)


async def start_listening(
    startup: Startup,
    foundation: Foundation,
    server: GrpcServer,
    pipeline: Pipeline,
    health: HealthServicer,
) -> None:
    """Bind and start the server, and beside it the one for probes, if there is to be one.

    Raises:
        PortUnavailable: something cannot be listened on.
        CertificateRefused: the certificate cannot be used.
    """
    settings = foundation.settings.core
    port = _bind_ports(foundation, server) if settings.tcp else None
    if settings.socket is not None and foundation.worker is None:
        listen_on_socket(server, settings.socket)
        await server.start()
    elif settings.socket is not None:
        # The worker before this one still has the socket: it changes hands when we answer.
        own = settings.socket.with_name(f"{settings.socket.name}.{os.getpid()}")
        listen_on_socket(server, own)
        await server.start()
        own.replace(settings.socket)
    else:
        await server.start()
    grace = settings.shutdown_grace_seconds
    startup.on_end(lambda: grpc_server.stop(server, health, grace_seconds=grace))
    if foundation.worker is not None:
        # Others listen on the same ports: whoever is sent away is to come to them.
        startup.on_end(partial(_turn_to_others, {settings.port, settings.worker_port}))
    _log.info(
        "listening",
        host=settings.host,
        port=port,
        tls=settings.tls_certificate_file is not None,
        client_certificates=settings.tls_client_ca_file is not None,
        socket=settings.socket is not None,
    )
    if settings.health_port is not None:
        probes = grpc_server.build_health_server(pipeline, health, settings)
        listen(probes, host=settings.metrics_host, port=settings.health_port)
        await probes.start()
        startup.on_end(lambda: grpc_server.stop(probes, health, grace_seconds=0))


async def _turn_to_others(ports: Container[int | None]) -> None:
    stop_accepting(ports)
    await asyncio.sleep(_SETTLING_SECONDS)


def _bind_ports(foundation: Foundation, server: GrpcServer) -> int:
    settings = foundation.settings.core
    files = certificate_files(settings)
    certificates = None
    if files is not None:
        certificates = CertificateSource(files, foundation.clock.now)
        watch_certificate(foundation.live, certificates, use="core")
    if settings.worker_port is not None:
        listen(server, host=settings.host, port=settings.worker_port, certificates=certificates)
    return listen(server, host=settings.host, port=settings.port, certificates=certificates)


def certificate_files(settings: CoreSettings) -> CertificateFiles | None:
    """Return where the port's certificate lies; None where it speaks no TLS."""
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    return CertificateFiles(
        certificate=settings.tls_certificate_file,
        key=settings.tls_key_file,
        client_ca=settings.tls_client_ca_file,
    )
