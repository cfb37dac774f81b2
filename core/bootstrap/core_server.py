"""The process that serves gRPC: `python -m core serve`."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from core.bootstrap.dependencies import Dependencies, connect, watch
from core.bootstrap.foundation import Foundation, begin_tracing, tell_metrics
from core.bootstrap.geo import open_countries
from core.bootstrap.limits import connect_limits, rate_table
from core.bootstrap.listeners import start_listening
from core.bootstrap.startup import Startup
from core.bootstrap.use_cases import Crypto, assemble_use_cases, prepare_crypto
from core.bootstrap.worker_process import admitted
from core.config.service_identities import ServiceIdentity
from core.domain.access_token import PublicKey
from core.middleware.assembly import PipelineParts, build_pipeline
from core.middleware.deadline import DeadlineLimits
from core.middleware.origin import TrustedPeers
from core.middleware.pipeline import Pipeline
from core.middleware.rate_limit import RateParts
from core.observability.direct_log import direct_logger
from core.observability.health import HealthBoard
from core.observability.metrics import AuditMetrics, CallMetrics
from core.observability.tracing import Tracing
from core.service.use_cases import UseCases
from core.transport import server as grpc_server
from core.transport.health import HealthServicer
from core.transport.library_log import keep_headers_out_of_the_log
from core.transport.services import SERVICES

_COLLECTIONS: Final = (20_000, 20, 50)

_log = structlog.get_logger(__name__)


async def serve(foundation: Foundation, stopping: asyncio.Event) -> None:
    """Start in the documented order, serve until `stopping` is set, and end in reverse order.

    Raises:
        StartFailed: a step of the start failed; what had started has been taken down.
    """
    keep_headers_out_of_the_log()
    settings = foundation.settings
    audit_metrics = AuditMetrics(foundation.registry)
    async with Startup() as startup:
        dependencies = await connect(startup, foundation, on_commit=audit_metrics.count)
        tracing = await startup.step(
            "start tracing", begin_tracing(startup, foundation, process="core")
        )
        crypto = await startup.step(
            "prepare keys and hashing", prepare_crypto(startup, foundation, dependencies.secrets)
        )
        await startup.step(
            "open the metrics port",
            tell_metrics(startup, foundation, port=settings.core.metrics_port),
        )
        limits = connect_limits(startup, foundation, dependencies.secrets)
        use_cases = assemble_use_cases(
            foundation,
            dependencies.database,
            crypto,
            attempts=limits.attempts,
            countries=await startup.step("read the country file", open_countries(foundation)),
        )
        rates = RateParts(
            table=rate_table(settings.limits),
            shared=limits.shared_rates,
            local=limits.local_rates,
            digests=crypto.keyed_digests,
        )
        health = grpc_server.build_health()
        await startup.step(
            "start the gRPC server",
            _listen(
                startup,
                foundation,
                use_cases,
                _public_keys(crypto),
                _pipeline(foundation, use_cases, tracing, rates),
                health,
            ),
        )
        board = await startup.step(
            "register health checks", _watch(startup, foundation, dependencies, health)
        )
        _spare_the_collector()
        await admitted(foundation.worker, board, stopping)
        board.subscribe(health.set_serving)
        _log.info("serving_requests", serving=board.serving)
        await stopping.wait()
        _log.info("stopping")
        board.drain()


def _spare_the_collector() -> None:
    """Have the garbage collector look seldom, and never at what lives as long as the process.

    A call leaves hardly a circle behind, but many objects: to look after every 700 of them costs
    each call some per cent.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTIONS)


async def _listen(
    startup: Startup,
    foundation: Foundation,
    use_cases: UseCases,
    public_keys: Callable[[], Sequence[PublicKey]],
    pipeline: Pipeline,
    health: HealthServicer,
) -> None:
    settings = foundation.settings.core
    server = grpc_server.build_server(
        use_cases=use_cases,
        public_keys=public_keys,
        pipeline=pipeline,
        health=health,
        settings=settings,
        reuse_port=settings.reuse_port,
    )
    await start_listening(startup, foundation, server, pipeline, health)


def _pipeline(
    foundation: Foundation, use_cases: UseCases, tracing: Tracing, rates: RateParts
) -> Pipeline:
    settings = foundation.settings.core
    parts = PipelineParts(
        authenticator=use_cases.authentication,
        metrics=CallMetrics(foundation.registry),
        tracer=tracing.tracer("core.transport"),
        log=direct_logger("core.calls"),
        ids=foundation.ids,
        clock=foundation.clock,
        seconds=time.monotonic,
        trusted_peers=TrustedPeers.parse(settings.trusted_peers),
        deadlines=DeadlineLimits(
            default_seconds=settings.default_deadline_seconds,
            longest_seconds=settings.max_deadline_seconds,
        ),
        recent_authentication_seconds=foundation.settings.tokens.recent_authentication_seconds,
        rates=rates,
        idempotent_calls=use_cases.idempotency,
        service_identities=[
            ServiceIdentity.parse(text) for text in foundation.settings.services.identities
        ],
    )
    return build_pipeline(parts, SERVICES)


def _public_keys(crypto: Crypto) -> Callable[[], Sequence[PublicKey]]:
    return crypto.access_tokens.public_keys


async def _watch(
    startup: Startup, foundation: Foundation, dependencies: Dependencies, health: HealthServicer
) -> HealthBoard:
    board = watch(foundation, dependencies, on_dependency=health.set_dependency)
    await board.start()
    startup.on_end(board.stop)
    return board
