"""OpenTelemetry set-up: spans leave by OTLP where an endpoint is configured."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import aio_client_interceptors
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

_SERVICE: Final = "pandora-gateway"


def tracer_provider(
    otlp_endpoint: str | None,
    sampling_ratio: float,
    environment: str,
    otlp_ca_file: Path | None = None,
) -> TracerProvider:
    """Make the source of spans; with an endpoint a thread exports them until `shutdown`.

    A file of certificates vouches for an https endpoint in the place of gRPC's own; OSError where
    it cannot be read. Without an endpoint nothing is sampled; trace ids are made and passed on all
    the same.
    """
    resource = Resource({SERVICE_NAME: _SERVICE, "deployment.environment.name": environment})
    if otlp_endpoint is None:
        return TracerProvider(sampler=ALWAYS_OFF, resource=resource, shutdown_on_exit=False)
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(sampling_ratio)),
        resource=resource,
        shutdown_on_exit=False,
    )
    insecure = otlp_endpoint.startswith("http://")
    roots = None if insecure or otlp_ca_file is None else otlp_ca_file.read_bytes()
    exporter = OTLPSpanExporter(
        otlp_endpoint,
        insecure=insecure,
        credentials=None if insecure else grpc.ssl_channel_credentials(roots),
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def call_interceptors(
    otlp_endpoint: str | None, provider: TracerProvider
) -> Sequence[grpc.aio.ClientInterceptor]:
    """Client spans around the calls of the core; none where nobody would see them.

    The trace goes on without them: the server span's context is in the call's metadata already.
    """
    if otlp_endpoint is None:
        return []
    interceptors: Sequence[grpc.aio.ClientInterceptor] = aio_client_interceptors(  # type: ignore[no-untyped-call]
        tracer_provider=provider
    )
    return interceptors


async def shut_down(provider: TracerProvider, timeout_seconds: float) -> None:
    """Export what is left, for as long as that may take; an endpoint that hangs is left behind."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def export() -> None:
        provider.shutdown()
        loop.call_soon_threadsafe(done.set)

    # A daemon, so that it cannot hold the process back; the loop's executor would be waited for.
    threading.Thread(target=export, name="span-export", daemon=True).start()
    try:
        async with asyncio.timeout(timeout_seconds):
            await done.wait()
    except TimeoutError:
        return
