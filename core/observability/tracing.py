"""OpenTelemetry traces: sampled at the root, exported by OTLP where an endpoint is set."""

import asyncio
import threading
from dataclasses import dataclass
from pathlib import Path

import grpc
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

_EXPORT_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingOptions:
    """What traces say about this process, and which are kept.

    `sampling_ratio` is the share of traces kept that begin here; a caller's decision is followed.
    """

    service_name: str
    service_version: str
    environment: str
    sampling_ratio: float
    otlp_endpoint: str | None
    otlp_ca_file: Path | None = None


class Tracing:
    """The tracing of this process. Close it after everything that makes spans."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    @property
    def provider(self) -> TracerProvider:
        """What every tracer of this process comes from."""
        return self._provider

    def tracer(self, name: str) -> trace.Tracer:
        """Return the tracer of one room of the house."""
        return self._provider.get_tracer(name)

    async def close(self, timeout_seconds: float = 5.0) -> bool:
        """Send what waits; give up after the timeout, and tell whether all was sent in time."""
        # A daemon thread: a collector that does not answer must not hold up the exit.
        thread = threading.Thread(target=self._provider.shutdown, name="spans", daemon=True)
        thread.start()
        await asyncio.to_thread(thread.join, timeout_seconds)
        return not thread.is_alive()


def start_tracing(options: TracingOptions, *, exporter: SpanExporter | None = None) -> Tracing:
    """Set up tracing. `exporter` takes the place of the one that the endpoint asks for.

    Without an endpoint nothing is exported and so nothing sampled, but every call has its trace id
    all the same.
    """
    target = exporter or _exporter(options.otlp_endpoint, options.otlp_ca_file)
    provider = TracerProvider(
        sampler=ALWAYS_OFF
        if target is None
        else ParentBased(TraceIdRatioBased(options.sampling_ratio)),
        resource=_resource(options),
        shutdown_on_exit=False,
    )
    if target is not None:
        provider.add_span_processor(BatchSpanProcessor(target))
    return Tracing(provider)


def _exporter(endpoint: str | None, ca_file: Path | None) -> SpanExporter | None:
    if endpoint is None:
        return None
    insecure = endpoint.startswith("http://")
    roots = None if insecure or ca_file is None else ca_file.read_bytes()
    return OTLPSpanExporter(
        endpoint=endpoint,
        insecure=insecure,
        credentials=None if insecure else grpc.ssl_channel_credentials(roots),
        timeout=_EXPORT_TIMEOUT_SECONDS,
    )


def _resource(options: TracingOptions) -> Resource:
    # Not Resource.create: that reads attributes from the environment, and settings come from one
    # place only.
    return Resource(
        {
            "service.name": options.service_name,
            "service.version": options.service_version,
            "deployment.environment.name": options.environment,
        }
    )
