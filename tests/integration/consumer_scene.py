"""The consumer on real servers: people, a stream that another service fills, and replicas."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, LiteralString, Self
from uuid import UUID

import psycopg
from opentelemetry.trace import NoOpTracer, Tracer
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from core.domain.backoff import BackoffPolicy
from core.domain.ids import uuid7
from core.domain.ports.kyc_decisions import KycDecisions
from core.domain.user import NewUser, Role
from core.events.consume_spans import ConsumeSpans
from core.events.consumer import Consumer, ConsumerPolicy
from core.events.event_handling import EventHandling
from core.events.kyc_review_completed import kyc_review_completed
from core.events.payloads import encode
from core.events.subscriptions import Subscriptions
from core.observability.clock import SystemClock
from core.postgres.database import PostgresDatabase
from core.redis.connection import RedisCredentials, RedisEndpoint, open_client
from core.redis.dead_letters import RedisDeadLetters
from core.redis.event_source import RedisEventSource, SourceOptions
from core.service.kyc_decisions import KycDecisionIntake
from core.service.recording import Recorder
from tests.fakes.events import RecordingConsumerMetrics
from tests.integration.relay_scene import DEADLINE_SECONDS, LOOK_AGAIN_SECONDS, TRACE_ID
from tests.postgres_client import PERSONAL_TEXTS, login_of, options_of
from tests.servers import Database, Servers

GROUP = "pandora-user-service"
REVIEWER = "0190163d-8694-739b-aea5-00000000aaaa"

Decoration = Callable[[KycDecisions], KycDecisions]


class Ids:
    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock

    def new_id(self) -> UUID:
        return uuid7(self._clock.now(), os.urandom(10))


def decision(user_id: UUID | str, status: str = "verified", **changes: object) -> dict[str, Any]:
    """Return the envelope of a decision as the contract has it; `changes` go into the payload."""
    payload = {"user_id": str(user_id), "status": status, "reviewer_id": REVIEWER, **changes}
    return {
        "id": str(uuid7(SystemClock().now(), os.urandom(10))),
        "timestamp": "2026-03-14T12:00:00.000000Z",
        "trace_id": TRACE_ID,
        "event_type": "kyc.review.completed",
        "payload": payload,
    }


class ConsumerScene:
    """One database, one stream of the compliance service, and any number of consumers."""

    def __init__(self, servers: Servers, database: Database, stream: str) -> None:
        self.servers = servers
        self.database = database
        self.stream = stream
        self.dead_stream = f"{stream}.dead"
        self.clock = SystemClock()
        self.ids = Ids(self.clock)
        self.tracer: Tracer = NoOpTracer()
        self.claim_idle_seconds = 0.6
        self.forget_idle_seconds = 60.0
        self.max_deliveries = 4
        self.storage = PostgresDatabase(
            options_of(database.service_dsn),
            login_of(database.service_dsn),
            encode_event=encode,
            personal_texts=PERSONAL_TEXTS,
        )
        self.redis: BlockingRedis = BlockingRedis.from_url(
            servers.stack.valkey.url(), decode_responses=True, encoding_errors="surrogateescape"
        )

    async def __aenter__(self) -> Self:
        await self.storage.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.redis.close()
        await self.storage.close()

    async def people(self, count: int) -> Sequence[UUID]:
        """Make accounts whose KYC is pending, without events."""
        made = [self.ids.new_id() for _ in range(count)]
        async with self.storage.transaction() as unit:
            for user_id in made:
                await unit.users.create(
                    NewUser(
                        id=user_id,
                        email=f"{user_id}@pandora.example",
                        email_key=f"{user_id}@pandora.example",
                        full_name=None,
                        hashed_password="no password",
                        role=Role.USER,
                        created_at=self.clock.now(),
                    )
                )
            await unit.commit()
        return made

    def tell(self, *events: Mapping[str, Any] | str | bytes) -> None:
        """Append events as the compliance service does."""
        with self.redis.pipeline(transaction=False) as pipeline:
            for event in events:
                text = event if isinstance(event, str | bytes) else json.dumps(event)
                pipeline.xadd(self.stream, {"event": text})
            pipeline.execute()

    @asynccontextmanager
    async def open_consumer(
        self, name: str, decorate: Decoration = lambda decisions: decisions
    ) -> AsyncIterator[tuple[Consumer, RecordingConsumerMetrics]]:
        """Build a replica with connections of its own."""
        metrics = RecordingConsumerMetrics()
        intake = KycDecisionIntake(
            database=self.storage,
            recorder=Recorder(clock=self.clock, ids=self.ids),
            ids=self.ids,
        )
        client = self._open_client()
        try:
            yield (
                Consumer(
                    source=self._source(client, name),
                    letters=RedisDeadLetters(
                        client=client, stream=self.stream, timeout_seconds=1.0
                    ),
                    handling=EventHandling(
                        Subscriptions(GROUP, [kyc_review_completed(decorate(intake))]),
                        ConsumeSpans(
                            self.tracer,
                            is_kept=lambda _: True,
                            stream=self.stream,
                            group=GROUP,
                        ),
                    ),
                    policy=ConsumerPolicy(
                        claim_idle_seconds=self.claim_idle_seconds,
                        max_deliveries=self.max_deliveries,
                        backoff=BackoffPolicy(initial_seconds=0.02, max_seconds=0.2),
                    ),
                    metrics=metrics,
                    clock=self.clock,
                    monotonic=time.monotonic,
                    random=lambda: 0.5,
                ),
                metrics,
            )
        finally:
            await client.aclose()

    @asynccontextmanager
    async def open_source(self, name: str) -> AsyncIterator[RedisEventSource]:
        """Open the reading end alone."""
        client = self._open_client()
        try:
            yield self._source(client, name)
        finally:
            await client.aclose()

    @asynccontextmanager
    async def open_letters(self) -> AsyncIterator[RedisDeadLetters]:
        """Open the dead letters as an operator does."""
        client = self._open_client()
        try:
            yield RedisDeadLetters(client=client, stream=self.stream, timeout_seconds=1.0)
        finally:
            await client.aclose()

    @asynccontextmanager
    async def running(
        self, count: int = 1, decorate: Decoration = lambda decisions: decisions
    ) -> AsyncIterator[Sequence[RecordingConsumerMetrics]]:
        """Run replicas beside the block; at its end each stops as it does on SIGTERM."""
        stopping = asyncio.Event()
        async with AsyncExitStack() as opened:
            replicas = [
                await opened.enter_async_context(self.open_consumer(f"replica-{number}", decorate))
                for number in range(count)
            ]
            tasks = [asyncio.create_task(consumer.run(stopping)) for consumer, _ in replicas]
            try:
                yield [metrics for _, metrics in replicas]
            finally:
                stopping.set()
                await asyncio.wait_for(asyncio.gather(*tasks), DEADLINE_SECONDS)

    async def settled(self) -> None:
        """Wait until the group has read everything and holds nothing."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not self.is_settled():  # noqa: ASYNC110 - others bring it about
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def is_settled(self) -> bool:
        groups: Any = self.redis.xinfo_groups(self.stream) if self.redis.exists(self.stream) else []
        return any(
            group["name"] == GROUP and group["pending"] == 0 and group["lag"] == 0
            for group in groups
        )

    def pending(self) -> int:
        """Return how many entries replicas hold."""
        groups: Any = self.redis.xinfo_groups(self.stream) if self.redis.exists(self.stream) else []
        return sum(int(group["pending"]) for group in groups)

    def consumers(self) -> set[str]:
        """Return the names of the replicas that the group knows."""
        found: Any = self.redis.xinfo_consumers(self.stream, GROUP)
        return {consumer["name"] for consumer in found}

    def letters(self) -> Sequence[Mapping[str, str]]:
        """Return the dead letters' fields, the oldest first."""
        raw: Any = self.redis.xrange(self.dead_stream)
        return [fields for _, fields in raw]

    def rows(self, statement: LiteralString, *params: object) -> Sequence[tuple[Any, ...]]:
        """Ask the database as a superuser."""
        with psycopg.connect(self.database.admin_dsn) as connection:
            return connection.execute(statement, params).fetchall()

    def effects(self, *people: UUID) -> set[tuple[int, int]]:
        """Return how many rows, of how many people, each kind of effect has left."""
        statements: tuple[LiteralString, ...] = (
            "SELECT count(*), count(DISTINCT user_id) FROM kyc_reviews WHERE user_id = ANY(%s)",
            "SELECT count(*), count(DISTINCT user_id) FROM audit_events WHERE user_id = ANY(%s)",
            "SELECT count(*), count(DISTINCT user_id) FROM outbox WHERE user_id = ANY(%s)",
        )
        return {self.rows(statement, list(people))[0] for statement in statements}

    def status(self, user_id: UUID) -> str:
        """Return where a person's KYC stands."""
        ((status,),) = self.rows("SELECT kyc_status FROM users WHERE id = %s", user_id)
        return str(status)

    def _source(self, client: Redis, name: str) -> RedisEventSource:
        options = SourceOptions(
            stream=self.stream,
            group=GROUP,
            consumer=name,
            batch_size=20,
            block_seconds=0.05,
            claim_idle_seconds=self.claim_idle_seconds,
            forget_idle_seconds=self.forget_idle_seconds,
            timeout_seconds=1.0,
        )
        return RedisEventSource(client, options)

    def _open_client(self) -> Redis:
        login = self.servers.access.redis

        async def credentials() -> RedisCredentials:
            return RedisCredentials(username=login.username, password=login.password)

        endpoint = RedisEndpoint(
            host="127.0.0.1",
            port=self.servers.stack.valkey.port,
            connect_timeout_seconds=0.5,
            command_timeout_seconds=0.5,
        )
        return open_client(endpoint, credentials, decoding_errors="surrogateescape")
