"""Wiring: settings and services become a gateway that can be started and stopped."""

import asyncio
import random
import socket
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from aiohttp import web
from google.protobuf.descriptor import ServiceDescriptor
from opentelemetry.sdk.trace import TracerProvider

from gateway import documentation, health, listening
from gateway.channel import CoreChannels
from gateway.compression import Compression
from gateway.config import Settings
from gateway.connection import Connection, ConnectionLimits
from gateway.contract import rpcs_of
from gateway.dispatch import Dispatcher
from gateway.exchange import Endpoint, Middleware
from gateway.middleware.access_log import AccessLog
from gateway.middleware.client_address import ClientAddress
from gateway.middleware.cors import Cors
from gateway.middleware.limits import HeadLimits
from gateway.middleware.measurement import Measurement
from gateway.middleware.problems import problems
from gateway.middleware.request_id import RequestId
from gateway.middleware.security_headers import SecurityHeaders
from gateway.middleware.tracing import Tracing
from gateway.middleware.unreadable import Unreadable
from gateway.observability import tracing
from gateway.observability.certificates import CertificateMetrics
from gateway.observability.logging import Log, where
from gateway.observability.metrics import Metrics
from gateway.path_template import PathTemplate
from gateway.request_message import BodyLimits
from gateway.retrying import Retries
from gateway.routes import Router
from gateway.server import HttpServer
from gateway.tls import FOLLOWING_SECONDS, https, towards_core
from gateway.transcoder import TimeLimits, Transcoder
from supervision.families import told
from supervision.worker import Worker

_MAX_LINE_BYTES: Final = 8190
_MAX_HEADERS: Final = 100
_EXPORT_SECONDS: Final = 2.0
_IDLE_SECONDS: Final = 1.0
_CUT_OFF_SECONDS: Final = 0.1


class Gateway:
    """One gateway process's work, from `start` to `stop`."""

    def __init__(
        self,
        settings: Settings,
        services: Sequence[ServiceDescriptor],
        log: Log,
        provider: TracerProvider | None = None,
    ) -> None:
        """Build all of it; needs a running event loop, but connects nowhere.

        Raises CertificateError for files that cannot be used, and ContractError, TemplateError,
        RouteConflictError or UnsupportedTypeError for a contract that cannot be served.
        """
        self._settings = settings
        self._log = log
        self._is_traced = provider is not None or settings.otlp_endpoint is not None
        self._provider = provider or tracing.tracer_provider(
            settings.otlp_endpoint,
            settings.sampling_ratio,
            settings.environment,
            settings.otlp_ca_file,
        )
        self._https, served = https(settings, log)
        core = towards_core(settings, log)
        self._channels = CoreChannels(
            settings.core_address,
            settings.core_channels,
            partial(tracing.call_interceptors, settings.otlp_endpoint, self._provider),
            tls=core,
            server_name=settings.core_server_name,
        )
        self._metrics = Metrics()
        CertificateMetrics(self._metrics.registry, {"gateway": served, "gateway_client": core})
        self._following: asyncio.Task[None] | None = None
        self._readiness = health.Readiness(self._channels)
        self._documentation = documentation.routes(settings.documentation, services)
        self._security = SecurityHeaders(
            settings.hsts_max_age_seconds, documentation.policies([*self._documentation])
        )
        self._unreadable = Unreadable(log, self._metrics, self._security.headers, _new_id)
        self._dispatcher = Dispatcher(self._routes(services), self._layers())
        self._server = HttpServer(self._dispatcher, self._connect)
        self._public: web.ServerRunner | None = None
        self._private: web.ServerRunner | None = None

    async def start(self, given: socket.socket | None = None, worker: Worker | None = None) -> None:
        """Listen, on the given socket where there is one.

        A worker tells its numbers to its supervisor, and has no port for them. Raises OSError where
        an address cannot be used.
        """
        settings = self._settings
        asyncio.get_running_loop().set_exception_handler(self._on_loop_error)
        if worker is None:
            self._private = web.ServerRunner(web.Server(self._metrics.serve, access_log=None))
            await self._private.setup()
            await web.TCPSite(self._private, settings.metrics_host, settings.metrics_port).start()
        else:
            worker.count_with(partial(told, self._metrics.registry))
        self._public = web.ServerRunner(self._server, shutdown_timeout=_CUT_OFF_SECONDS)
        await self._public.setup()
        await listening.site(
            self._public,
            given=given,
            host=settings.host,
            port=settings.port,
            reuse_port=settings.reuse_port,
            tls=self._https,
        ).start()
        self._following = asyncio.create_task(self._follow_certificates())
        self._log.info(
            "listening",
            port=self.port,
            metrics_port=None if self._private is None else self.metrics_port,
            tls=self._https is not None,
        )

    async def stop(self) -> None:
        """End without losing a request.

        First /readyz says 503, and everything else goes on until whoever spreads the load has
        seen it. Then nobody is accepted any more, and after that each answer ends its connection:
        in this order, so that who comes back cannot come to a socket that is about to close.
        Requests in flight get the drain time-out, and what is left is cut off.
        """
        settings = self._settings
        self._log.info(
            "draining",
            delay_seconds=settings.drain_delay_seconds,
            timeout_seconds=settings.drain_timeout_seconds,
        )
        self._readiness.draining = True
        if self._public is not None:
            await asyncio.sleep(settings.drain_delay_seconds)
            for site in self._public.sites:
                await site.stop()
        drained = await self._server.drain(
            idle_seconds=_IDLE_SECONDS, timeout_seconds=settings.drain_timeout_seconds
        )
        if not drained:
            self._log.warning("drain timed out")
        for runner in (self._public, self._private):
            if runner is not None:
                await runner.cleanup()
        if self._following is not None:
            self._following.cancel()
        await self._channels.close()
        await tracing.shut_down(self._provider, _EXPORT_SECONDS)
        self._log.info("stopped")

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return _port(self._public)

    @property
    def metrics_port(self) -> int:
        """The port that metrics are served on."""
        return _port(self._private)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return self._server.connections_count

    async def _follow_certificates(self) -> None:
        while True:
            await asyncio.sleep(FOLLOWING_SECONDS)
            self._channels.follow()

    def _routes(self, services: Sequence[ServiceDescriptor]) -> Router[Endpoint]:
        settings = self._settings
        transcoder = Transcoder(
            self._channels,
            time_limits=TimeLimits(
                unary_seconds=settings.request_timeout_seconds,
                stream_seconds=settings.stream_timeout_seconds,
                write_seconds=settings.write_timeout_seconds,
            ),
            body_limits=BodyLimits(
                max_bytes=settings.max_body_bytes, timeout_seconds=settings.body_timeout_seconds
            ),
            retries=Retries(limit=settings.core_retries, on_retry=self._metrics.retried),
            compression=Compression(settings.compression_min_bytes),
        )
        router: Router[Endpoint] = Router()
        router.add("GET", PathTemplate.parse("/healthz"), health.alive)
        router.add("GET", PathTemplate.parse("/readyz"), self._readiness)
        for path, endpoint in self._documentation.items():
            router.add("GET", PathTemplate.parse(path), endpoint)
        for rpc in rpcs_of(services):
            for binding in rpc.bindings:
                template = PathTemplate.parse(binding.template)
                router.add(binding.method, template, transcoder.endpoint(rpc, binding, template))
        return router

    def _layers(self) -> list[Middleware]:
        settings = self._settings
        return [
            RequestId(_new_id),
            ClientAddress(settings.trusted_proxies),
            Tracing(self._provider.get_tracer("gateway") if self._is_traced else None),
            Measurement(self._metrics, time.monotonic),
            AccessLog(self._log, time.monotonic),
            self._security,
            Cors(settings.cors_origins, settings.cors_max_age_seconds),
            problems,
            HeadLimits(settings.max_head_bytes),
        ]

    def _connect(self, server: HttpServer) -> Connection:
        settings = self._settings
        return Connection(
            server,
            refuse_unreadable=self._unreadable,
            limits=ConnectionLimits(
                head_seconds=settings.head_timeout_seconds,
                write_seconds=settings.write_timeout_seconds,
                max_seconds=settings.connection_max_seconds,
                max_requests=settings.connection_max_requests,
            ),
            keepalive_timeout=settings.keepalive_timeout_seconds,
            lingering_time=settings.body_timeout_seconds,
            max_line_size=_MAX_LINE_BYTES,
            max_field_size=_MAX_LINE_BYTES,
            max_headers=_MAX_HEADERS,
            access_log=None,
        )

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        failure = where(error) if isinstance(error, BaseException) else {}
        self._log.error("event loop", failure=failure)


def _new_id() -> str:
    return f"{random.getrandbits(128):032x}"


def _port(runner: web.ServerRunner | None) -> int:
    if runner is None or not runner.addresses:
        raise RuntimeError("the gateway does not listen")
    port: int = runner.addresses[0][1]
    return port
