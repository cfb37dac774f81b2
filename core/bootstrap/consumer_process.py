"""The process that handles what other services tell: `python -m core consume`."""

import asyncio
import random
import socket
import time

import structlog
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from core.bootstrap.dependencies import open_database
from core.bootstrap.foundation import (
    Foundation,
    begin_tracing,
    read_secrets,
    redis_endpoint,
    redis_login,
    tell_metrics,
)
from core.bootstrap.startup import Startup
from core.domain.ports.unit_of_work import Database
from core.events.consume_spans import ConsumeSpans
from core.events.consumer import Consumer, ConsumerPolicy
from core.events.event_handling import EventHandling
from core.events.kyc_review_completed import kyc_review_completed
from core.events.subscriptions import Subscriptions
from core.observability.consumer_metrics import ConsumerMetrics
from core.observability.metrics import AuditMetrics
from core.observability.tracing import Tracing
from core.redis.connection import open_client
from core.redis.dead_letters import RedisDeadLetters
from core.redis.event_source import RedisEventSource, SourceOptions
from core.service.kyc_decisions import KycDecisionIntake
from core.service.recording import Recorder
from core.vault.refresher import SecretRefresher

_log = structlog.get_logger(__name__)


async def consume(foundation: Foundation, stopping: asyncio.Event) -> None:
    """Start, handle events until `stopping` is set, and end. Redis may be away, also at the start.

    Raises:
        StartFailed: a step of the start failed; what had started has been taken down.
    """
    settings = foundation.settings
    audit_metrics = AuditMetrics(foundation.registry)
    async with Startup() as startup:
        _, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        database = await startup.step(
            "connect PostgreSQL",
            open_database(
                startup, foundation, secrets, on_commit=audit_metrics.count, process="consumer"
            ),
        )
        tracing = await startup.step(
            "start tracing", begin_tracing(startup, foundation, process="consumer")
        )
        await startup.step(
            "open the metrics port",
            tell_metrics(startup, foundation, port=settings.consumer.metrics_port),
        )
        consumer = _assemble(startup, foundation, secrets, database, tracing)
        _log.info("consuming", stream=settings.consumer.stream, group=settings.consumer.group)
        await consumer.run(stopping)
        _log.info("stopping")


def _assemble(
    startup: Startup,
    foundation: Foundation,
    secrets: SecretRefresher,
    database: Database,
    tracing: Tracing,
) -> Consumer:
    settings = foundation.settings.consumer
    endpoint = redis_endpoint(foundation.settings)
    client = open_client(endpoint, redis_login(secrets), decoding_errors="surrogateescape")
    startup.on_end(client.aclose)
    timeout_seconds = endpoint.total_timeout_seconds
    decisions = KycDecisionIntake(
        database=database,
        recorder=Recorder(clock=foundation.clock, ids=foundation.ids),
        ids=foundation.ids,
    )
    return Consumer(
        source=RedisEventSource(
            client,
            SourceOptions(
                stream=settings.stream,
                group=settings.group,
                # Of its own for each run: what a former one left is taken over, not inherited.
                consumer=f"{socket.gethostname()}.{foundation.ids.new_id()}",
                batch_size=settings.batch_size,
                block_seconds=settings.block_seconds,
                claim_idle_seconds=settings.claim_idle_seconds,
                forget_idle_seconds=settings.forget_idle_seconds,
                timeout_seconds=timeout_seconds,
            ),
        ),
        letters=RedisDeadLetters(
            client=client, stream=settings.stream, timeout_seconds=timeout_seconds
        ),
        handling=EventHandling(
            Subscriptions(settings.group, [kyc_review_completed(decisions)]),
            _spans(foundation, tracing),
        ),
        policy=ConsumerPolicy(
            claim_idle_seconds=settings.claim_idle_seconds,
            max_deliveries=settings.max_deliveries,
        ),
        metrics=ConsumerMetrics(foundation.registry),
        clock=foundation.clock,
        monotonic=time.monotonic,
        random=random.random,
    )


def _spans(foundation: Foundation, tracing: Tracing) -> ConsumeSpans:
    settings = foundation.settings
    sampler = TraceIdRatioBased(settings.telemetry.sampling_ratio)

    def is_kept(trace_id: int) -> bool:
        decision = sampler.should_sample(None, trace_id, "").decision
        return decision is Decision.RECORD_AND_SAMPLE

    return ConsumeSpans(
        tracing.tracer("core.events"),
        is_kept=is_kept,
        stream=settings.consumer.stream,
        group=settings.consumer.group,
    )
