"""The process that carries events from the outbox to Redis: `python -m core relay`."""

import asyncio
import random
import time

import structlog

from core.bootstrap.database_kind import require_fitting
from core.bootstrap.foundation import (
    Foundation,
    begin_tracing,
    postgres_options,
    read_secrets,
    redis_endpoint,
    redis_login,
    tell_metrics,
)
from core.bootstrap.postgres_logins import service_login
from core.bootstrap.startup import Startup
from core.events.publish_spans import PublishSpans
from core.events.relay import Relay, RelayPolicy
from core.events.stream_care import StreamCare, StreamCarePolicy
from core.observability.relay_metrics import RelayMetrics
from core.observability.standard_gauges import watch_postgres_pool
from core.observability.tracing import Tracing
from core.postgres.outbox_queue import PostgresOutboxQueue
from core.postgres.pool import Pool
from core.postgres.pooled_database import PooledDatabase
from core.postgres.published_events import PostgresPublishedEvents
from core.redis.connection import open_client
from core.redis.event_stream import RedisEventStream
from core.redis.stream_upkeep import RedisStreamUpkeep
from core.vault.refresher import SecretRefresher

_log = structlog.get_logger(__name__)


async def relay(foundation: Foundation, stopping: asyncio.Event) -> None:
    """Start, relay until `stopping` is set, and end. Redis may be away, also at the start.

    Raises:
        StartFailed: a step of the start failed; what had started has been taken down.
    """
    settings = foundation.settings
    async with Startup() as startup:
        _, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        pool = await startup.step("connect PostgreSQL", _open_pool(startup, foundation, secrets))
        tracing = await startup.step(
            "start tracing", begin_tracing(startup, foundation, process="relay")
        )
        await startup.step(
            "open the metrics port",
            tell_metrics(startup, foundation, port=settings.relay.metrics_port),
        )
        work = _assemble(startup, foundation, secrets, pool, tracing)
        _log.info("relaying", stream=settings.redis.event_stream)
        await work.run(stopping)
        _log.info("stopping")


async def _open_pool(startup: Startup, foundation: Foundation, secrets: SecretRefresher) -> Pool:
    options = postgres_options(foundation.settings.postgres, process="relay")
    login = await service_login(startup, foundation, secrets)
    pool = Pool(options, login.source)
    startup.on_end(pool.close)
    await pool.open()
    await require_fitting(foundation, PooledDatabase(pool))
    login.follow(pool.renew)
    watch_postgres_pool(foundation.live, pool.measures)
    return pool


def _assemble(
    startup: Startup,
    foundation: Foundation,
    secrets: SecretRefresher,
    pool: Pool,
    tracing: Tracing,
) -> Relay:
    settings = foundation.settings
    endpoint, stream = redis_endpoint(settings), settings.redis.event_stream
    client = open_client(endpoint, redis_login(secrets))
    startup.on_end(client.aclose)
    metrics = RelayMetrics(foundation.registry)
    return Relay(
        queue=PostgresOutboxQueue(pool),
        stream=RedisEventStream(
            client=client,
            stream=stream,
            timeout_seconds=endpoint.total_timeout_seconds,
            max_length=settings.relay.stream_max_length,
        ),
        care=StreamCare(
            published=PostgresPublishedEvents(pool),
            stream=RedisStreamUpkeep(
                client=client, stream=stream, timeout_seconds=endpoint.total_timeout_seconds
            ),
            policy=StreamCarePolicy(
                max_length=settings.relay.stream_max_length,
                check_interval_seconds=settings.relay.check_interval_seconds,
            ),
            metrics=metrics,
            clock=foundation.clock,
            monotonic=time.monotonic,
        ),
        policy=RelayPolicy(
            batch_size=settings.relay.batch_size,
            poll_interval_seconds=settings.relay.poll_interval_seconds,
            backlog_interval_seconds=settings.relay.backlog_interval_seconds,
        ),
        metrics=metrics,
        spans=PublishSpans(tracing.tracer("core.events"), stream=stream),
        clock=foundation.clock,
        monotonic=time.monotonic,
        random=random.random,
    )
